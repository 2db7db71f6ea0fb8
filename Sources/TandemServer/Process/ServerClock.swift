internal import CTandemSystem
internal import Glibc

/// The clocks of the daemon.
enum ServerClock {
    /// CLOCK_REALTIME less CLOCK_MONOTONIC in nanoseconds, now.
    static var unixOffset: UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let unix = UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
        return unix &- tandemsys_monotonic_ns()
    }
}
