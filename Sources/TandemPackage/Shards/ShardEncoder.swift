internal import CZstd
internal import TandemGraph

// Design: a shard's stored blocks are made in memory and named before they are written, so that a
// file is created once, under its final name. Raw bytes are put together a block at a time, by the
// thread that compresses it; so a shard's stored blocks, some 64 MiB at most, and a block a thread
// are all that a writer needs beside the tensors.

/// Makes the bytes of shard files.
struct ShardEncoder: Sendable {
    /// zstd's level.
    var level: Int32
    /// Threads to compress with, the caller's among them.
    var threads: Int

    /// A shard's file and what the manifest says of it.
    struct Encoded {
        var record: ShardRecord
        /// Header and index, then the blocks.
        var parts: [[UInt8]]
    }

    /// Raw bytes from which a tensor begins a block of its own, so that one block holds numbers of
    /// one kind, which compress better, and a changed tensor changes no other's blocks.
    static let blockCutByteCount = 64 << 10

    /// Encodes a shard.
    ///
    /// - Parameters:
    ///   - draft: What the shard holds.
    ///   - tensors: The tensors that the draft names.
    ///   - discriminator: Makes the content id differ from that of another shard of equal contents;
    ///     0 for the first.
    /// - Returns: The file's bytes and the manifest's record of it.
    /// - Throws: `PackageError` `outOfMemory`.
    func encode(
        _ draft: ShardDraft, _ tensors: TensorSet, discriminator: UInt32
    ) throws(PackageError) -> Encoded {
        let ranges = Self.blocks(draft)
        let slots = BlockSlots(count: ranges.count)
        let level = level
        try ParallelWork(
            count: ranges.count,
            makeWorker: { () throws(PackageError) in try BlockEncoder(level: level) },
            body: { (encoder, index) throws(PackageError) in
                slots[index] = try encoder.encode(ranges[index], of: draft, tensors)
            }
        ).run(threads: threads)
        return Self.assemble(slots.blocks, ranges, discriminator)
    }

    /// Where blocks begin and end: after 1 MiB, and around larger tensors.
    static func blocks(_ draft: ShardDraft) -> [Range<Int>] {
        var cuts = [0]
        for piece in draft.pieces {
            let start = cuts[cuts.count - 1]
            let isLarge = piece.byteCount >= blockCutByteCount
            if piece.offset > start, isLarge || piece.offset - start >= blockCutByteCount {
                cuts.append(piece.offset)
            }
            let end = piece.offset + piece.byteCount
            while let last = cuts.last, end - last > Limits.blockRawBytesMax {
                cuts.append(last + Limits.blockRawBytesMax)
            }
        }
        cuts.append(draft.byteCount)
        return zip(cuts, cuts.dropFirst()).map { $0..<$1 }
    }

    private static func assemble(
        _ blocks: [EncodedBlock], _ ranges: [Range<Int>], _ discriminator: UInt32
    ) -> Encoded {
        var entries: [BlockEntry] = []
        var fileOffset = ShardFormat.blocksOffset(blockCount: blocks.count)
        for (block, range) in zip(blocks, ranges) {
            entries.append(
                BlockEntry(
                    fileOffset: fileOffset, storedByteCount: block.bytes.count,
                    rawByteCount: range.count,
                    checksum: block.bytes.withUnsafeBytes { CRC32C.checksum($0) },
                    codec: block.codec))
            fileOffset += block.bytes.count
        }
        let (header, checksum) = ShardFormat.encode(entries, discriminator: discriminator)
        let parts = [header] + blocks.map(\.bytes)
        var hash = ContentHash()
        for part in parts { part.withUnsafeBytes { hash.update($0) } }
        return Encoded(
            record: ShardRecord(
                contentID: hash.finish(), storedByteCount: fileOffset,
                rawByteCount: ranges.last?.upperBound ?? 0, blockCount: blocks.count,
                indexChecksum: checksum),
            parts: parts)
    }
}

extension ShardDraft {
    /// Writes a range of the shard's raw bytes: the tensors' as the shard has them, zeros between.
    ///
    /// - Precondition: `target` has as many bytes as the range.
    fileprivate func copyBytes(
        _ range: Range<Int>, of tensors: TensorSet, to target: UnsafeMutableRawBufferPointer
    ) {
        target.initializeMemory(as: UInt8.self, repeating: 0)
        for piece in pieces {
            let part = range.clamped(to: piece.offset..<piece.offset + piece.byteCount)
            guard !part.isEmpty, let tensor = tensors[piece.name] else { continue }
            let begin = piece.rowBegin * (piece.byteCount / piece.rowCount) - piece.offset
            UnsafeMutableRawBufferPointer(rebasing: target[(part.lowerBound - range.lowerBound)...])
                .copyMemory(
                    from: UnsafeRawBufferPointer(
                        rebasing: tensor.bytes[begin + part.lowerBound..<begin + part.upperBound]))
        }
    }
}

/// A block's stored bytes.
private struct EncodedBlock: Sendable {
    var codec: BlockCodec
    var bytes: [UInt8]
}

/// A place for each block's result; each is written by one thread, all are read after the join.
private final class BlockSlots: @unchecked Sendable {
    private let slots: UnsafeMutableBufferPointer<EncodedBlock?>

    init(count: Int) {
        slots = .allocate(capacity: count)
        slots.initialize(repeating: nil)
    }

    deinit {
        slots.deinitialize()
        slots.deallocate()
    }

    subscript(index: Int) -> EncodedBlock? {
        get { slots[index] }
        set { slots[index] = newValue }
    }

    var blocks: [EncodedBlock] { slots.compactMap { $0 } }
}

/// Compresses blocks; one a thread.
private final class BlockEncoder {
    /// zstd has to save at least this share of a block, else reading it raw is faster than decoding
    /// it and costs little disk: int8 weights that use their whole range save about a twelfth.
    private static let gainMinPercent = 3

    private let context: OpaquePointer
    private let level: Int32
    private let raw, stored: UnsafeMutableRawBufferPointer

    init(level: Int32) throws(PackageError) {
        guard let context = ZSTD_createCCtx() else {
            throw PackageError(.outOfMemory, "no memory for a compressor")
        }
        self.context = context
        self.level = level
        raw = .allocate(byteCount: Limits.blockRawBytesMax, alignment: 64)
        stored = .allocate(
            byteCount: ZSTD_compressBound(Limits.blockRawBytesMax), alignment: 64)
    }

    deinit {
        ZSTD_freeCCtx(context)
        raw.deallocate()
        stored.deallocate()
    }

    /// Compresses a range of a shard's raw bytes, a block at most.
    func encode(
        _ range: Range<Int>, of draft: ShardDraft, _ tensors: TensorSet
    ) throws(PackageError) -> EncodedBlock {
        let block = UnsafeMutableRawBufferPointer(rebasing: raw[..<range.count])
        draft.copyBytes(range, of: tensors, to: block)
        return try compress(UnsafeRawBufferPointer(block))
    }

    private func compress(_ raw: UnsafeRawBufferPointer) throws(PackageError) -> EncodedBlock {
        let count = ZSTD_compressCCtx(
            context, stored.baseAddress, stored.count, raw.baseAddress, raw.count, level)
        guard ZSTD_isError(count) == 0 else {
            throw PackageError(.outOfMemory, "the compressor failed")
        }
        guard count * 100 <= raw.count * (100 - Self.gainMinPercent) else {
            return EncodedBlock(codec: .raw, bytes: Array(raw))
        }
        return EncodedBlock(codec: .zstd, bytes: Array(stored.prefix(count)))
    }
}
