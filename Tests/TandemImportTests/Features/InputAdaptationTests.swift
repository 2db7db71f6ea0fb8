import TandemGraph
import TandemImport
import Testing

@Suite struct InputAdaptationTests {
    @Test func `takes whole numbers and bools as i32, and leaves the rest`() throws {
        var builder = try GraphBuilder(name: "masked")
        let x = try builder.input("x", TensorType(.float32, .candidate, sizes: [3]))
        let mask = try builder.input("mask", TensorType(.bool, .candidate, sizes: [3]))
        let ids = try builder.input("ids", TensorType(.int64, .context, sizes: []))
        let table = try builder.parameter("table", .float32, [5, 3])
        let row = try builder.node("row", .gather(axis: 0), [table, ids])
        try builder.output(try builder.node("y", .select, [mask, x, row]))
        let tensor = Tensor(.float32, shape: [5, 3], [Float](repeating: 1, count: 15))
        let model = WeightedGraph(builder.finished(), ["table": tensor])
        let adapted = try InputAdaptation.applied(to: model)
        #expect(
            adapted.graph.inputs.map { adapted.graph[$0].type.description } == [
                "f32 candidate [3]", "i32 candidate [3]", "i32 context []",
            ])
        #expect(
            adapted.graph.nodes.map(\.operation) == [
                .cast(.bool), .cast(.int64), .gather(axis: 0), .select,
            ])
        #expect(adapted.graph.outputs.map { adapted.graph[$0].name } == ["y"])
        #expect(try InputAdaptation.applied(to: adapted).graph == adapted.graph)
    }
}
