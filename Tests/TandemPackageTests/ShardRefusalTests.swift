import Foundation
import TandemGraph
import Testing

@testable import TandemPackage

/// One test a refusal of a shard's file, header, index and blocks.
@Suite struct ShardRefusalTests {
    // MARK: Files

    @Test func `refuses a package whose shard is missing`() throws {
        let folder = try TemporaryFolder()
        let package = try PackageForge().open(in: folder.path)
        let path = package.path(of: package.shards[1])
        try FileManager.default.removeItem(atPath: path)
        let error = failure { try PackageReader.open(folder.path) }
        #expect(error?.code == .notFound)
        #expect(error?.path == path)
    }

    @Test func `refuses a shard that is a link, even to the right bytes`() throws {
        let folder = try TemporaryFolder()
        let package = try PackageForge().open(in: folder.path)
        let path = package.path(of: package.shards[0])
        try FileManager.default.moveItem(atPath: path, toPath: folder.path + "/elsewhere")
        try FileManager.default.createSymbolicLink(
            atPath: path, withDestinationPath: folder.path + "/elsewhere")
        let error = failure { try PackageReader.open(folder.path) }
        #expect(error?.code == .notRegularFile)
        #expect(error?.path == path)
    }

    @Test func `refuses a shard that is a directory or a pipe, without waiting`() throws {
        let folder = try TemporaryFolder()
        let package = try PackageForge().open(in: folder.path)
        let path = package.path(of: package.shards[0])
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(failure { try PackageReader.open(folder.path) }?.code == .notRegularFile)
        try FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(failure { try PackageReader.open(folder.path) }?.code == .notRegularFile)
    }

    @Test func `refuses a shard that is one byte longer`() throws {
        let folder = try TemporaryFolder()
        let package = try PackageForge().open(in: folder.path)
        let path = package.path(of: package.shards[0])
        try TemporaryFolder.write(TemporaryFolder.read(path) + [0], to: path)
        let error = failure { try PackageReader.open(folder.path) }
        #expect(error?.code == .wrongSize)
        #expect(error?.actual == UInt64(package.shards[0].storedByteCount + 1))
    }

    @Test func `reports a file that shrinks while it is read`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/file"
        try TemporaryFolder.write([UInt8](repeating: 7, count: 100), to: path)
        let file = try ReadableFile(path: path)
        #expect(truncate(path, 60) == 0)
        let error = failure { try file.prefix(100) }
        #expect(error?.code == .truncated)
        #expect(error?.byteOffset == 60)
        #expect(error?.path == path)
        #expect(try file.prefix(60).count == 60)
    }

    @Test func `refuses a shard of another package that has the same sizes`() throws {
        let folder = try TemporaryFolder()
        var forge = try PackageForge()
        let package = try forge.open(in: try folder.folder("1"))
        let path = package.path(of: package.shards[0])
        let original = forge.shards[0].blocks[0]
        forge.shards[0].blocks[0] = original.reversed()
        let other = try forge.open(in: try folder.folder("2"))
        try TemporaryFolder.write(
            TemporaryFolder.read(other.path(of: other.shards[0])), to: path)
        let error = failure { try package.load(program: "float") }
        #expect(error?.code == .contentMismatch)
        #expect(error?.path == path)
        #expect(package.verify().map(\.code) == [.contentMismatch, .contentMismatch])
    }

    // MARK: Header and index, each under a right checksum

    /// Changes bytes of the first shard's header or index; gives the error of loading.
    private func loadError(
        replacing bytes: [UInt8], at offset: Int, ofShard shard: Int = 0
    ) throws -> PackageError? {
        let folder = try TemporaryFolder()
        var forge = try PackageForge()
        forge.shards[shard].changeIndex = { index in
            var index = index
            index.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            return index
        }
        let package = try forge.open(in: folder.path)
        let errors = ["float", "int8"].compactMap { program in
            failure { try package.load(program: program) }
        }
        let error = try #require(errors.first)
        #expect(error.path == package.path(of: package.shards[shard]))
        return error
    }

    @Test func `refuses a file that does not begin like a shard`() throws {
        #expect(try loadError(replacing: [0], at: 3)?.code == .notAPackage)
    }

    @Test func `refuses a future format version and says what to do`() throws {
        let error = try loadError(replacing: [2], at: 8)
        #expect(error?.code == .unknownFormatVersion)
        #expect(error?.actual == 2)
        #expect(error?.message.contains("use a newer tandem") == true)
    }

    @Test func `refuses a block count other than the manifest's`() throws {
        let error = try loadError(replacing: [77], at: 12)
        #expect(error?.code == .invalidShard)
        #expect(error?.actual == 77)
    }

    @Test func `refuses reserved bytes that are set`() throws {
        #expect(try loadError(replacing: [1], at: 20)?.code == .invalidShard)
    }

    @Test(arguments: [
        (name: "offset", at: 0, bytes: [0xFF] as [UInt8]),
        (name: "offset far outside", at: 7, bytes: [0x7F]),
        (name: "stored bytes 0", at: 8, bytes: [0, 0, 0, 0]),
        (name: "stored bytes too many", at: 8, bytes: [0xFF, 0xFF, 0xFF, 0xFF]),
        (name: "raw bytes 0", at: 12, bytes: [0, 0, 0, 0]),
        (name: "raw bytes over 1 MiB", at: 12, bytes: [1, 0, 0x10, 0]),
        (name: "codec", at: 20, bytes: [2]),
    ])
    func `refuses an index entry that cannot be`(
        change: (name: String, at: Int, bytes: [UInt8])
    ) throws {
        let error = try loadError(
            replacing: change.bytes, at: ShardFormat.headerByteCount + change.at)
        #expect(error?.code == .invalidShard, "\(change.name)")
        #expect(error?.block == 0)
    }

    @Test func `refuses a stored block that says another raw size`() throws {
        let folder = try TemporaryFolder()
        var forge = try PackageForge()
        let size = forge.shards[0].entries[0].rawByteCount
        forge.replaceBlock(
            0, ofShard: 0, with: [UInt8](repeating: 0, count: size - 1), codec: .raw)
        let package = try forge.open(in: folder.path)
        #expect(failure { try package.load(program: "float") }?.code == .invalidShard)
    }

    @Test func `refuses blocks whose raw bytes are not the manifest's`() throws {
        let error = try loadError(replacing: [1, 0, 0, 0], at: ShardFormat.headerByteCount + 12)
        #expect(error?.code == .invalidShard)
    }

    // MARK: Blocks, each under a right checksum

    /// A zstd frame of one raw block, with its content size as a number of the caller's choice.
    private static func frame(declaring declared: Int, _ contents: [UInt8]) -> [UInt8] {
        // RFC 8878: magic; descriptor 0xA0: single segment, 4 bytes of content size; last block.
        var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xA0]
        bytes.append(littleEndian: UInt32(declared))
        let header = UInt32(contents.count) << 3 | 1
        bytes += [UInt8(header & 0xFF), UInt8(header >> 8 & 0xFF), UInt8(header >> 16)]
        return bytes + contents
    }

    /// Loads with the first block of the first shard replaced.
    private func blockError(_ make: (Int) -> [UInt8]) throws -> PackageError? {
        let folder = try TemporaryFolder()
        var forge = try PackageForge()
        let size = forge.shards[0].entries[0].rawByteCount
        forge.replaceBlock(0, ofShard: 0, with: make(size), codec: .zstd)
        let package = try forge.open(in: folder.path)
        let error = failure { try package.load(program: "float") }
        if let error {
            #expect(error.path == package.path(of: package.shards[0]))
            #expect(error.block == 0)
        }
        return error
    }

    @Test func `reads a frame that says the truth`() throws {
        let error = try blockError { size in
            Self.frame(declaring: size, [UInt8](repeating: 1, count: size))
        }
        #expect(error == nil)
    }

    @Test func `refuses a zstd frame that declares more than its block`() throws {
        var declared = 0
        let error = try blockError { size in
            declared = size + 1
            return Self.frame(declaring: size + 1, [UInt8](repeating: 1, count: size + 1))
        }
        #expect(error?.code == .invalidBlock)
        #expect(error?.actual == UInt64(declared))
        #expect(error?.expected == UInt64(declared - 1))
    }

    @Test func `refuses a zstd frame that declares less than its block`() throws {
        let error = try blockError { size in
            Self.frame(declaring: size - 1, [UInt8](repeating: 1, count: size - 1))
        }
        #expect(error?.code == .invalidBlock)
    }

    @Test func `refuses a zstd frame that holds more than it declares`() throws {
        let error = try blockError { size in
            Self.frame(declaring: size, [UInt8](repeating: 1, count: size + 1))
        }
        #expect(error?.code == .invalidBlock)
    }

    @Test func `refuses a zstd frame that holds less than it declares`() throws {
        let error = try blockError { size in
            Self.frame(declaring: size, [UInt8](repeating: 1, count: size - 1))
        }
        #expect(error?.code == .invalidBlock)
    }

    @Test func `refuses a zstd frame that declares a terabyte`() throws {
        let error = try blockError { size in
            // Descriptor 0xE0: 8 bytes of content size.
            var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0]
            bytes.append(littleEndian: UInt64(1) << 40)
            return bytes + [0x01, 0, 0]
        }
        #expect(error?.code == .invalidBlock)
        #expect(error?.actual == 1 << 40)
    }

    @Test func `refuses bytes behind the frame, be they a frame themselves`() throws {
        for rest in [[0], Self.frame(declaring: 0, [])] as [[UInt8]] {
            let error = try blockError { size in
                Self.frame(declaring: size, [UInt8](repeating: 1, count: size)) + rest
            }
            #expect(error?.code == .invalidBlock)
        }
    }

    @Test func `refuses what is no zstd frame`() throws {
        #expect(try blockError { _ in [1, 2, 3, 4, 5, 6, 7, 8] }?.code == .invalidBlock)
        // A skippable frame of 4 bytes.
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 9, 9, 9, 9]
        #expect(try blockError { _ in skippable }?.code == .invalidBlock)
    }

    /// Every pair of blocks, of one shard or two; of blocks of different sizes what both have.
    @Test(arguments: [1, 2])
    func `catches every pair of blocks that changed places`(threads: Int) throws {
        let folder = try TemporaryFolder()
        var forge = try PackageForge(
            userCount: 400_000, options: PackageOptions(sharedByteCountMax: 1000))
        for shard in forge.shards.indices {
            for (block, entry) in forge.shards[shard].entries.enumerated() {
                let byte = UInt8(shard * 16 + block + 1)
                forge.replaceBlock(
                    block, ofShard: shard,
                    with: [UInt8](repeating: byte, count: entry.rawByteCount),
                    codec: .raw)
            }
        }
        let package = try forge.open(in: folder.path)
        let blocks = try package.shards.flatMap { record in
            try package.blockEntries(of: record).map { (package.path(of: record), $0) }
        }
        #expect(blocks.count > 5 && Set(blocks.map(\.0)).count > 2)
        for (index, first) in blocks.enumerated() {
            for second in blocks[(index + 1)...] {
                try Self.swap(first, second)
                let errors = ["float", "int8"].compactMap { program in
                    failure { try package.load(program: program, threads: threads) }
                }
                #expect(errors.allSatisfy { $0.code == .checksumMismatch })
                #expect([first.0, second.0].contains(errors.first?.path))
                try Self.swap(first, second)
            }
        }
        #expect(package.verify() == [])
    }

    private static func swap(
        _ first: (path: String, entry: BlockEntry), _ second: (path: String, entry: BlockEntry)
    ) throws {
        let count = min(first.entry.storedByteCount, second.entry.storedByteCount)
        let bytes = try [first, second].map { place in
            Array(
                try TemporaryFolder.read(place.path)[place.entry.fileOffset...].prefix(count))
        }
        for (place, bytes) in zip([second, first], bytes) {
            let file = open(place.path, O_WRONLY | O_CLOEXEC)
            try #require(file >= 0)
            defer { close(file) }
            #expect(pwrite(file, bytes, count, off_t(place.entry.fileOffset)) == count)
        }
    }

    @Test func `refuses to take more memory than is allowed`() throws {
        let folder = try TemporaryFolder()
        let package = try PackageForge().open(in: folder.path)
        let needed = try package.memoryByteCount(program: "float")
        let error = failure {
            try package.load(program: "float", memoryByteCountMax: needed - 1)
        }
        #expect(error?.code == .outOfMemory)
        #expect(error?.expected == UInt64(needed - 1))
        #expect(error?.actual == UInt64(needed))
        _ = try package.load(program: "float", memoryByteCountMax: needed)
    }

    @Test func `names the programs there are when one is not`() throws {
        let folder = try TemporaryFolder()
        let package = try PackageForge().open(in: folder.path)
        let error = failure { try package.load(program: "bf16") }
        #expect(error?.code == .unknownProgram)
        #expect(error?.subject == "bf16")
        #expect(error?.message.contains("float, int8") == true)
    }
}
