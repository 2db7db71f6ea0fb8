import Synchronization
import TandemGraph
import TandemTestSupport
import Testing

@testable import TandemEngine

@Suite struct PackedWeightsTests {
    /// Two layers over one weight, of which one is read as it is too.
    private func graph() throws -> Graph {
        var builder = try GraphBuilder(name: "g")
        let input = try builder.input("x", TensorType(.float32, .candidate, sizes: [2]))
        let passing = try builder.parameter("passing", .float32, [2, 2])
        let read = try builder.parameter("read", .float32, [2, 2])
        let first = try builder.node("first", .linear, [input, passing])
        let second = try builder.node("second", .linear, [first, passing])
        let third = try builder.node("third", .linear, [second, read])
        let row = try builder.node(
            "row", .slice(axis: 0, start: .fixed(0), end: .fixed(1)), [read])
        let flat = try builder.node("flat", .reshape([.fixed(2)]), [row])
        try builder.output(builder.node("y", .binary(.add), [third, flat]))
        return builder.finished()
    }

    private let tensors: TensorSet = [
        "passing": Tensor(.float32, shape: [2, 2], [1, 2, 3, 4] as [Float]),
        "read": Tensor(.float32, shape: [2, 2], [0.5, -1, 2, 0.25] as [Float]),
    ]

    @Test func `a weight is packed once, and passes through if nothing else reads it`() throws {
        let graph = try graph()
        let packings = Packing.all(of: graph)
        #expect(packings.map(\.weight) == ["passing", "read"])
        #expect(Packing.parameters(of: graph) == ["passing"])
    }

    @Test func `lets go of a weight when it is packed, and keeps what is read`() throws {
        let given = tensors.mapValues {
            Tensor($0.dtype, shape: $0.shape, Array($0.elements(as: Float.self)))
        }
        weak let passing = given["passing"]?.storage
        weak let read = given["read"]?.storage
        let plan = try Plan(try graph(), consume given)
        #expect(passing == nil)
        #expect(read != nil)
        withExtendedLifetime(plan) {}
    }

    @Test func `a plan over given weights needs no tensors of them and gives the same`() throws {
        let graph = try graph()
        let first = try Plan(graph, tensors)
        var rest = tensors
        rest["passing"] = nil
        let second = try Plan(graph, rest, packed: first.packedWeights)
        #expect(
            second.packedWeights.values.allSatisfy { weights in
                first.packedWeights.values.contains { $0 === weights }
            })
        let inputs = SampleModels.inputs(for: graph, rowCount: 5, seed: 1)
        #expect(
            PlanRunner.run(first, inputs, rowCount: 5)
                == PlanRunner.run(second, inputs, rowCount: 5)
        )
        #expect(first.memory.packedWeights == second.memory.packedWeights)
    }

    @Test func `says which weight is neither given nor packed`() throws {
        let graph = try graph()
        let packed = try Plan(graph, tensors).packedWeights
        for name in ["passing", "read"] {
            var rest = tensors
            rest[name] = nil
            #expect { try Plan(graph, rest) } throws: { ($0 as? EngineError)?.subject == name }
        }
        // What is read as it is too has to be there, packed or not.
        #expect {
            try Plan(graph, ["passing": try #require(tensors["passing"])], packed: packed)
        } throws: {
            ($0 as? EngineError)?.subject == "read"
        }
    }

    /// Weights of several pieces, with a panel that is not full.
    @Test(arguments: [DataType.int8, .float32])
    func `pieces of a weight may be packed in any order`(dtype: DataType) throws {
        let shape = [1_003, 511]
        var random = RandomSource(seed: 3)
        let values = (0..<shape[0] * shape[1]).map { _ in random.uniform() * 254 - 127 }
        var tensors: TensorSet = [:]
        var builder = try GraphBuilder(name: "g")
        var inputs = [
            try builder.input("x", TensorType(.float32, .candidate, sizes: [shape[1]])),
            try builder.parameter("w", dtype, shape),
        ]
        if dtype == .int8 {
            tensors["w"] = Tensor(.int8, shape: shape, values.map { Int8($0) })
            tensors["s"] = Tensor(
                .float32, shape: [shape[0]], (0..<shape[0]).map { 0.001 + Float($0) })
            inputs.append(try builder.parameter("s", .float32, [shape[0]]))
        } else {
            tensors["w"] = Tensor(.float32, shape: shape, values)
        }
        try builder.output(
            builder.node("y", dtype == .int8 ? .quantizedLinear : .linear, inputs))
        let graph = builder.finished()
        let pieceCount = Mutex(0)
        let plan = try Plan(graph, tensors) { count, piece in
            pieceCount.withLock { $0 += count }
            for index in (0..<count).reversed() { piece(index) }
        }
        #expect(pieceCount.withLock { $0 } > 1)
        let rows = SampleModels.inputs(for: graph, rowCount: 3, seed: 1)
        let actual = try #require(PlanRunner.run(plan, rows, rowCount: 3)["y"])
        let expected = try #require(
            try ReferenceExecutor(graph, tensors).run(rows, rowCount: 3)["y"]
        ).floats
        #expect(actual.count == expected.count)
        for (value, wanted) in zip(actual, expected) {
            #expect(abs(value - wanted) <= 1e-3 * max(1, abs(wanted)))
        }
    }

    @Test func `packs int8 weights with their scales`() throws {
        var builder = try GraphBuilder(name: "g")
        let input = try builder.input("x", TensorType(.float32, .candidate, sizes: [4]))
        let weight = try builder.parameter("w", .int8, [3, 4])
        let scale = try builder.parameter("s", .float32, [3])
        try builder.output(builder.node("y", .quantizedLinear, [input, weight, scale]))
        let graph = builder.finished()
        #expect(Packing.all(of: graph).map(\.parameters) == [["w", "s"]])
        #expect(Packing.parameters(of: graph) == ["w", "s"])
    }
}
