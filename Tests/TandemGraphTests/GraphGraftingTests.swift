import TandemGraph
import Testing

struct GraphGraftingTests {
    /// `y = 2 * x` over two numbers a row, as an encoder would be.
    private func donor() throws -> WeightedGraph {
        var builder = try GraphBuilder(name: "donor")
        let x = try builder.input("x", TensorType(.float32, .candidate, sizes: [2]))
        let weight = try builder.parameter("w", .float32, [2, 2])
        try builder.output(try builder.node("y", .linear, [x, weight]))
        return WeightedGraph(
            builder.finished(), ["w": Tensor(.float32, shape: [2, 2], [2, 0, 0, 2 as Float])])
    }

    /// The sum of a side's numbers.
    private func whole(width: Int) throws -> WeightedGraph {
        var builder = try GraphBuilder(name: "whole")
        let x = try builder.input("dense", TensorType(.float32, .context, sizes: [width]))
        try builder.output(try builder.node("sum", .reduce(.sum, axis: 0), [x]))
        return WeightedGraph(builder.finished(), [:])
    }

    private func graft(column: Int, output: String = "y") throws -> GraphGraft {
        GraphGraft(
            donor: try donor(), output: output, input: "dense", column: column, prefix: "text")
    }

    @Test func `a donor that feeds all columns takes the input's place and rows`() throws {
        let joined = try whole(width: 2).grafting([try graft(column: 0)])
        #expect(joined.graph.inputs.map { joined.graph[$0].name } == ["text/x"])
        #expect(joined.graph[joined.graph.inputs[0]].type.rows == .context)
        let outputs = try ReferenceExecutor(joined.graph, joined.tensors).run(
            ["text/x": ReferenceTensor(rowCount: 1, shape: [2], .float32([1, 10]))], rowCount: 3)
        #expect(outputs["sum"]?.floats == [22])
    }

    @Test func `columns that nobody feeds stay the input's, moved together`() throws {
        let joined = try whole(width: 6).grafting([
            try graft(column: 1),
            GraphGraft(donor: try donor(), output: "y", input: "dense", column: 4, prefix: "b"),
        ])
        let dense = ReferenceTensor(
            rowCount: 1, shape: [2], .float32([1, 5]))
        let outputs = try ReferenceExecutor(joined.graph, joined.tensors).run(
            [
                "dense": dense,
                "text/x": ReferenceTensor(rowCount: 1, shape: [2], .float32([10, 20])),
                "b/x": ReferenceTensor(rowCount: 1, shape: [2], .float32([100, 200])),
            ], rowCount: 1)
        #expect(outputs["sum"]?.floats == [666])
    }

    @Test func `refuses columns that overlap or lie outside, and unknown names`() throws {
        func code(_ grafts: [GraphGraft]) throws -> GraphError.Code? {
            let whole = try whole(width: 3)
            do throws(GraphError) {
                _ = try whole.grafting(grafts)
                return nil
            } catch { return error.code }
        }
        #expect(try code([graft(column: 1)]) == nil)
        #expect(try code([graft(column: 2)]) == .wrongShape)
        #expect(try code([graft(column: -1)]) == .wrongShape)
        let second = GraphGraft(
            donor: try donor(), output: "y", input: "dense", column: 1, prefix: "b")
        #expect(try code([graft(column: 0), second]) == .wrongShape)
        #expect(try code([graft(column: 0, output: "z")]) == .unknownValue)
        #expect(
            try code([GraphGraft(donor: donor(), output: "y", input: "sparse", prefix: "a")])
                == .unknownValue)
    }
}
