internal import Glibc
internal import Synchronization

// Design: tables lie on pages of 2 MiB where the system has them at hand.
//
// A look-up in a large table is a cache miss, and with pages of 4 KiB also a page walk, whose own
// entries come from memory once a model's weights have driven them out of the caches: 40 look-ups
// of 80 lines took 1.3 to 2.8 us, and 0.6 to 0.9 from huge pages.
//
// Shared memory gets none by being touched, nor by MADV_HUGEPAGE, unless the administrator says so
// (`shmem_enabled`). But MADV_COLLAPSE of Linux 6.1 makes one of any 2 MiB of a memfd, where it is
// mapped at an address that is a multiple of as much, and every later mapping at such an address
// has it too. It is asked for before the memory is filled: then it clears a page and copies none,
// and what follows is cheaper than page by page: 64 MiB were made, written and populated in 11 ms
// instead of 33, and in 40 when they were collapsed once they were full.
//
// Where free memory is in small pieces, the system moves other pages out of the way, which took
// 6.5 ms a page. So after four in a row that took long nothing is asked for during a second: what
// is loaded then has small pages, as on systems that refuse, and no load gets much slower. A kernel
// that is not preemptible also keeps the core for all that time, from a thread under SCHED_IDLE too:
// beside serving the first page that takes a third of a millisecond is the last for a minute (as
// traced, loops waited for up to 5 ms, and the p99 beside reloads was 2.8 ms instead of 0.4).

/// Pages of 2 MiB under the memory of shards.
enum HugePages {
    static let byteCount = 2 << 20

    /// How much making room for pages may cost before nothing is asked for during a while.
    private struct Patience {
        /// Longer than clearing a page takes, and shorter than making room for one; of the thread's
        /// own time, which a busy machine does not stretch.
        var nanosecondsMax: Int64
        /// Pages in a row that took longer.
        var slowCountMax: Int
        var pauseNanoseconds: Int64

        static let alone = Patience(
            nanosecondsMax: 1_000_000, slowCountMax: 4, pauseNanoseconds: 1_000_000_000)
        static let besideServing = Patience(
            nanosecondsMax: 300_000, slowCountMax: 1, pauseNanoseconds: 60_000_000_000)
    }

    /// Pages that took long, one after the other; any thread may have asked.
    private static let slowCount = Atomic<Int>(0)
    /// Until when nothing is asked for, by the monotonic clock.
    private static let pauseEnd = Atomic<Int64>(0)
    /// MADV_COLLAPSE, which C libraries do not name yet.
    private static let collapse: CInt = 25

    /// How much of a shard's memory is to be huge pages: all of it, rounded up, where that wastes
    /// less than a sixteenth, and otherwise what whole ones fit.
    static func span(rawByteCount: Int) -> Int {
        let rest = rawByteCount % byteCount
        let waste = rest == 0 ? 0 : byteCount - rest
        return rawByteCount - rest + (rest > 0 && waste <= rawByteCount / 16 ? byteCount : 0)
    }

    /// Asks for huge pages under the beginning of a memfd that is empty.
    ///
    /// - Parameters:
    ///   - span: A multiple of a huge page that the file has.
    ///   - descriptor: The memfd, not sealed yet.
    static func prepare(span: Int, of descriptor: Int32) {
        guard span > 0, let base = addresses(span) else { return }
        defer { munmap(base, span) }
        let mapped = mmap(base, span, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor, 0)
        guard mapped != MAP_FAILED else { return }
        let patience = GivingWay.isOn ? Patience.besideServing : .alone
        for offset in stride(from: 0, to: span, by: byteCount) {
            let start = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
            // A range without any page is refused.
            var zero: UInt8 = 0
            guard nanoseconds(CLOCK_MONOTONIC) >= pauseEnd.load(ordering: .relaxed),
                pwrite(descriptor, &zero, 1, off_t(offset)) == 1,
                madvise(base + offset, byteCount, collapse) == 0
            else { return }
            note(nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start, patience)
        }
    }

    private static func note(_ taken: Int64, _ patience: Patience) {
        if taken <= patience.nanosecondsMax {
            slowCount.store(0, ordering: .relaxed)
        } else if slowCount.add(1, ordering: .relaxed).newValue >= patience.slowCountMax {
            pauseEnd.store(
                nanoseconds(CLOCK_MONOTONIC) + patience.pauseNanoseconds, ordering: .relaxed)
        }
    }

    /// Takes addresses without memory, aligned to huge pages where one fits.
    ///
    /// - Parameter size: Bytes, a multiple of a page.
    /// - Returns: The first, or nil where there are none.
    static func addresses(_ size: Int) -> UnsafeMutableRawPointer? {
        let slack = size >= byteCount ? byteCount : 0
        let base = mmap(
            nil, size + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let base, base != MAP_FAILED else { return nil }
        guard slack > 0 else { return base }
        let head = (byteCount - Int(bitPattern: base) % byteCount) % byteCount
        if head > 0 { munmap(base, head) }
        munmap(base + head + size, slack - head)
        return base + head
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
