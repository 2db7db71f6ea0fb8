internal import CTandemSystem
internal import Glibc

// Design: a thread that gives way sleeps for 0.15 ms after each 0.06 ms.
//
// SCHED_IDLE alone does not let others go first. Since Linux 6.6 a thread that wakes has its turn
// only once the one that runs has had its share, counted from before it slept, and beside a thread
// under SCHED_IDLE that counts 340 times: a loop that had worked for 0.1 ms waited for up to 4 ms
// (as traced: the scheduler was called as the loop woke, and chose the loader). Yielding did not
// help; what sleeps is in nobody's way. It does so in the handler of a timer's signal, so that no
// code that it runs, be it a decompressor, a compiler of plans or a model's warm-up, needs to know;
// only system calls must be short, since as long as one of them is what a loop waits.
//
// Where two processors are threads of one core, whatever runs on one slows the other down. A
// program that did nothing but copy memory for 0.07 of each 0.12 ms, under SCHED_IDLE, raised the p99
// of a model served beside it by 1.35 (only computing, by 1.17), as a load did with such turns. So
// turns are short and pauses long. That shortened the p99.9 beside reloads, from 4.9 to 1.7 ms in one
// comparison; the p99 is still 1.4 to 1.55 of that without them.

/// Letting others in, on threads under SCHED_IDLE.
package enum GivingWay {
    private static let turnNanoseconds: UInt64 = 60_000
    private static let pauseNanoseconds: UInt64 = 150_000

    /// Whether the calling thread is one that gives way.
    package static var isOn: Bool { tandemsys_has_idle_scheduling(0) }

    /// Runs something, and if the calling thread runs under SCHED_IDLE lets others in all the while.
    package static func during<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // Without a timer the thread gives way a few milliseconds later.
        let isPausing = isOn && tandemsys_begin_pausing(turnNanoseconds, pauseNanoseconds) == 0
        defer { if isPausing { tandemsys_end_pausing() } }
        return try body()
    }
}
