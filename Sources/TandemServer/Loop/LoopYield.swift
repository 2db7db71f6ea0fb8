// Design: a busy loop yields, because nobody takes its core away in time.
//
// Its clients run on the same cores. One that wakes up when it had more than its share of late is not
// let in at once, and then waits until the loop sleeps or yields, or for the next tick, 4 ms (Linux
// 6.18: a wake-up preempts only for a thread that is owed time, and looks at that once). At twice the
// capacity the load test sent 1.6 ms late at the 99th percentile without yields and 0.3 ms with one
// every 0.25 ms between turns. With one every 0.1 ms also within requests, between two slices of a
// block, it sends 0.2 ms late where 64 rows take 0.25 ms, and refusals come within 0.83 ms instead of
// 1.0. (With one every 50 us that is 0.13 ms and 0.80 ms, but 1 % of all time goes into yields, 0.5 us
// each.)
//
// A yield gives away the rest of the time slice, so those are of 0.1 ms, the least there is: beside a
// thread that never sleeps a loop is left 0.25 of each 0.6 ms and not 0.25 of 2. Yielding after every
// turn instead is no better, and at 40 % of capacity some runs fell 50 to 400 ms behind. Between
// slices of large calls it is every 40 us, for the small calls' sake: with 0.25 ms they took 0.5 ms
// at the 99th percentile beside blocks of 16 rows, with 0.1 ms 0.37 and with this 0.33.

/// After how many nanoseconds of work a loop's thread lets others have its core.
enum LoopYield {
    /// Between two turns over the sockets.
    static var betweenTurns: UInt64 { 250_000 }
    /// Between two turns while slices of large calls are computed.
    static var betweenSlices: UInt64 { 40_000 }
    /// Within a turn, between two slices of a block.
    static var withinTurn: UInt64 { 100_000 }
}
