import TandemGraph
import TandemTestSupport
import Testing

@testable import TandemEngine

@Suite struct ColumnSmoothingTests {
    /// A layer norm that two layers and a residual connection read, a few of its columns large.
    private static func model() throws -> WeightedGraph {
        let graph = try Graph(
            text: """
                graph g {
                  input x: f32 candidate [3, 24]
                  parameter gain: f32 [24]
                  parameter shift: f32 [24]
                  parameter a: f32 [24, 24]
                  parameter a_bias: f32 [24]
                  parameter b: f32 [24, 24]
                  n = layer_norm(x, gain, shift) {epsilon=1e-5}: f32 candidate [3, 24]
                  l = linear(n, a, a_bias): f32 candidate [3, 24]
                  m = linear(n, b): f32 candidate [3, 24]
                  p = multiply(l, m): f32 candidate [3, 24]
                  r = relu(p): f32 candidate [3, 24]
                  y = add(r, n): f32 candidate [3, 24]
                  output y
                }
                """)
        var tensors = SampleModels.parameters(for: graph, seed: 8)
        tensors["gain"] = Tensor(
            .float32, shape: [24], (0..<24).map { $0 % 11 == 4 ? 20 : Float(0.5) })
        return WeightedGraph(graph, tensors)
    }

    /// The mean fourth powers of `n`'s columns, which its gain makes.
    private static let fourthPowers = (0..<24).map { $0 % 11 == 4 ? 480_000 : Float(0.2) }

    private static func factors(_ model: WeightedGraph) throws -> [String: [Float]] {
        let quantizer = try Quantizer(model)
        let id = try #require(quantizer.smoothable.first)
        #expect(quantizer.smoothable.count == 1)
        #expect(quantizer.source.graph[id].name == "n")
        return ["n": quantizer.smoothingFactors(id, fourthPowers: fourthPowers)]
    }

    private static func scores(_ model: WeightedGraph) throws -> [Float] {
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 5, seed: 2)
        return try #require(
            ReferenceExecutor(model.graph, model.tensors).run(inputs, rowCount: 5)["y"]
        ).floats
    }

    @Test func `large columns get small factors, and a column of zeros is left as it is`() throws {
        let model = try Self.model()
        let quantizer = try Quantizer(model)
        var powers = Self.fourthPowers
        powers[0] = 0
        let found = quantizer.smoothingFactors(
            try #require(quantizer.smoothable.first), fourthPowers: powers)
        #expect(found[0] == 1)
        #expect(found[4] < found[5] / 4)
        #expect(found.allSatisfy { $0 > 0 && $0.isFinite })
    }

    @Test func `the smoothed graph is the float graph within rounding`() throws {
        let model = try Self.model()
        let smoothed = try ColumnSmoothing.applied(to: model, factors: try Self.factors(model))
        #expect(smoothed.graph.nodes.count == model.graph.nodes.count + 1)
        for (value, wanted) in zip(try Self.scores(smoothed), try Self.scores(model)) {
            #expect(abs(value - wanted) <= 1e-4 * max(1, abs(wanted)))
        }
    }

    @Test func `rounding behind smoothed columns costs less than half the error`() throws {
        let model = try Self.model()
        var quantizer = try Quantizer(model)
        let float = try Self.scores(model)
        func error(_ choices: QuantizationChoices) throws -> Float {
            zip(try Self.scores(try quantizer.program(choices)), float)
                .reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        let plain = try error(QuantizationChoices())
        let smoothed = try error(QuantizationChoices(smoothed: try Self.factors(model)))
        #expect(smoothed < plain / 4, "\(smoothed) of \(plain)")
    }

    @Test func `a plan multiplies while it quantises, to the bits of doing so before`() throws {
        let model = try Self.model()
        var quantizer = try Quantizer(model)
        let program = try quantizer.program(
            QuantizationChoices(smoothed: try Self.factors(model)))
        let plan = try Plan(program.graph, program.tensors)
        #expect(plan.text.contains("quantize(n/smooth)"))
        #expect(!plan.text.contains("n/smooth = multiply"))
        // As an output the product is a value of its own.
        let id = try #require(program.graph.values.firstIndex { $0.name == "n/smooth" })
        let answering = program.graph.answering(
            program.graph.outputs + [ValueID(id)])
        let apart = try Plan(answering, program.tensors)
        #expect(apart.text.contains("n/smooth = multiply"))
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 5, seed: 2)
        #expect(
            PlanRunner.run(plan, inputs, rowCount: 5)["y"]
                == PlanRunner.run(apart, inputs, rowCount: 5)["y"])
    }

    @Test func `a layer that stays float may read smoothed columns`() throws {
        let model = try Self.model()
        var quantizer = try Quantizer(model)
        var choices = QuantizationChoices(smoothed: try Self.factors(model))
        choices.precisions["m"] = .float
        let program = try quantizer.program(choices)
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 5, seed: 2)
        let found = PlanRunner.run(
            try Plan(program.graph, program.tensors), inputs, rowCount: 5)["y"]
        for (value, wanted) in zip(try #require(found), try Self.scores(program)) {
            #expect(abs(value - wanted) <= 2e-3 * max(1, abs(wanted)))
        }
    }
}
