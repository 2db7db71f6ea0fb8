import TandemGraph

@testable import TandemPackage

/// A package in pieces, to be changed and put together again so that only the change is wrong: sums
/// and checksums around it are right.
struct PackageForge {
    /// A shard in pieces.
    struct Shard {
        var entries: [BlockEntry]
        var blocks: [[UInt8]]
        /// Changes the header and index before their checksum is made again.
        var changeIndex: ([UInt8]) -> [UInt8] = { $0 }
    }

    var manifest: Manifest
    var shards: [Shard] = []
    /// Changes the manifest after the shards' records have been made.
    var changeManifest: (inout Manifest) -> Void = { _ in }

    /// The tensors of the package as they should load.
    let tensors: TensorSet

    /// Takes a package apart.
    init(userCount: Int = 3, options: PackageOptions = PackageOptions()) throws {
        let folder = try TemporaryFolder()
        let contents = try SampleContents.make(userCount: userCount)
        tensors = contents.tensors
        try PackageWriter.write(contents, to: folder.path, options: options)
        let package = try PackageReader.open(folder.path)
        manifest = Manifest(
            model: package.model, tensors: package.tensors, shards: package.shards)
        for record in package.shards {
            let bytes = try TemporaryFolder.read(folder.path + "/" + record.fileName)
            let entries = try package.blockEntries(of: record)
            let blocks = entries.map {
                Array(bytes[$0.fileOffset..<$0.fileOffset + $0.storedByteCount])
            }
            shards.append(Shard(entries: entries, blocks: blocks))
        }
    }

    /// Replaces a block and what its entry says of it.
    mutating func replaceBlock(
        _ block: Int, ofShard shard: Int, with bytes: [UInt8], codec: BlockCodec
    ) {
        shards[shard].blocks[block] = bytes
        shards[shard].entries[block].codec = codec
    }

    /// Writes the package; returns its directory.
    func write(to folder: String) throws {
        var manifest = manifest
        for (index, shard) in shards.enumerated() {
            let (file, checksum) = Self.file(shard)
            manifest.shards[index] = ShardRecord(
                contentID: file.withUnsafeBytes { ContentID(of: $0) },
                storedByteCount: file.count,
                rawByteCount: shard.entries.reduce(0) { $0 + $1.rawByteCount },
                blockCount: shard.entries.count, indexChecksum: checksum)
            try TemporaryFolder.write(file, to: folder + "/" + manifest.shards[index].fileName)
        }
        changeManifest(&manifest)
        try TemporaryFolder.write(
            ManifestFile.encode(manifest.encoded()), to: folder + "/" + ManifestFile.name)
    }

    /// Writes the package and opens it.
    func open(in folder: String) throws -> Package {
        try write(to: folder)
        return try PackageReader.open(folder)
    }

    private static func file(_ shard: Shard) -> (bytes: [UInt8], checksum: UInt32) {
        var entries = shard.entries
        var offset = ShardFormat.blocksOffset(blockCount: entries.count)
        for index in entries.indices {
            let block = shard.blocks[index]
            entries[index].fileOffset = offset
            entries[index].storedByteCount = block.count
            entries[index].checksum = block.withUnsafeBytes { CRC32C.checksum($0) }
            offset += block.count
        }
        let index = ShardFormat.encode(entries, discriminator: 0).bytes
        var bytes = shard.changeIndex(Array(index.dropLast(4)))
        let checksum = bytes.withUnsafeBytes { CRC32C.checksum($0) }
        bytes.append(littleEndian: checksum)
        return (bytes + shard.blocks.flatMap { $0 }, checksum)
    }
}

/// What a closure throws, or nil.
func failure<Result>(_ body: () throws -> Result) -> PackageError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? PackageError
    }
}
