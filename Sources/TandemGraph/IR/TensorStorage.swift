import Glibc

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

    /// Takes memory from the heap for somebody who writes all of it, or is nil where none can be had.
    ///
    /// Its pages are first touched by whoever writes them.
    package convenience init?(unfilled byteCount: Int) {
        guard let memory = Self.memory(byteCount, isZeroed: false) else { return nil }
        self.init(base: memory, byteCount: byteCount) { pointer, _ in free(pointer) }
    }

    private static func memory(_ byteCount: Int, isZeroed: Bool = true) -> UnsafeMutableRawPointer?
    {
        var memory: UnsafeMutableRawPointer?
        let size = max(byteCount, alignment)
        guard posix_memalign(&memory, alignment, size) == 0, let memory else { return nil }
        if isZeroed { memset(memory, 0, size) }
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
