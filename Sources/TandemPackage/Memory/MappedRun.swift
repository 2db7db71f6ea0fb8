internal import CTandemSystem
internal import Glibc
internal import TandemGraph

// Design: mapped memory is entered into the page tables before somebody waits for it, and given
// back bit by bit.
//
// The pages of a memfd are in memory, but each mapping of it has page tables of its own, and the
// first look at a page takes a fault. A load pays for that itself, with all its threads. A fault
// enters the 15 pages around it too, so one look at each 64 KiB is enough: 1 GiB takes two threads
// 34 ms, where MADV_POPULATE_READ takes 66 and a look at each page 54. Memory that an earlier process
// left is mapped within microseconds, so there it would be the whole restart: it is populated once
// the model answers (`ShardPool.populateAdopted`).
//
// The system holds the lock of the address space over one munmap, and may not leave the core to who
// waits for it before it ends. Small pieces make that short, so that a thread that serves does not
// wait for one that loads: with 8 MiB it did for up to 5 ms.

/// Shards mapped back to back, as one storage holds them.
final class MappedRun: @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    /// Where the shards lie, in bytes from the base.
    let shards: [Range<Int>]
    /// Bytes of addresses.
    private let span: Int
    let byteCount: Int

    /// The most that is populated, unmapped or cut off at once: 64 small pages, up to 0.05 ms.
    static let pieceByteCount = 256 << 10

    /// Maps shards that are files.
    ///
    /// - Parameters:
    ///   - memories: The shards, kept by the storage that `storage` gives.
    ///   - offsets: Where each begins: starts of pages, ascending from 0. What the span of one has
    ///     beyond its bytes is mapped over by the next.
    ///   - byteCount: Bytes of all.
    /// - Throws: `PackageError` `outOfMemory`.
    init(_ memories: [ShardMemory], _ offsets: [Int], byteCount: Int) throws(PackageError) {
        self.byteCount = byteCount
        shards = zip(memories, offsets).map { $1..<($1 + $0.rawByteCount) }
        span = zip(memories, offsets).reduce(0) { max($0, $1.1 + $1.0.span) }
        // Addresses first, so that the shards' pages can be put side by side.
        guard let base = HugePages.addresses(span) else {
            throw PackageError.system(errno, "no addresses for \(span) bytes", "memory")
        }
        self.base = base
        do throws(PackageError) {
            for (memory, offset) in zip(memories, offsets) { try memory.map(at: base + offset) }
            // As tables are read, and memory so read is not moved to the system's list of what was
            // used of late when it is unmapped: 33 ms a GiB of small pages instead of 80.
            madvise(base, span, MADV_RANDOM)
        } catch {
            munmap(base, span)
            throw error
        }
    }

    /// The memory as a storage, which holds the shards and unmaps them; to be asked for once.
    func storage(holding memories: [ShardMemory]) -> TensorStorage {
        TensorStorage(base: base, byteCount: byteCount) { [span] base, _ in
            for piece in stride(from: 0, to: span, by: Self.pieceByteCount) {
                munmap(base + piece, min(Self.pieceByteCount, span - piece))
            }
            withExtendedLifetime(memories) {}
        }
    }

    /// What is populated at once, in bytes from the base: each within one shard.
    var pieces: [Range<Int>] {
        shards.flatMap { shard in
            stride(from: shard.lowerBound, to: shard.upperBound, by: Self.pieceByteCount).map {
                $0..<min($0 + Self.pieceByteCount, shard.upperBound)
            }
        }
    }

    /// Enters the pages of one of the `pieces` into the page tables; while the storage lives.
    func populate(_ piece: Range<Int>) {
        tandemsys_populate(base + piece.lowerBound, piece.count)
    }

    /// Takes the pages of one of the `shards` out of the page tables, not out of memory; while the
    /// storage lives.
    func depopulate(_ shard: Range<Int>) {
        // Advice: what is refused stays until the process ends.
        _ = madvise(base + shard.lowerBound, shard.count, MADV_DONTNEED)
    }
}
