import TandemFeatures
import TandemGraph
import TandemTestSupport
import TandemTraining
import Testing

@Suite struct LayerGradientsTests {
    /// Two layers with rectifiers and a score; the first reads the context's share of it.
    private static func model() throws -> WeightedGraph {
        let graph = try Graph(
            text: """
                graph g {
                  input u: f32 context [2]
                  input x: f32 candidate [3]
                  parameter c: f32 [4, 2]
                  parameter w: f32 [4, 3]
                  parameter v: f32 [3, 4]
                  parameter s: f32 [1, 3]
                  share = linear(u, c): f32 context [4]
                  first = linear(x, w, share): f32 candidate [4]
                  hidden = relu(first): f32 candidate [4]
                  second = linear(hidden, v): f32 candidate [3]
                  rest = sigmoid(second): f32 candidate [3]
                  score = linear(rest, s): f32 candidate [1]
                  output score
                }
                """)
        return WeightedGraph(graph, SampleModels.parameters(for: graph, seed: 4))
    }

    /// The score of one row with something added to one result.
    private static func score(
        _ model: WeightedGraph, _ inputs: [String: [Float]], adding bump: Float = 0,
        to element: Int = 0, of layer: String = ""
    ) throws -> Float {
        let graph = model.graph
        let moved = try GraphRewriter.rewrite(model) { rewriter, node throws(GraphError) in
            guard graph[node.output].name == layer else { return nil }
            var operands: [ValueID] = []
            for input in node.inputs { operands.append(try rewriter.value(input)) }
            var offset = [Float](repeating: 0, count: graph[node.output].type.rowElementCount ?? 0)
            offset[element] = bump
            let result = try rewriter.node("plain", node.operation, operands)
            let added = try rewriter.parameter(
                "offset", Tensor(.float32, shape: [offset.count], offset))
            return try rewriter.node(layer, .binary(.add), [result, added])
        }
        let results = try ReferenceExecutor(moved.graph, moved.tensors).run(
            inputs.mapValues { ReferenceTensor(rowCount: 1, shape: [$0.count], .float32($0)) },
            rowCount: 1)
        return results["score"]?.floats.first ?? .nan
    }

    @Test(arguments: ["share", "first", "second"])
    func `derivatives are what a small change of a result does to the score`(
        layer: String
    ) throws {
        let model = try Self.model()
        let inputs: [String: [Float]] = ["u": [0.4, -0.7], "x": [0.9, -0.3, 0.5]]
        let gradients = try LayerGradients(model, layers: ["share", "first", "second"])
        #expect(gradients.layers == ["share", "first", "second"])
        #expect(gradients.outputWidths == [1])
        // The second of two rows.
        let storages = [[0, 0, 0.4, -0.7], [0, 0, 0, 0.9, -0.3, 0.5]].map { values in
            Tensor(.float32, shape: [values.count], values as [Float])
        }
        let encoded = EncodedInputs(
            zip(storages, [2, 3]).map { EncodedInput(base: $0.base, rowStride: $1) })
        let derivatives = withExtendedLifetime(storages) {
            gradients.derivatives(row: 1, of: encoded, factors: [[2]])
        }
        let index = try #require(gradients.layers.firstIndex(of: layer))
        for element in derivatives[index].indices {
            let bump: Float = 1e-2
            let change =
                try Self.score(model, inputs, adding: bump, to: element, of: layer)
                - Self.score(model, inputs, adding: -bump, to: element, of: layer)
            #expect(abs(derivatives[index][element] - change / bump) < 2e-3, "\(element)")
        }
    }

    @Test func `layers over sequences are left out, and what has no derivative is refused`()
        throws
    {
        let graph = try Graph(
            text: """
                graph g {
                  input x: f32 candidate [2, 3]
                  parameter w: f32 [4, 3]
                  parameter s: f32 [1, 8]
                  rows = linear(x, w): f32 candidate [2, 4]
                  flat = reshape(rows) {shape=[8]}: f32 candidate [8]
                  score = linear(flat, s): f32 candidate [1]
                  output score
                }
                """)
        let model = WeightedGraph(graph, SampleModels.parameters(for: graph, seed: 4))
        #expect(try LayerGradients(model, layers: ["rows", "score"]).layers == ["score"])
        let rounded = try Graph(
            text: """
                graph g {
                  input x: f32 candidate [3]
                  parameter w: f32 [4, 3]
                  h = linear(x, w): f32 candidate [4]
                  y = round(h): f32 candidate [4]
                  output y
                }
                """)
        #expect(throws: TrainingError.self) {
            try LayerGradients(
                WeightedGraph(rounded, SampleModels.parameters(for: rounded, seed: 4)),
                layers: ["h"])
        }
    }
}
