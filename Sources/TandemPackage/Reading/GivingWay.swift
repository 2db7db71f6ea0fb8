internal import CTandemSystem
internal import Glibc

// Design: a thread that gives way sleeps for 2 ms after each 0.06 ms while requests are served, and
// for 0.06 ms while there are none.
//
// SCHED_IDLE alone does not let others go first. Since Linux 6.6 a thread that wakes has its turn
// only once the one that runs has had its share, counted from before it slept, and beside a thread
// under SCHED_IDLE that counts 340 times: a loop that had worked for 0.1 ms waited for up to 4 ms
// (as traced: the scheduler was called as the loop woke, and chose the loader). Yielding did not
// help; what sleeps is in nobody's way. It does so in the handler of a timer's signal, so that no
// code that it runs, be it a decompressor, a compiler of plans or a model's warm-up, needs to know;
// only system calls must be short, since as long as one of them is what a loop waits.
//
// Turns are short because a request may come in each of them. Pauses are long because, where two
// processors are threads of one core, whatever runs on one slows the other down, whatever its
// priority: one program that did nothing but compute for 0.07 of each 0.12 ms raised the p99 of a
// model served beside it by 1.17, one that copied memory by 1.35. What a load takes, it takes from
// somebody: with pauses of 0.15 ms the p99 rose by 1.5, of 0.5 ms by 1.39, of 1 ms by 1.10, and with
// these by 0.77 to 0.99 beside another model's reload and by 0.96 to 1.09 beside its own. So a load
// beside constant requests gets at most three hundredths of each core (1 GiB took 44 s on two of
// them), and one beside none half of them (4.2 s).

/// Letting others in, on threads under SCHED_IDLE.
package enum GivingWay {
    private static let turnNanoseconds: UInt64 = 60_000
    private static let idlePauseNanoseconds: UInt64 = 60_000
    /// How long it sleeps after a turn if requests were served since the one before.
    static let busyPauseNanoseconds: UInt64 = 2_000_000

    /// Whether the calling thread is one that gives way.
    package static var isOn: Bool { tandemsys_has_idle_scheduling(0) }

    /// Runs something, and if the calling thread runs under SCHED_IDLE lets others in all the while.
    package static func during<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // Without a timer the thread gives way a few milliseconds later.
        let isPausing =
            isOn
            && tandemsys_begin_pausing(
                turnNanoseconds, idlePauseNanoseconds, busyPauseNanoseconds) == 0
        defer { if isPausing { tandemsys_end_pausing() } }
        return try body()
    }
}
