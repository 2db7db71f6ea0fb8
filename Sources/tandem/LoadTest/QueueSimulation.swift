/// What the best possible daemon would have made of a run's arrivals: one queue, so many servers,
/// first come first served, and each request takes what the run's requests took.
enum QueueSimulation {
    /// Latencies of the arrivals of a run.
    ///
    /// - Parameters:
    ///   - arrivals: When each was due and sent, ascending, and its kind; a latency counts from when
    ///     it was due, as in the run.
    ///   - servers: How many work at once; at least 1.
    ///   - service: What a request of a kind takes, in nanoseconds.
    /// - Returns: All kinds together.
    static func latencies(
        _ arrivals: [LoadRun.Arrival], servers: Int, service: (_ kind: Int) -> UInt64
    ) -> LatencyHistogram {
        var free = [UInt64](repeating: 0, count: servers)
        var histogram = LatencyHistogram()
        for arrival in arrivals {
            var first = 0
            for index in free.indices where free[index] < free[first] { first = index }
            free[first] = max(free[first], arrival.sent) + service(arrival.kind)
            histogram.add(free[first] - arrival.due)
        }
        return histogram
    }
}
