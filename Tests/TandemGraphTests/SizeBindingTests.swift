import TandemGraph
import Testing

@Suite struct SizeBindingTests {
    /// The tail of a sequence, its size, and its positions: what depends on a name.
    private func graph() throws -> Graph {
        var builder = try GraphBuilder(name: "tail")
        let sequence = Dimension.symbol("s")
        let x = try builder.input("x", TensorType(.float32, .none, [sequence, 2]))
        let weights = try builder.input("weights", TensorType(.float32, .none, [sequence, 1]))
        let product = try builder.node("product", .binary(.multiply), [x, weights])
        try builder.output(
            try builder.node("tail", .slice(axis: 0, start: 1, end: sequence), [product]))
        let flat = try #require(sequence.multiplied(by: 2))
        try builder.output(try builder.node("flat", .reshape([flat]), [x]))
        try builder.output(try builder.node("size", .size(flat), []))
        try builder.output(try builder.node("positions", .range(count: sequence), []))
        return builder.finished()
    }

    @Test func `numbers take the place of names in types and attributes`() throws {
        let graph = try graph()
        let bound = try graph.binding(["s": 3, "unknown": 7])
        #expect(bound.text.contains("tail = slice(product) {axis=0, start=1, end=3}: f32 [2, 2]"))
        #expect(bound.text.contains("flat = reshape(x) {shape=[6]}: f32 [6]"))
        #expect(bound.values.map(\.name) == graph.values.map(\.name))
        #expect(bound.outputs == graph.outputs)
        #expect(try graph.binding([:]) == graph)
    }

    @Test func `refuses a number that a slice does not fit`() throws {
        var builder = try GraphBuilder(name: "g")
        let x = try builder.input("x", TensorType(.float32, .none, [.symbol("s")]))
        _ = try builder.node("cut", .slice(axis: 0, start: 0, end: 5), [x])
        let graph = builder.finished()
        let error = #expect(throws: GraphError.self) { try graph.binding(["s": 4]) }
        #expect(error?.subject == "cut")
        #expect(throws: GraphError.self) { try graph.binding(["s": 0]) }
        #expect(try graph.binding(["s": 5]).values.count == 2)
    }

    private func inputs(_ x: Int, _ weights: Int) -> [String: ReferenceTensor] {
        [
            "x": OneOperation.pattern([x, 2]),
            "weights": ReferenceTensor(
                shape: [weights, 1], .float32([Float](repeating: 2, count: weights))),
        ]
    }

    @Test func `the reference takes sizes from its inputs`() throws {
        let executor = try ReferenceExecutor(try graph(), [:])
        let y = try executor.run(inputs(3, 3))
        #expect(y["tail"] == ReferenceTensor(shape: [2, 2], .float32([-2.5, 1, -2, 1.5])))
        #expect(y["size"]?.elements == .int64([6]))
        #expect(y["positions"]?.elements == .int64([0, 1, 2]))
        #expect(try executor.run(inputs(1, 1))["tail"]?.shape == [0, 2])
    }

    @Test func `refuses inputs that contradict each other and names the size`() throws {
        let executor = try ReferenceExecutor(try graph(), [:])
        let error = #expect(throws: GraphError.self) { try executor.run(inputs(3, 2)) }
        #expect(error?.code == .wrongTensor)
        #expect(error?.message.contains("'s'") == true)
    }

    @Test func `refuses a size that no input says`() throws {
        var builder = try GraphBuilder(name: "g")
        try builder.output(try builder.node("r", .range(count: .symbol("s")), []))
        let executor = try ReferenceExecutor(builder.finished(), [:])
        let error = #expect(throws: GraphError.self) { try executor.run([:]) }
        #expect(error?.subject == "r")
    }

    @Test(arguments: [
        "n = size() {of=s}: i64 []", "y = slice(x) {axis=0, start=s, end=s+1}: f32 [1]",
    ])
    func `a size that no input says is no 0`(line: String) throws {
        let graph = try Graph(text: "graph g {\n  parameter x: f32 [9]\n  \(line)\n}")
        let executor = try ReferenceExecutor(graph, ["x": Tensor(zeros: .float32, shape: [9])])
        let error = #expect(throws: GraphError.self) { try executor.run([:]) }
        #expect(error?.code == .wrongShape)
    }

    @Test func `refuses a value of more elements than memory should hold`() throws {
        var builder = try GraphBuilder(name: "g")
        try builder.output(try builder.node("r", .range(count: .fixed(1 << 40)), []))
        let executor = try ReferenceExecutor(builder.finished(), [:])
        let error = #expect(throws: GraphError.self) { try executor.run([:]) }
        #expect(error?.code == .overflow)
    }
}
