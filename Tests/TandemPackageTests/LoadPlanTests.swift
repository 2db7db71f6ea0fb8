import TandemGraph
import Testing

@testable import TandemPackage

/// Where tensors lie, also in packages of writers that lay them out in other ways than ours.
@Suite struct LoadPlanTests {
    /// A plan for tensors of uint8 with rows of one byte, in shards of these raw bytes, on pages of
    /// 64 bytes.
    private static func plan(
        _ tensors: [(name: String, segments: [Segment])], shards: [Int], wanted: [String]
    ) throws -> LoadPlan {
        var builder = try GraphBuilder(name: "g")
        let records = tensors.map { tensor in
            let count = tensor.segments.reduce(0) { $0 + $1.rowCount }
            return TensorRecord(
                name: tensor.name, dtype: .uint8, shape: [count], segments: tensor.segments)
        }
        for record in records where wanted.contains(record.name) {
            _ = try builder.parameter(record.name, record.dtype, record.shape)
        }
        let package = Package(
            path: "", model: try SampleContents.make().model, tensors: records,
            shards: try shards.enumerated().map { index, byteCount in
                ShardRecord(
                    contentID: try #require(
                        ContentID(bytes: [UInt8](repeating: UInt8(index), count: 32))),
                    storedByteCount: 0, rawByteCount: byteCount, blockCount: 0, indexChecksum: 0)
            }, contentID: try #require(ContentID(bytes: [UInt8](repeating: 0, count: 32))),
            manifestByteCount: 0)
        return LoadPlan(
            package, program: Program(name: "p", graph: builder.finished()), pageByteCount: 64)
    }

    private static func segment(
        _ shard: Int, at offset: Int, rows: Range<Int>
    ) -> Segment {
        Segment(
            shard: shard, offset: offset, rowBegin: rows.lowerBound, rowCount: rows.count,
            byteCount: rows.count)
    }

    private func place(_ name: String, in plan: LoadPlan) -> LoadPlan.Place? {
        plan.placements.first { $0.tensor.name == name }?.place
    }

    @Test func `takes only shards of wanted tensors, each a run of its own`() throws {
        let plan = try Self.plan(
            [
                ("a", [Self.segment(0, at: 0, rows: 0..<100)]),
                ("b", [Self.segment(0, at: 128, rows: 0..<10)]),
                ("c", [Self.segment(1, at: 0, rows: 0..<10)]),
                ("d", [Self.segment(2, at: 0, rows: 0..<7)]),
            ], shards: [138, 10, 7], wanted: ["a", "b", "d"])
        #expect(plan.runs.map(\.shards) == [[0], [2]])
        #expect(plan.byteCount == 145)
        #expect(place("a", in: plan) == .run(0, offset: 0))
        #expect(place("b", in: plan) == .run(0, offset: 128))
        #expect(place("d", in: plan) == .run(1, offset: 0))
    }

    @Test func `places a table of 2^31 rows, beyond 4 GiB of its run`() throws {
        let gibibyte = 1 << 30
        let plan = try Self.plan(
            [
                (
                    "table",
                    [
                        Self.segment(0, at: 0, rows: 0..<gibibyte),
                        Self.segment(1, at: 0, rows: gibibyte..<(2 * gibibyte)),
                        Self.segment(2, at: 0, rows: (2 * gibibyte)..<(5 * gibibyte)),
                        Self.segment(3, at: 0, rows: (5 * gibibyte)..<(5 * gibibyte + 7)),
                    ]
                ),
                ("b", [Self.segment(3, at: 64, rows: 0..<10)]),
            ], shards: [gibibyte, gibibyte, 3 * gibibyte, 74], wanted: ["table", "b"])
        #expect(plan.runs.map(\.offsets) == [[0, gibibyte, 2 * gibibyte, 5 * gibibyte]])
        #expect(place("table", in: plan) == .run(0, offset: 0))
        #expect(place("b", in: plan) == .run(0, offset: 5 * gibibyte + 64))
        #expect(plan.byteCount == 5 * gibibyte + 74)
    }

    @Test func `puts shards of a table side by side where they are whole pages`() throws {
        let plan = try Self.plan(
            [
                (
                    "table",
                    [
                        Self.segment(2, at: 0, rows: 0..<128),
                        Self.segment(0, at: 0, rows: 128..<192),
                        Self.segment(1, at: 0, rows: 192..<200),
                    ]
                ),
                ("b", [Self.segment(1, at: 64, rows: 0..<10)]),
            ], shards: [64, 74, 128], wanted: ["table", "b"])
        #expect(
            plan.runs == [LoadPlan.Run(shards: [2, 0, 1], offsets: [0, 128, 192], byteCount: 266)])
        #expect(place("table", in: plan) == .run(0, offset: 0))
        #expect(place("b", in: plan) == .run(0, offset: 256))
        #expect(plan.byteCount == 266)
    }

    @Test func `copies a table whose shards cannot be put side by side`() throws {
        // Not whole pages; then one that begins in the middle of the next shard.
        for (bytes, offset) in [(100, 0), (128, 64)] {
            let plan = try Self.plan(
                [
                    (
                        "table",
                        [
                            Self.segment(0, at: 0, rows: 0..<bytes),
                            Self.segment(1, at: offset, rows: bytes..<bytes + 20),
                        ]
                    )
                ], shards: [bytes, offset + 20], wanted: ["table"])
            #expect(plan.runs.map(\.shards) == [[0], [1]])
            #expect(place("table", in: plan) == .own)
            #expect(plan.byteCount == 2 * (bytes + 20) + offset)
        }
    }

    @Test func `does not go in circles, and lets one of two tables have a shard`() throws {
        func table(_ name: String, _ first: Int, _ second: Int) -> (String, [Segment]) {
            (
                name,
                [
                    Self.segment(first, at: 0, rows: 0..<64),
                    Self.segment(second, at: 0, rows: 64..<128),
                ]
            )
        }
        let circle = try Self.plan(
            [table("a", 0, 1), table("b", 1, 0)], shards: [64, 64], wanted: ["a", "b"])
        #expect(circle.runs.map(\.shards) == [[0], [1]])
        #expect(place("a", in: circle) == .own && place("b", in: circle) == .own)
        let fork = try Self.plan(
            [table("a", 0, 1), table("b", 2, 1)], shards: [64, 64, 64], wanted: ["a", "b"])
        #expect(fork.runs.map(\.shards) == [[0, 1], [2]])
        #expect(place("a", in: fork) == .run(0, offset: 0))
        #expect(place("b", in: fork) == .own)
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
