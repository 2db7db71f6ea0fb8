import Glibc

// Design: what a model holds for as long as it serves is mapped, each block by itself.
//
// glibc maps large blocks at first, and puts later ones into its heaps, because it raises its
// threshold to the largest mapped block that was ever freed. There a version's workspaces lie
// between small blocks that live longer, and what is left of the heaps when it goes depends on
// chance: over 500 reloads of one model anonymous memory went to and fro between 7.4 and 10.3 MB,
// of which 2.3 were in use; it stays at 2.9 with what is mapped here. A threshold that stays
// (M_MMAP_THRESHOLD) does as much, but the buffers of requests of several MiB then fault all their
// pages in again each time, 0.8 ms for 2 MiB.

/// Memory that holds tensor elements: aligned to 64 bytes, and not written once it is shared.
///
/// Whoever makes it fills it before handing it on. That promise, not the compiler, makes it safe to
/// share between threads.
package final class TensorStorage: @unchecked Sendable {
    /// The alignment of every tensor's first byte: a cache line, and the widest vector.
    package static let alignment = 64

    /// First byte, aligned to `alignment`.
    package let base: UnsafeMutableRawPointer
    /// Bytes that may be used.
    package let byteCount: Int
    private let release: @Sendable (UnsafeMutableRawPointer, Int) -> Void

    /// Takes zeroed memory from the heap.
    ///
    /// - Precondition: `byteCount` is 0 or more and can be had.
    package convenience init(byteCount: Int) {
        guard let memory = Self.memory(byteCount) else {
            preconditionFailure("no memory for a tensor of \(byteCount) bytes")
        }
        self.init(base: memory, byteCount: byteCount) { pointer, _ in free(pointer) }
    }

    /// Takes zeroed memory from the heap, or is nil where none can be had.
    ///
    /// For what a model on disk asks for, which may be more than there is.
    package convenience init?(ifPossible byteCount: Int) {
        guard let memory = Self.memory(byteCount) else { return nil }
        self.init(base: memory, byteCount: byteCount) { pointer, _ in free(pointer) }
    }

    /// Takes zeroed memory for long, or is nil where none can be had.
    ///
    /// From 128 KiB on it is mapped, and goes back to the system with the storage; its pages are
    /// first touched by whoever writes them. It is nil too where little more could be had: what
    /// Swift takes for itself, an array or an object, ends the process if there is none.
    package convenience init?(lasting byteCount: Int) {
        guard byteCount >= Self.mappedByteCountMin else {
            self.init(ifPossible: byteCount)
            return
        }
        let (size, isTooMuch) = byteCount.addingReportingOverflow(Self.headroomByteCount)
        guard !isTooMuch, let memory = Self.map(size) else { return nil }
        // From a page's start, as munmap wants it; the last page of the block stays whole.
        let page = Int(getpagesize())
        let end = (byteCount + page - 1) / page * page
        munmap(memory + end, size - end)
        self.init(base: memory, byteCount: byteCount) { munmap($0, $1) }
    }

    /// Whether so many bytes could be had now, in one piece; they are not kept.
    package static func canMap(_ byteCount: Int) -> Bool {
        guard let memory = map(byteCount) else { return false }
        munmap(memory, byteCount)
        return true
    }

    /// Bytes that must be left beside a lasting block: what a load takes in small pieces.
    ///
    /// A multiple of a huge page, so that the block lies as it would without.
    private static let headroomByteCount = 16 << 20
    private static let mappedByteCountMin = 128 << 10

    private static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        let memory = mmap(
            nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        return memory == MAP_FAILED ? nil : memory
    }

    private static func memory(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        var memory: UnsafeMutableRawPointer?
        let size = max(byteCount, alignment)
        guard posix_memalign(&memory, alignment, size) == 0, let memory else { return nil }
        memset(memory, 0, size)
        return memory
    }

    /// Adopts memory that somebody else made, and the way to give it back.
    ///
    /// - Precondition: `base` is aligned to 64 bytes and `byteCount` bytes long.
    package init(
        base: UnsafeMutableRawPointer, byteCount: Int,
        release: @escaping @Sendable (UnsafeMutableRawPointer, Int) -> Void
    ) {
        precondition(Int(bitPattern: base) % Self.alignment == 0, "tensor memory is not aligned")
        self.base = base
        self.byteCount = byteCount
        self.release = release
    }

    deinit { release(base, byteCount) }
}
