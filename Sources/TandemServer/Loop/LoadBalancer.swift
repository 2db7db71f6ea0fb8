// Design: connections go where there is time for them.
//
// A connection is given to the loop with the fewest when it is made, but what it will ask is not
// known then. So each loop measures what share of the time it works, tells the others, and once a
// window looks whether another has so much more time to spare that giving it one connection makes
// the busier of the two less busy. Nothing is moved that has a request under way.
//
// The rule against to and fro: the difference must be more than one connection's share, or moving it
// would only change places.

/// How busy a loop is, by windows of time, and whether it should give a connection away.
package struct LoadBalancer: Equatable, Sendable {
    /// Nanoseconds of a window.
    package static let windowNanoseconds: UInt64 = 100_000_000
    /// Thousandths of a window that a loop must work before it gives anything away.
    package static let busyEnough = 500
    /// Thousandths that the difference must be more than one connection's share.
    package static let margin = 100

    /// Counts windows; what is marked with it was active in this one.
    package private(set) var window: UInt32 = 1
    /// Connections that asked something in this window.
    package private(set) var activeCount = 0
    private var start: UInt64 = 0
    private var busy: UInt64 = 0
    private var resumedAt: UInt64 = 0

    /// A loop that has not run yet.
    package init() {}

    /// The loop has nothing to do.
    package mutating func pause(at now: UInt64) {
        if resumedAt > 0 { busy &+= now &- resumedAt }
        resumedAt = 0
    }

    /// The loop has something to do.
    package mutating func resume(at now: UInt64) {
        resumedAt = now
        if start == 0 { start = now }
    }

    /// A connection asked something.
    ///
    /// - Parameter activeWindow: The connection's mark; moved to this window.
    package mutating func note(_ activeWindow: inout UInt32) {
        guard activeWindow != window else { return }
        activeWindow = window
        activeCount += 1
    }

    /// Ends the window if its time is over.
    ///
    /// - Returns: Thousandths of it that the loop worked, and how many connections were active in
    ///   it; nil while it goes on.
    package mutating func endWindow(at now: UInt64) -> (load: Int, activeCount: Int)? {
        guard start > 0, now &- start >= Self.windowNanoseconds else { return nil }
        if resumedAt > 0 {
            busy &+= now &- resumedAt
            resumedAt = now
        }
        let load = Int(min(busy / 1_000 &* 1_000_000 / (now &- start), 1_000))
        let ended = (load, activeCount)
        start = now
        busy = 0
        activeCount = 0
        window &+= 1
        return ended
    }

    /// Whether a loop so busy should give one of its connections to another.
    package static func shouldMove(load: Int, activeCount: Int, to other: Int) -> Bool {
        guard load >= busyEnough, activeCount > 1 else { return false }
        return load - other > load / activeCount + margin
    }
}
