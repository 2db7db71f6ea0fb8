import Foundation
import TandemGraph
import Testing

@testable import TandemPackage

/// Damage without any skill behind it: every byte, every length, and much chance.
@Suite struct HostileBytesTests {
    @Test func `catches every changed byte of the manifest, by name`() throws {
        let folder = try TemporaryFolder()
        try PackageWriter.write(SampleContents.make(), to: folder.path)
        let path = folder.path + "/manifest"
        let bytes = try TemporaryFolder.read(path)
        for index in bytes.indices {
            let changed = bytes[index] ^ 1 << UInt8(index % 8)
            try TemporaryFolder.change(path, at: index, to: changed)
            let error = failure { try PackageReader.open(folder.path) }
            #expect(error?.path == path, "byte \(index)")
            try TemporaryFolder.change(path, at: index, to: bytes[index])
        }
        _ = try PackageReader.open(folder.path)
    }

    @Test func `catches every changed byte of a shard, by name, and so does verify`() throws {
        let folder = try TemporaryFolder()
        try PackageWriter.write(SampleContents.make(), to: folder.path)
        let package = try PackageReader.open(folder.path)
        for shard in package.shards {
            let path = package.path(of: shard)
            let bytes = try TemporaryFolder.read(path)
            for index in bytes.indices {
                let changed = bytes[index] ^ 1 << UInt8(index % 8)
                try TemporaryFolder.change(path, at: index, to: changed)
                let errors = ["float", "int8"].compactMap { program in
                    failure { try package.load(program: program) }
                }
                #expect(errors.first?.path == path, "byte \(index) of \(shard.fileName)")
                let problems = package.verify()
                #expect(problems.first?.code == .contentMismatch)
                #expect(problems.count == 2 && problems.allSatisfy { $0.path == path })
                try TemporaryFolder.change(path, at: index, to: bytes[index])
            }
        }
        #expect(package.verify() == [])
    }

    @Test func `catches the manifest cut at every length`() throws {
        let folder = try TemporaryFolder()
        try PackageWriter.write(SampleContents.make(), to: folder.path)
        let path = folder.path + "/manifest"
        for count in try TemporaryFolder.read(path).indices.reversed() {
            #expect(truncate(path, count) == 0)
            let error = failure { try PackageReader.open(folder.path) }
            #expect(error?.code == .truncated, "\(count) bytes")
            #expect(error?.path == path)
        }
    }

    @Test func `catches a shard cut at every length, when opening and when loading`() throws {
        let folder = try TemporaryFolder()
        try PackageWriter.write(SampleContents.make(), to: folder.path)
        let package = try PackageReader.open(folder.path)
        let shard = try #require(package.shards.first)
        let path = package.path(of: shard)
        for count in (0..<shard.storedByteCount).reversed() {
            #expect(truncate(path, count) == 0)
            for error in [
                failure { try PackageReader.open(folder.path) },
                failure { try package.load(program: "float") }, package.verify().first,
            ] {
                #expect(error?.code == .truncated, "\(count) bytes")
                #expect(error?.path == path)
                #expect(error?.expected == UInt64(shard.storedByteCount))
                #expect(error?.actual == UInt64(count))
            }
        }
    }

    /// The SHA-256 is made again after each change, so that chance reaches decoder and validator.
    ///
    /// What they let through must load or be refused like any package.
    @Test(arguments: 0..<8)
    func `survives manifests changed by chance and signed again`(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        let forge = try PackageForge()
        try forge.write(to: folder.path)
        let message = forge.manifest.encoded()
        var random = RandomSource(seed: seed)
        for _ in 0..<400 {
            var changed = message
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                Self.change(&changed, &random)
            }
            let bytes = ManifestFile.encode(changed)
            guard let package = try? PackageReader.read(bytes, path: folder.path) else { continue }
            for program in package.model.programs {
                guard
                    let tensors = try? package.load(
                        program: program.name, memoryByteCountMax: 1 << 24)
                else { continue }
                try program.graph.check(tensors)
            }
        }
    }

    /// Index entries by chance under a right checksum: whatever loads has the right tensors.
    @Test(arguments: 0..<8)
    func `survives indexes changed by chance under a right checksum`(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        let contents = try SampleContents.make()
        try PackageWriter.write(contents, to: folder.path)
        let package = try PackageReader.open(folder.path)
        var random = RandomSource(seed: 1000 + seed)
        for _ in 0..<100 {
            let shard = Int.random(in: 0..<package.shards.count, using: &random)
            var record = package.shards[shard]
            let path = package.path(of: record)
            let original = try TemporaryFolder.read(path)
            var index = Array(
                original.prefix(ShardFormat.blocksOffset(blockCount: record.blockCount) - 4))
            let place = Int.random(in: 8..<index.count, using: &random)
            index[place] = UInt8.random(in: 0...255, using: &random)
            record.indexChecksum = index.withUnsafeBytes { CRC32C.checksum($0) }
            index.append(littleEndian: record.indexChecksum)
            for (offset, byte) in index.enumerated() where byte != original[offset] {
                try TemporaryFolder.change(path, at: offset, to: byte)
            }
            var shards = package.shards
            shards[shard] = record
            let changed = Package(
                path: package.path, model: package.model, tensors: package.tensors, shards: shards,
                contentID: package.contentID, manifestByteCount: package.manifestByteCount)
            for program in package.model.programs {
                guard let tensors = try? changed.load(program: program.name) else { continue }
                for (name, tensor) in tensors {
                    expectEqual(tensor, contents.tensors[name], name)
                }
            }
            for offset in index.indices where index[offset] != original[offset] {
                try TemporaryFolder.change(path, at: offset, to: original[offset])
            }
        }
        #expect(package.verify() == [])
    }

    /// One change of the kinds that parsers fall over.
    private static func change(_ bytes: inout [UInt8], _ random: inout RandomSource) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[index] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        case 4:
            let count = min(Int.random(in: 1...64, using: &random), bytes.count - index)
            bytes.insert(contentsOf: bytes[index..<index + count], at: index)
        default: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
        }
        if bytes.isEmpty { bytes = [0] }
    }
}
