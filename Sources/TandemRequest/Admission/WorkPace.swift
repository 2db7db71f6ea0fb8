/// How much longer waiting takes on the clock than the work ahead is expected to take.
///
/// Between two calls a loop reads, refuses and sends, other threads may have its core, and the
/// estimates may be off. While calls wait, all of that shows as the time from one finished call to
/// the next over the work that was expected: a wait is foretold by the work ahead times this.
///
/// A mean over the last dozens of calls, weighted by their work.
package struct WorkPace: Equatable, Sendable {
    /// Calls after which what was seen counts for a third.
    private static let memory = 64.0
    /// How many times what was expected a single call counts at most: a stall of the machine says
    /// little about the next calls.
    private static let outlier = 16.0

    private var expected = 0.0
    private var elapsed = 0.0
    private var mark: UInt64 = 0

    /// Nothing was seen: waits take what the work takes.
    package init() {}

    /// From now on calls wait; before, none did.
    package mutating func begin(at now: UInt64) { mark = now }

    /// A call was finished that was expected to take so many nanoseconds; calls waited since
    /// `begin` or the last one.
    package mutating func finish(work: UInt64, at now: UInt64) {
        let work = Double(work)
        let kept = 1 - 1 / Self.memory
        expected = expected * kept + work
        elapsed = elapsed * kept + min(Double(now &- mark), work * Self.outlier)
        mark = now
    }

    /// Nanoseconds on the clock until so many nanoseconds of work are done; `.max` if beyond.
    package func wait(for work: UInt64) -> UInt64 {
        guard expected > 0, elapsed > expected else { return work }
        let wait = Double(work) * (elapsed / expected)
        return wait < 0x1p63 ? UInt64(wait) : .max
    }
}
