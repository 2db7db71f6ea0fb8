import TandemGraph
import TandemPackage
import Testing

@Suite struct GraphContentTests {
    private func model(weight: String, value: Float, name: String) throws -> WeightedGraph {
        var builder = try GraphBuilder(name: name)
        let x = try builder.input("x", TensorType(.float32, .candidate, sizes: [1]))
        let w = try builder.parameter(weight, .float32, [1, 1])
        let hidden = try builder.node("\(name)/hidden", .linear, [x, w])
        try builder.output(try builder.node("y", .unary(.sigmoid), [hidden]))
        return WeightedGraph(
            builder.finished(), [weight: Tensor(.float32, shape: [1, 1], [value])])
    }

    @Test func `a model's identity is its structure and contents and not its names`() throws {
        let one = try model(weight: "w", value: 2, name: "a").contentID()
        #expect(try model(weight: "layer.weight", value: 2, name: "b").contentID() == one)
        #expect(try model(weight: "w", value: 3, name: "a").contentID() != one)
    }

    /// The hash is stored in people's notes and scripts: it must not change between versions.
    @Test func `the identity of a known model is what it always was`() throws {
        let hash = try model(weight: "w", value: 2, name: "a").contentID().hexadecimal
        #expect(hash == "67ec75738d6557ffd74f0d2b3610df52a9036de29401faca0e90c523f82d07a6")
    }
}

@Suite struct ProgramToleranceTests {
    @Test func `a program may differ under other arithmetic by what its own rounds`() throws {
        let graph = try #require(SampleContents.make().model.programs.first).graph
        #expect(Program(name: "float", graph: graph).tolerance == 1e-4)
        #expect(Program(name: "int8", graph: graph).tolerance == 0.01)
        #expect(Program(name: "int8", graph: graph, tolerance: 0.5).tolerance == 0.5)
    }
}
