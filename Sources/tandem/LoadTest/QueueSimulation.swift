/// What the best possible daemon would have made of a run's arrivals: one queue, so many servers,
/// first come first served, and each request takes what it takes alone.
enum QueueSimulation {
    /// Latencies of the arrivals of a run.
    ///
    /// - Parameters:
    ///   - arrivals: When each came, ascending, and its kind.
    ///   - alone: By kind, what requests took with nothing else to do, in nanoseconds; not empty.
    ///   - servers: How many work at once; at least 1.
    ///   - random: Draws from `alone`.
    /// - Returns: All kinds together.
    static func latencies(
        _ arrivals: [(time: UInt64, kind: Int)], alone: [[UInt64]], servers: Int,
        _ random: inout some RandomNumberGenerator
    ) -> LatencyHistogram {
        var free = [UInt64](repeating: 0, count: servers)
        var histogram = LatencyHistogram()
        for (time, kind) in arrivals {
            guard let work = alone[kind].randomElement(using: &random) else { continue }
            var first = 0
            for index in free.indices where free[index] < free[first] { first = index }
            free[first] = max(free[first], time) + work
            histogram.add(free[first] - time)
        }
        return histogram
    }
}
