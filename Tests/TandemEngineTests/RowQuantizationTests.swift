import TandemEngine
import TandemGraph
import TandemTestSupport
import Testing

@Suite struct RowQuantizationTests {
    /// The squared error of one row, column k counting `weights[k]` times.
    private static func error(
        _ row: [Float], _ quantized: (values: Tensor, scales: Tensor), _ weights: [Float]
    ) -> Double {
        let scale = Double(quantized.scales.elements(as: Float.self)[0])
        let values = quantized.values.elements(as: Int8.self)
        return row.indices.reduce(0.0) { sum, column in
            let gap = Double(row[column]) - Double(values[column]) * scale
            return sum + gap * gap * Double(weights.isEmpty ? 1 : weights[column])
        }
    }

    @Test func `rows reach 127 and keep zeros`() {
        let matrix = Tensor(
            .float32, shape: [3, 3], [1, -2, 0.5, 0, 0, 0, -1e-3, 1e-3, 3e-4] as [Float])
        let (values, scales) = RowQuantization.rows(matrix)
        #expect(Array(values.elements(as: Int8.self)) == [64, -127, 32, 0, 0, 0, -127, 127, 38])
        #expect(Array(scales.elements(as: Float.self)) == [2 / 127, 0, 1e-3 / 127])
    }

    @Test func `an outlier that its input never shows is cut off`() {
        let row: [Float] = [8, 0.1, -0.07, 0.03, 0.09]
        let weights: [Float] = [0, 1, 1, 1, 1]
        let matrix = Tensor(.float32, shape: [1, 5], row)
        let plain = RowQuantization.rows(matrix)
        let clipped = RowQuantization.rows(matrix, clippedBy: weights)
        #expect(Self.error(row, clipped, weights) < Self.error(row, plain, weights) / 50)
        #expect(clipped.values.elements(as: Int8.self)[0] == 127)
    }

    @Test(arguments: 0..<50)
    func `clipping by error never makes the error larger`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let width = 1 + Int(seed % 40)
        let row = (0..<width).map { _ in
            let value = random.uniform() * 2 - 1
            return value * value * value * (random.uniform() < 0.05 ? 30 : 1)
        }
        let weights = seed % 2 == 0 ? [] : (0..<width).map { _ in random.uniform() }
        let matrix = Tensor(.float32, shape: [1, width], row)
        let plain = Self.error(row, RowQuantization.rows(matrix), weights)
        let clipped = Self.error(
            row, RowQuantization.rows(matrix, clippedBy: weights), weights)
        #expect(clipped <= plain * (1 + 1e-6))
    }
}

@Suite struct QuantizerTests {
    @Test func `candidates are what the default brings to int8`() throws {
        let model = try SampleModels.mixtureOfExperts()
        let float = try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters))
        var quantizer = try Quantizer(float)
        let names = Set(quantizer.candidates.map(\.name))
        let program = try quantizer.program(QuantizationChoices())
        let quantized = program.graph.nodes.filter { $0.operation.name.hasPrefix("quantized") }
        #expect(Set(quantized.map { program.graph[$0.output].name }) == names)
        #expect(names.count > 10)
        #expect(program.graph == (try ProgramCompiler.int8(float)).graph)
    }

    @Test func `a node that is kept in float stays as it was, and the others do not`() throws {
        let model = try SampleModels.mixtureOfExperts()
        let float = try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters))
        var quantizer = try Quantizer(float)
        let kept = try #require(quantizer.candidates.first { $0.operation == "linear" }).name
        let program = try quantizer.program(QuantizationChoices(keptFloat: [kept]))
        let quantized = program.graph.nodes.filter { $0.operation.name.hasPrefix("quantized") }
        #expect(quantized.count == quantizer.candidates.count - 1)
        let node = try #require(
            program.graph.nodes.first { program.graph[$0.output].name == kept })
        #expect(node.operation == .linear)
    }
}
