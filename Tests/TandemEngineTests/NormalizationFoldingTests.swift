import TandemEngine
import TandemGraph
import TandemTestSupport
import Testing

@Suite struct NormalizationFoldingTests {
    /// A layer with batch norm behind it, and batch norm before two layers.
    private static let text = """
        graph g {
          input x: f32 candidate [6]
          parameter w1: f32 [5, 6]
          parameter b1: f32 [5]
          parameter s1: f32 [5]
          parameter t1: f32 [5]
          parameter s2: f32 [5]
          parameter t2: f32 [5]
          parameter w2: f32 [3, 5]
          parameter b2: f32 [3]
          parameter w3: f32 [2, 5]
          a = linear(x, w1, b1): f32 candidate [5]
          as = multiply(a, s1): f32 candidate [5]
          at = add(t1, as): f32 candidate [5]
          r = relu(at): f32 candidate [5]
          rs = multiply(r, s2): f32 candidate [5]
          rt = add(rs, t2): f32 candidate [5]
          y = linear(rt, w2, b2): f32 candidate [3]
          z = linear(rt, w3): f32 candidate [2]
          output y
          output z
        }
        """

    private static func model(_ text: String) throws -> WeightedGraph {
        let graph = try Graph(text: text)
        return WeightedGraph(graph, SampleModels.parameters(for: graph, seed: 12))
    }

    private static func expectSameScores(_ one: WeightedGraph, _ other: WeightedGraph) throws {
        let inputs = SampleModels.inputs(for: one.graph, rowCount: 9, seed: 2)
        let expected = try ReferenceExecutor(one.graph, one.tensors).run(inputs, rowCount: 9)
        let actual = try ReferenceExecutor(other.graph, other.tensors).run(inputs, rowCount: 9)
        for (name, tensor) in expected {
            for (value, wanted) in zip(try #require(actual[name]).floats, tensor.floats) {
                #expect(abs(value - wanted) <= 1e-5 * max(1, abs(wanted)), "\(name)")
            }
        }
    }

    @Test func `batch norm disappears into the layers on either side`() throws {
        let model = try Self.model(Self.text)
        let folded = try NormalizationFolding.applied(to: model)
        #expect(folded.graph.nodes.map(\.operation) == [.linear, .unary(.relu), .linear, .linear])
        try Self.expectSameScores(model, folded)
    }

    @Test(arguments: [
        ("  z = linear(rt, w3): f32 candidate [2]", "  z = tanh(rt): f32 candidate [5]"),
        ("  output z", "  output z\n  output rt"),
    ])
    func `what is not read by layers alone keeps its numbers`(
        line: String, other: String
    ) throws {
        var text = Self.text.replacing(line, with: other)
        if !text.contains("w3): f32 candidate") {
            text = text.replacing("  parameter w3: f32 [2, 5]\n", with: "")
        }
        let model = try Self.model(text)
        let folded = try NormalizationFolding.applied(to: model)
        #expect(folded.graph.nodes.contains { $0.operation == .binary(.multiply) })
        try Self.expectSameScores(model, folded)
    }

    @Test func `a layer that is read twice stays as it is`() throws {
        let text = Self.text.replacing("  output z", with: "  output z\n  output a")
        let model = try Self.model(text)
        let folded = try NormalizationFolding.applied(to: model)
        #expect(folded.graph.nodes.count == 6)
        try Self.expectSameScores(model, folded)
    }

    @Test(arguments: ["add(a, r)", "add(r, a)"])
    func `a bias behind a residual connection goes to the layer before it`(sum: String) throws {
        let model = try Self.model(
            """
            graph g {
              input x: f32 candidate [6]
              input r: f32 candidate [5]
              parameter w: f32 [5, 6]
              parameter t: f32 [5]
              a = linear(x, w): f32 candidate [5]
              s = \(sum): f32 candidate [5]
              y = add(s, t): f32 candidate [5]
              output y
            }
            """)
        let folded = try NormalizationFolding.applied(to: model)
        #expect(folded.graph.nodes.map(\.operation) == [.linear, .binary(.add)])
        #expect(folded.graph.nodes[0].inputs.count == 3)
        try Self.expectSameScores(model, folded)
    }

    @Test func `a bias behind a sum that others read too stays`() throws {
        let model = try Self.model(
            """
            graph g {
              input x: f32 candidate [6]
              input r: f32 candidate [5]
              parameter w: f32 [5, 6]
              parameter t: f32 [5]
              a = linear(x, w): f32 candidate [5]
              s = add(a, r): f32 candidate [5]
              y = add(s, t): f32 candidate [5]
              output y
              output s
            }
            """)
        let folded = try NormalizationFolding.applied(to: model)
        #expect(folded.graph.nodes.count == 3)
        try Self.expectSameScores(model, folded)
    }
}
