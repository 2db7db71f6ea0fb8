internal import CTandemSystem

// Design: a thread that gives way sleeps for a moment after each piece of work.
//
// SCHED_IDLE alone does not let others go first. Since Linux 6.6 a thread that wakes is owed its turn
// only once the one that runs has had its share, which is counted from before it slept; beside a
// thread under SCHED_IDLE that counts 340 times, and a loop that had worked for 0.1 ms waited for the
// next tick of the clock, 4 ms, as traced (the scheduler was called at once and chose the loader
// again). What sleeps is in nobody's way. So no piece takes longer than some 0.1 ms, and the pause
// behind it lets in whoever waits.

/// Pauses between pieces of work, on threads under SCHED_IDLE only.
package struct GivingWay: Sendable {
    /// Bytes of a piece that is decoded or copied.
    static let pieceBytes = 64 << 10
    /// Nanoseconds of a pause.
    private static let pauseNanoseconds: UInt64 = 50_000

    /// Whether the thread that made this gives way.
    package let isOn: Bool

    /// Asks how the calling thread is scheduled.
    package init() {
        isOn = tandemsys_has_idle_scheduling()
        if isOn { tandemsys_use_precise_timeouts() }
    }

    /// A piece is done.
    package func pause() { if isOn { tandemsys_sleep(Self.pauseNanoseconds) } }
}
