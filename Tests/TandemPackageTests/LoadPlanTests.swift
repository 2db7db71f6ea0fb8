import TandemGraph
import Testing

@testable import TandemPackage

/// Packages of other writers may lay tensors out in ways that ours does not.
@Suite struct LoadPlanTests {
    /// A package of float32 vectors, and what is in a shard: raw bytes that count up.
    private static func package(
        _ tensors: [(name: String, segments: [Segment])], shards: Int, wanted: [String]
    ) throws -> (package: Package, program: Program) {
        var builder = try GraphBuilder(name: "g")
        let records = tensors.map { tensor in
            let count = tensor.segments.reduce(0) { $0 + $1.rowCount }
            return TensorRecord(
                name: tensor.name, dtype: .uint8, shape: [count], segments: tensor.segments)
        }
        for record in records where wanted.contains(record.name) {
            _ = try builder.parameter(record.name, record.dtype, record.shape)
        }
        let program = Program(name: "p", graph: builder.finished())
        let package = Package(
            path: "", model: try SampleContents.make().model, tensors: records,
            shards: try (0..<shards).map { index in
                ShardRecord(
                    contentID: try #require(
                        ContentID(bytes: [UInt8](repeating: UInt8(index), count: 32))),
                    storedByteCount: 0, rawByteCount: 0, blockCount: 0, indexChecksum: 0)
            }, contentID: try #require(ContentID(bytes: [UInt8](repeating: 0, count: 32))),
            manifestByteCount: 0)
        return (package, program)
    }

    private static func segment(
        _ shard: Int, at offset: Int, rows: Range<Int>
    ) -> Segment {
        Segment(
            shard: shard, offset: offset, rowBegin: rows.lowerBound, rowCount: rows.count,
            byteCount: rows.count)
    }

    @Test func `copies a shard as it is when all of it is wanted`() throws {
        let (package, program) = try Self.package(
            [
                ("a", [Self.segment(0, at: 0, rows: 0..<100)]),
                ("b", [Self.segment(0, at: 128, rows: 0..<10)]),
            ], shards: 1, wanted: ["a", "b"])
        let plan = LoadPlan(package, program: program)
        #expect(plan.byteCount == 138)
        #expect(plan.shards[0].spans.map(\.raw) == [0..<138])
        #expect(plan.shards[0].fate(of: 0..<138) == .direct(0))
        #expect(plan.shards[0].fate(of: 130..<138) == .direct(130))
    }

    @Test func `skips, scatters or places blocks around tensors that are not wanted`() throws {
        let (package, program) = try Self.package(
            [
                ("a", [Self.segment(0, at: 0, rows: 0..<64)]),
                ("b", [Self.segment(0, at: 64, rows: 0..<64)]),
                ("c", [Self.segment(0, at: 128, rows: 0..<64)]),
            ], shards: 1, wanted: ["a", "c"])
        let shard = LoadPlan(package, program: program).shards[0]
        #expect(shard.spans.map(\.raw) == [0..<64, 128..<192])
        #expect(shard.spans.map(\.destination) == [0, 64])
        #expect(shard.fate(of: 0..<64) == .direct(0))
        #expect(shard.fate(of: 64..<128) == .skipped)
        #expect(shard.fate(of: 128..<192) == .direct(64))
        #expect(shard.fate(of: 140..<150) == .direct(76))
        #expect(shard.fate(of: 0..<65) == .scattered)
        #expect(shard.fate(of: 127..<129) == .scattered)
        #expect(shard.fate(of: 0..<192) == .scattered)
    }

    /// The bytes behind a tensor's first rows are its next rows, which come from another shard: the
    /// padding that the first shard has there must not be copied over them.
    @Test func `does not take padding for part of a tensor that goes on elsewhere`() throws {
        let (package, program) = try Self.package(
            [
                (
                    "a",
                    [
                        Self.segment(0, at: 0, rows: 0..<100),
                        Self.segment(1, at: 0, rows: 100..<120),
                    ]
                ),
                ("b", [Self.segment(0, at: 128, rows: 0..<10)]),
            ], shards: 2, wanted: ["a", "b"])
        let plan = LoadPlan(package, program: program)
        #expect(plan.placements.map(\.destination) == [0, 128])
        #expect(plan.shards[0].spans.map(\.raw) == [0..<100, 128..<138])
        #expect(plan.shards[0].fate(of: 0..<138) == .scattered)
        #expect(plan.shards[1].spans.map(\.destination) == [100])
    }

    /// The same by loading: two tensors share blocks, a program names one of them.
    @Test(arguments: [1, 3])
    func `loads a program that names part of a shard`(threads: Int) throws {
        let folder = try TemporaryFolder()
        let contents = try SampleContents.make()
        try PackageWriter.write(contents, to: folder.path)
        let package = try PackageReader.open(folder.path)
        // A program that the writer did not know of: every second parameter of the float one.
        var builder = try GraphBuilder(name: "half")
        let graph = package.model.programs[0].graph
        for (index, id) in graph.parameters.enumerated() where index % 2 == 0 {
            _ = try builder.parameter(
                graph[id].name, graph[id].type.dtype, graph[id].type.fixedSizes ?? [])
        }
        var model = package.model
        model.programs.append(Program(name: "half", graph: builder.finished()))
        let changed = Package(
            path: package.path, model: model, tensors: package.tensors, shards: package.shards,
            contentID: package.contentID, manifestByteCount: package.manifestByteCount)
        let loaded = try changed.load(program: "half", threads: threads)
        #expect(loaded.count == (graph.parameters.count + 1) / 2)
        for (name, tensor) in loaded { expectEqual(tensor, contents.tensors[name], name) }
    }
}
