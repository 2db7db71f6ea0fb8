// Design: a shard is a list of blocks that can be decoded alone.
//
//     OFFSET        SIZE   MEANING (little-endian; Documentation.docc/Format.md has the refusals)
//     0             8      magic 89 54 44 53 0D 0A 1A 0A: "\x89TDS\r\n\x1A\n"
//     8             4      format version, 1
//     12            4      number of blocks n, 1 to 65,536
//     16            4      discriminator, any: keeps shards of equal contents apart
//     20            4      0
//     24            24 n   index, one entry a block:
//                            0   8   offset in the file of the block's stored bytes
//                            8   4   stored bytes
//                            12  4   raw bytes, 1 to 2^20
//                            16  4   CRC-32C of the stored bytes
//                            20  4   codec: 0 raw, 1 one zstd frame with its content size
//     24 + 24 n     4      CRC-32C of everything before
//     28 + 24 n     ...    the blocks' stored bytes, back to back, to the end of the file
//
// Like PNG's, the magic's high bit and line ends show a file that passed through a text transfer.
// The index's own CRC is repeated in the manifest, so a shard of another package cannot take the
// place of one even when only blocks are checked.

/// How a block's bytes are stored.
enum BlockCodec: UInt32, Sendable {
    /// As they are.
    case raw = 0
    /// One zstd frame.
    case zstd = 1
}

/// One entry of a shard's index.
struct BlockEntry: Hashable, Sendable {
    var fileOffset: Int
    var storedByteCount: Int
    var rawByteCount: Int
    var checksum: UInt32
    var codec: BlockCodec
}

/// The layout of shard files.
enum ShardFormat {
    static let magic: [UInt8] = [0x89, 0x54, 0x44, 0x53, 0x0D, 0x0A, 0x1A, 0x0A]
    static let headerByteCount = 24
    static let entryByteCount = 24
    static let checksumByteCount = 4

    /// Tensors begin at multiples of this within a shard's raw bytes, as they do in memory.
    static let alignment = 64

    /// The most raw bytes that a shard can have.
    static let rawByteCountMax = Limits.shardBlocksMax * Limits.blockRawBytesMax
    /// The most bytes that a shard's file can have.
    static let fileByteCountMax =
        blocksOffset(blockCount: Limits.shardBlocksMax)
        + Limits.shardBlocksMax * Limits.blockStoredBytesMax

    /// Where the blocks begin.
    static func blocksOffset(blockCount: Int) -> Int {
        headerByteCount + blockCount * entryByteCount + checksumByteCount
    }

    /// The next multiple of 64.
    static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) & ~(alignment - 1) }

    /// Header and index of a shard, with their checksum.
    static func encode(
        _ blocks: [BlockEntry], discriminator: UInt32
    ) -> (bytes: [UInt8], checksum: UInt32) {
        var bytes = magic
        bytes.append(littleEndian: Limits.formatVersion)
        bytes.append(littleEndian: UInt32(clamping: blocks.count))
        bytes.append(littleEndian: discriminator)
        bytes.append(littleEndian: UInt32(0))
        for block in blocks {
            bytes.append(littleEndian: UInt64(clamping: block.fileOffset))
            bytes.append(littleEndian: UInt32(clamping: block.storedByteCount))
            bytes.append(littleEndian: UInt32(clamping: block.rawByteCount))
            bytes.append(littleEndian: block.checksum)
            bytes.append(littleEndian: block.codec.rawValue)
        }
        let checksum = bytes.withUnsafeBytes { CRC32C.checksum($0) }
        bytes.append(littleEndian: checksum)
        return (bytes, checksum)
    }

    /// Reads header and index and checks them against the manifest's record of the shard.
    ///
    /// - Parameters:
    ///   - bytes: The first `blocksOffset(blockCount:)` bytes of the file.
    ///   - shard: What the manifest says.
    /// - Returns: The blocks, in order.
    /// - Throws: `PackageError`, without path.
    static func decode(
        _ bytes: [UInt8], _ shard: ShardRecord
    ) throws(PackageError) -> [BlockEntry] {
        guard bytes.starts(with: magic) else {
            throw PackageError(.notAPackage, "the file does not begin like a shard")
        }
        let version = bytes.littleEndian(at: 8, as: UInt32.self)
        try checkFormatVersion(version)
        let checksum = bytes.littleEndian(at: bytes.count - checksumByteCount, as: UInt32.self)
        let actual = bytes.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0.dropLast(checksumByteCount)))
        }
        guard checksum == actual else {
            throw PackageError(
                .checksumMismatch, "header and index do not have their checksum; copy it again",
                expected: UInt64(checksum), actual: UInt64(actual))
        }
        guard checksum == shard.indexChecksum else {
            throw PackageError(
                .contentMismatch, "the shard is not the one that the manifest describes",
                expected: UInt64(shard.indexChecksum), actual: UInt64(checksum))
        }
        let count = Int(bytes.littleEndian(at: 12, as: UInt32.self))
        guard count == shard.blockCount else {
            throw PackageError(
                .invalidShard,
                "the shard has \(count) blocks, the manifest says "
                    + "\(shard.blockCount)",
                expected: UInt64(shard.blockCount), actual: UInt64(count))
        }
        guard bytes.littleEndian(at: 20, as: UInt32.self) == 0 else {
            throw PackageError(
                .invalidShard, "reserved bytes are not 0; use a newer tandem", byteOffset: 20)
        }
        return try decodeEntries(bytes, shard)
    }

    private static func decodeEntries(
        _ bytes: [UInt8], _ shard: ShardRecord
    ) throws(PackageError) -> [BlockEntry] {
        var entries: [BlockEntry] = []
        entries.reserveCapacity(shard.blockCount)
        var fileOffset = blocksOffset(blockCount: shard.blockCount)
        var rawTotal = 0
        for block in 0..<shard.blockCount {
            let at = headerByteCount + block * entryByteCount
            let stored = Int(bytes.littleEndian(at: at + 8, as: UInt32.self))
            let raw = Int(bytes.littleEndian(at: at + 12, as: UInt32.self))
            let codec = BlockCodec(rawValue: bytes.littleEndian(at: at + 20, as: UInt32.self))
            guard let codec, bytes.littleEndian(at: at, as: UInt64.self) == UInt64(fileOffset),
                (1...Limits.blockRawBytesMax).contains(raw),
                (1...Limits.blockStoredBytesMax).contains(stored), codec != .raw || raw == stored
            else {
                throw PackageError(
                    .invalidShard, "the index entry contradicts itself or the one before",
                    block: block, byteOffset: at)
            }
            entries.append(
                BlockEntry(
                    fileOffset: fileOffset, storedByteCount: stored, rawByteCount: raw,
                    checksum: bytes.littleEndian(at: at + 16, as: UInt32.self), codec: codec))
            fileOffset += stored
            rawTotal += raw
        }
        guard fileOffset == shard.storedByteCount, rawTotal == shard.rawByteCount else {
            throw PackageError(
                .invalidShard,
                "blocks are \(fileOffset) stored and \(rawTotal) raw bytes, the manifest says "
                    + "\(shard.storedByteCount) and \(shard.rawByteCount)",
                expected: UInt64(shard.storedByteCount), actual: UInt64(fileOffset))
        }
        return entries
    }
}

/// Refuses files of a format version that this reader does not know.
func checkFormatVersion(_ version: UInt32) throws(PackageError) {
    guard version == Limits.formatVersion else {
        throw PackageError(
            .unknownFormatVersion,
            "format version \(version), this version reads \(Limits.formatVersion); "
                + "use a newer tandem or write the package again",
            expected: UInt64(Limits.formatVersion), actual: UInt64(version))
    }
}

extension [UInt8] {
    /// Appends a number's bytes, lowest first.
    mutating func append<Number: FixedWidthInteger>(littleEndian number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    /// The number at a place.
    ///
    /// - Precondition: It lies within the array.
    func littleEndian<Number: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: Number.Type
    ) -> Number {
        Number(
            littleEndian: withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) })
    }
}
