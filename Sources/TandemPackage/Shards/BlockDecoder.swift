internal import CZstd
internal import TandemGraph

/// Reads and decodes blocks; one a thread.
///
/// Keeps memory for one stored block and one raw block.
final class BlockDecoder {
    private let context: OpaquePointer
    private let stored: TensorStorage
    private let raw: TensorStorage
    private var file: ReadableFile?
    private var fileAhead: ReadableFile?

    /// Takes the memory.
    ///
    /// - Throws: `PackageError` `outOfMemory`.
    init() throws(PackageError) {
        stored = try TensorStorage.taken(Limits.blockStoredBytesMax, for: "a stored block")
        raw = try TensorStorage.taken(Limits.blockRawBytesMax, for: "a raw block")
        guard let context = ZSTD_createDCtx() else {
            throw PackageError(.outOfMemory, "no memory for a decompressor")
        }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// The shard's open file; the last one is kept open.
    func open(_ shard: ShardRecord, of package: Package) throws(PackageError) -> ReadableFile {
        try Self.opened(shard, of: package, &file)
    }

    /// The file of a shard that is read next, kept open beside the one that is read now.
    func openAhead(_ shard: ShardRecord, of package: Package) throws(PackageError) -> ReadableFile {
        try Self.opened(shard, of: package, &fileAhead)
    }

    private static func opened(
        _ shard: ShardRecord, of package: Package, _ kept: inout ReadableFile?
    ) throws(PackageError) -> ReadableFile {
        if let kept, kept.path == package.path(of: shard) { return kept }
        let file = try package.openShard(shard)
        kept = file
        return file
    }

    /// A buffer for a raw block that is not decoded in place.
    func rawBuffer(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
        precondition(byteCount <= raw.byteCount, "a block larger than there are")
        return UnsafeMutableRawBufferPointer(start: raw.base, count: byteCount)
    }

    /// Reads a block's stored bytes, checks them and decodes them.
    ///
    /// - Parameters:
    ///   - entry: The block's index entry, checked.
    ///   - file: The shard's file.
    ///   - destination: As long as the block's raw bytes. After an error its contents are undefined.
    /// - Throws: `PackageError` `truncated`, `checksumMismatch` or `invalidBlock`, without block.
    func decode(
        _ entry: BlockEntry, of file: ReadableFile, into destination: UnsafeMutableRawBufferPointer
    ) throws(PackageError) {
        precondition(destination.count == entry.rawByteCount, "a block's destination has its size")
        switch entry.codec {
        case .raw:
            try file.read(at: entry.fileOffset, into: destination)
            try check(UnsafeRawBufferPointer(destination), entry)
        case .zstd:
            let bytes = UnsafeMutableRawBufferPointer(
                start: stored.base, count: entry.storedByteCount)
            try file.read(at: entry.fileOffset, into: bytes)
            try check(UnsafeRawBufferPointer(bytes), entry)
            try decompress(UnsafeRawBufferPointer(bytes), into: destination)
        }
    }

    private func check(
        _ bytes: UnsafeRawBufferPointer, _ entry: BlockEntry
    ) throws(PackageError) {
        let actual = CRC32C.checksum(bytes)
        guard actual == entry.checksum else {
            throw PackageError(
                .checksumMismatch, "the block does not have its checksum; copy the package again",
                byteOffset: entry.fileOffset, expected: UInt64(entry.checksum),
                actual: UInt64(actual))
        }
    }

    /// One whole zstd frame, nothing behind it, of exactly the destination's size.
    ///
    /// The content size is compared before decoding, so a frame that declares more than its block
    /// is refused for what it says; the destination's size bounds what one that lies can write.
    func decompress(
        _ frame: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
    ) throws(PackageError) {
        let declared = ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
        guard declared == UInt64(destination.count) else {
            throw PackageError(
                .invalidBlock, "the zstd frame's content size is not the block's raw size",
                expected: UInt64(destination.count), actual: declared)
        }
        let frameSize = ZSTD_findFrameCompressedSize(frame.baseAddress, frame.count)
        guard frameSize == frame.count else {
            throw PackageError(.invalidBlock, "the block is not exactly one zstd frame")
        }
        let count = ZSTD_decompressDCtx(
            context, destination.baseAddress, destination.count, frame.baseAddress, frame.count)
        guard ZSTD_isError(count) == 0, count == destination.count else {
            let reason = ZSTD_getErrorName(count).map { String(cString: $0) } ?? "wrong size"
            throw PackageError(.invalidBlock, "the zstd frame does not decode: \(reason)")
        }
    }
}
