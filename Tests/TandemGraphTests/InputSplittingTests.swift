import TandemGraph
import Testing

@Suite struct InputSplittingTests {
    private func model() throws -> WeightedGraph {
        let graph = try Graph(
            text: """
                graph g {
                  input x: f32 candidate [4]
                  parameter w: f32 [1, 4]
                  user = slice(x) {axis=0, start=1, end=3}: f32 candidate [2]
                  sum = reduce_sum(user) {axis=0}: f32 candidate []
                  one = reshape(sum) {shape=[1]}: f32 candidate [1]
                  all = linear(x, w): f32 candidate [1]
                  y = add(one, all): f32 candidate [1]
                  output y
                }
                """)
        return WeightedGraph(
            graph, ["w": Tensor(.float32, shape: [1, 4], [1, 10, 100, 1000 as Float])])
    }

    @Test func `columns of the context are an input of their own, and answers stay`() throws {
        let split = try model().splittingInput("x", contextColumns: 1..<3)
        let plain = try Canonicalization.applied(to: split)
        let inputs = [
            "x.context": ReferenceTensor(rowCount: 1, shape: [2], .float32([2, 3])),
            "x.candidate": ReferenceTensor(rowCount: 2, shape: [2], .float32([1, 4, 5, 6])),
        ]
        let whole = ReferenceTensor(
            rowCount: 2, shape: [4], .float32([1, 2, 3, 4, 5, 2, 3, 6]))
        let model = try model()
        let expected = try ReferenceExecutor(model.graph, model.tensors).run(
            ["x": whole], rowCount: 2)
        for graph in [split, plain] {
            let found = try ReferenceExecutor(graph.graph, graph.tensors).run(inputs, rowCount: 2)
            #expect(found["y"]?.floats == expected["y"]?.floats)
        }
        // What reads the context's columns alone is the context's.
        let sum = try #require(plain.graph.value(named: "sum"))
        #expect(plain.graph[sum].type.rows == .context)
    }

    @Test(arguments: [0..<4, 3..<5, 2..<2, -1..<1])
    func `refuses columns that are no part of the input`(columns: Range<Int>) throws {
        let model = try model()
        let error = #expect(throws: GraphError.self) {
            try model.splittingInput("x", contextColumns: columns)
        }
        #expect(error?.code == .wrongShape && error?.subject == "x")
    }

    @Test func `refuses an input that is not there and lists those that are`() throws {
        let model = try model()
        let error = #expect(throws: GraphError.self) {
            try model.splittingInput("z", contextColumns: 0..<1)
        }
        #expect(error?.code == .unknownValue && error?.message.contains("x") == true)
    }
}
