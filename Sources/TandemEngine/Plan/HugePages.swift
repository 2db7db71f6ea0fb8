import Glibc

// Design: a look-up is a cache miss; let it not be a page walk too.
//
// Rows of a large table lie on as many pages as there are look-ups, and a page of 4 KiB that is not
// in the TLB costs a walk besides the miss. Private memory can have pages of 2 MiB where the system
// grants them on request (`transparent_hugepage` is `madvise` or `always`). Sealed memory that
// processes share does not get them here; the hint is refused then, and nothing changes.

/// Asks the system for large pages.
enum HugePages {
    private static let pageBytes = 2 << 20
    /// MADV_COLLAPSE of Linux 6.1, which C libraries do not name yet: now, and not when the kernel
    /// finds the time.
    private static let collapse: CInt = 25

    /// Asks for large pages under the whole ones of a range; what is refused stays as it is.
    static func ask(_ base: UnsafeRawPointer, byteCount: Int) {
        let address = UInt(bitPattern: base)
        let mask = UInt(pageBytes - 1)
        let first = (address + mask) & ~mask
        let last = (address + UInt(byteCount)) & ~mask
        guard last > first, let start = UnsafeMutableRawPointer(bitPattern: first) else { return }
        _ = madvise(start, Int(last - first), MADV_HUGEPAGE)
        _ = madvise(start, Int(last - first), collapse)
    }
}
