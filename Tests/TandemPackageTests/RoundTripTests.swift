import Glibc
import TandemGraph
import Testing

@testable import TandemPackage

@Suite struct RoundTripTests {
    @Test func `gives back everything that was written`() throws {
        let folder = try TemporaryFolder()
        let contents = try SampleContents.make()
        try PackageWriter.write(contents, to: folder.path)
        let package = try PackageReader.open(folder.path)
        let expected = contents.model.normalized()
        #expect(package.model.signature == expected.signature)
        #expect(package.model.goldens == expected.goldens)
        #expect(package.model.programs.map(\.graph) == expected.programs.map(\.graph))
        #expect(package.model == expected)
        #expect(Set(package.tensors.map(\.name)) == Set(contents.tensors.keys))
        #expect(package.verify() == [])
    }

    @Test(arguments: [1, 2, 5])
    func `loads each program's tensors bit for bit`(threads: Int) throws {
        let folder = try TemporaryFolder()
        let contents = try SampleContents.make()
        try PackageWriter.write(contents, to: folder.path)
        let package = try PackageReader.open(folder.path)
        for program in package.model.programs {
            let loaded = try package.load(program: program.name, threads: threads)
            try program.graph.check(loaded)
            #expect(loaded.count == program.graph.parameters.count)
            for (name, tensor) in loaded {
                expectEqual(tensor, contents.tensors[name], name)
            }
        }
    }

    /// A table of many blocks in many shards, and small tensors beside it.
    @Test func `loads tables that lie in several shards, by any number of threads`() throws {
        let folder = try TemporaryFolder()
        let contents = try SampleContents.make(userCount: 200_000)
        let options = PackageOptions(
            compressionLevel: 1, shardByteCountTarget: 1_200_001, sharedByteCountMax: 1000,
            threads: 2)
        try PackageWriter.write(contents, to: folder.path, options: options)
        let package = try PackageReader.open(folder.path)
        let table = try #require(package.tensors.first { $0.name == "embedding/user" })
        #expect(table.segments.count == 2)
        #expect(package.shards.contains { $0.blockCount > 1 })
        for threads in [1, 2, 7] {
            for program in ["float", "int8"] {
                let loaded = try package.load(program: program, threads: threads)
                for (name, tensor) in loaded {
                    expectEqual(tensor, contents.tensors[name], name)
                }
            }
        }
        #expect(package.verify() == [])
    }

    @Test func `aligns every tensor to 64 bytes, and maps a table's shards back to back`() throws {
        let folder = try TemporaryFolder()
        // 800,016 bytes as float32, in shards of 128 KiB.
        let contents = try SampleContents.make(userCount: 100_000)
        let options = PackageOptions(shardByteCountTarget: 140_000, sharedByteCountMax: 0)
        try PackageWriter.write(contents, to: folder.path, options: options)
        let package = try PackageReader.open(folder.path)
        let table = try #require(package.tensors.first { $0.name == "embedding/user" })
        #expect(table.segments.dropLast().allSatisfy { $0.byteCount == 128 << 10 })
        let plan = LoadPlan(package, program: package.model.programs[0])
        #expect(plan.placements.first { $0.tensor == table }?.place != .own)
        let loaded = try package.load(program: "float", threads: 3)
        #expect(loaded.values.allSatisfy { Int(bitPattern: $0.base) % 64 == 0 })
        #expect(loaded["embedding/user"]?.storage.byteCount ?? 0 >= 800_016)
        for (name, tensor) in loaded { expectEqual(tensor, contents.tensors[name], name) }
    }

    @Test func `reads only shards that the program needs`() throws {
        let folder = try TemporaryFolder()
        try PackageWriter.write(SampleContents.make(), to: folder.path)
        let package = try PackageReader.open(folder.path)
        let names = package.model.programs.map { program in
            Set(package.shards(of: program).map(\.fileName))
        }
        #expect(names[0].union(names[1]).count == package.shards.count)
        // What both read: biases and the heads that stay float.
        #expect(!names[0].isDisjoint(with: names[1]))
        let floatOnly = names[0].subtracting(names[1])
        #expect(!floatOnly.isEmpty)
        for name in floatOnly {
            var bytes = try TemporaryFolder.read(folder.path + "/" + name)
            for index in bytes.indices { bytes[index] = 0 }
            try TemporaryFolder.write(bytes, to: folder.path + "/" + name)
        }
        _ = try package.load(program: "int8")
        #expect(throws: PackageError.self) { try package.load(program: "float") }
    }

    @Test func `stores blocks raw where compression gains little, and says so`() throws {
        let folder = try TemporaryFolder()
        var contents = try SampleContents.make(userCount: 20_000)
        let table = "embedding/user"
        contents.tensors[table] = Tensor(zeros: .float32, shape: [20_002, 2])
        let options = PackageOptions(sharedByteCountMax: 0)
        try PackageWriter.write(contents, to: folder.path, options: options)
        let package = try PackageReader.open(folder.path)
        func summary(_ name: String) throws -> ShardSummary {
            let tensor = try #require(package.tensors.first { $0.name == name })
            return try package.summary(ofShard: tensor.segments[0].shard)
        }
        let zeros = try summary(table)
        #expect(zeros.pieces.map(\.tensor) == [table])
        #expect(zeros.pieces[0].rows == 0..<20_002 && zeros.pieces[0].rawByteCount == 160_016)
        #expect(zeros.blocks.text == "zstd" && zeros.pieces[0].blocks == zeros.blocks)
        // Whole-range int8 from a uniform source: nothing to gain.
        let noise = try summary(table + "/int8")
        #expect(noise.pieces.map(\.tensor) == [table + "/int8", table + "/scale"])
        #expect(noise.blocks.raw >= 1 && noise.pieces[0].blocks.text == "raw")
    }

    @Test func `writes the same bytes from the same contents`() throws {
        let folder = try TemporaryFolder()
        let contents = try SampleContents.make(userCount: 3000)
        let first = try folder.folder("1")
        let second = try folder.folder("2")
        try PackageWriter.write(contents, to: first, options: PackageOptions(threads: 1))
        try PackageWriter.write(contents, to: second, options: PackageOptions(threads: 3))
        let names = try TemporaryFolder.names(in: first)
        #expect(try TemporaryFolder.names(in: second) == names)
        for name in names {
            #expect(
                try TemporaryFolder.read(first + "/" + name)
                    == TemporaryFolder.read(second + "/" + name))
        }
    }
}

/// Same dtype, shape and bytes.
func expectEqual(
    _ tensor: Tensor, _ expected: Tensor?, _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let isEqual =
        expected.map {
            tensor.dtype == $0.dtype && tensor.shape == $0.shape
                && memcmp(tensor.base, $0.base, tensor.byteCount) == 0
        } ?? false
    #expect(isEqual, "\(name)", sourceLocation: sourceLocation)
}
