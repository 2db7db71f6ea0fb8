import Glibc
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

    @Test func `a table's rows end with their scales`() {
        let matrix = Tensor(
            .float32, shape: [3, 3], [1, -2, 0.5, 0, 0, 0, -1e-3, 1e-3, 3e-4] as [Float])
        let rule = RoundingRule(triesScales: true)
        let (values, scales) = RowQuantization.rows(matrix, rule)
        let table = RowQuantization.table(matrix, rule)
        #expect(table.dtype == .int8 && table.shape == [3, 7])
        for row in 0..<3 {
            let bytes = table.base + 7 * row
            #expect(memcmp(bytes, values.base + 3 * row, 3) == 0)
            #expect(
                bytes.loadUnaligned(fromByteOffset: 3, as: Float.self)
                    == scales.elements(as: Float.self)[row])
        }
    }

    @Test func `an outlier that its input never shows is cut off`() {
        let row: [Float] = [8, 0.1, -0.07, 0.03, 0.09]
        let weights: [Float] = [0, 1, 1, 1, 1]
        let moments = SecondMoments(samples: weights.map { $0 * 0.5 }, width: 5)
        let matrix = Tensor(.float32, shape: [1, 5], row)
        let plain = RowQuantization.rows(matrix)
        let clipped = RowQuantization.rows(matrix, RoundingRule(clips: true, moments: moments))
        #expect(Self.error(row, clipped, weights) < Self.error(row, plain, weights) / 50)
        #expect(clipped.values.elements(as: Int8.self)[0] == 127)
    }

    @Test func `the best of a few scales has less error, and cuts nothing off`() {
        var random = RandomSource(seed: 15)
        var (plain, tried) = (0.0, 0.0)
        for _ in 0..<400 {
            let row = (0..<16).map { _ in (0..<12).reduce(-6) { sum, _ in sum + random.uniform() } }
            let matrix = Tensor(.float32, shape: [1, 16], row)
            let one = Self.error(row, RowQuantization.rows(matrix), [])
            let best = RowQuantization.rows(matrix, RoundingRule(triesScales: true))
            #expect(Self.error(row, best, []) <= one * (1 + 1e-5))
            let scale = best.scales.elements(as: Float.self)[0]
            let largest = row.map(abs).max() ?? 0
            #expect(scale * 127 >= largest * 0.99999 && scale * 127 < largest * 1.03)
            plain += one
            tried += Self.error(row, best, [])
        }
        #expect(tried < 0.8 * plain, "\(tried) of \(plain)")
    }

    @Test(arguments: 0..<50)
    func `clipping by error never makes the error larger`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let width = 1 + Int(seed % 40)
        let row = (0..<width).map { _ in
            let value = random.uniform() * 2 - 1
            return value * value * value * (random.uniform() < 0.05 ? 30 : 1)
        }
        let matrix = Tensor(.float32, shape: [1, width], row)
        let plain = Self.error(row, RowQuantization.rows(matrix), [])
        let clipped = Self.error(
            row, RowQuantization.rows(matrix, RoundingRule(clips: true)), [])
        #expect(clipped <= plain * (1 + 1e-6))
    }
}

extension RowQuantizationTests {
    @Test(arguments: 0..<50)
    func `roundings that keep a row's sum move no weight by a whole step`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let width = 1 + Int(seed * 7 % 200)
        let row = (0..<width).map { _ in random.uniform() * 2 - (seed % 2 == 0 ? 1 : 0.1) }
        let matrix = Tensor(.float32, shape: [1, width], row)
        let (values, scales) = RowQuantization.rows(matrix, RoundingRule(keepsSum: true))
        let step = Double(scales.elements(as: Float.self)[0])
        let gaps = row.indices.map {
            Double(row[$0]) / step - Double(values.elements(as: Int8.self)[$0])
        }
        #expect(gaps.allSatisfy { $0.magnitude < 1.001 })
        #expect(abs(gaps.reduce(0, +)) <= 0.51, "\(gaps.reduce(0, +))")
    }

    @Test func `keeping sums makes errors behind rectifiers smaller, moments more so`() throws {
        var random = RandomSource(seed: 11)
        let layer = RectifiedLayer(&random)
        let moments = try #require(
            SecondMoments(samples: layer.inputs(200, &random).flatMap(\.self), width: layer.width))
        // Rows that nothing was measured on.
        let inputs = layer.inputs(50, &random)
        let nearest = layer.error(RoundingRule(), inputs)
        let kept = layer.error(RoundingRule(keepsSum: true), inputs)
        let compensated = layer.error(RoundingRule(keepsSum: true, moments: moments), inputs)
        #expect(kept < 0.8 * nearest)
        #expect(compensated < 0.9 * kept)
    }

    @Test func `roundings that make up for one another are steps next to their weights`() throws {
        var random = RandomSource(seed: 12)
        let layer = RectifiedLayer(&random)
        let moments = try #require(
            SecondMoments(samples: layer.inputs(40, &random).flatMap(\.self), width: layer.width))
        let (values, scales) = RowQuantization.rows(layer.weights, RoundingRule(moments: moments))
        let nearest = RowQuantization.rows(layer.weights).values.elements(as: Int8.self)
        let (source, steps, factors) = (
            layer.weights.elements(as: Float.self), values.elements(as: Int8.self),
            scales.elements(as: Float.self)
        )
        var moved = 0
        for index in source.indices {
            let gap =
                Double(source[index]) / Double(factors[index / layer.width])
                - Double(steps[index])
            #expect(gap.magnitude < 1.001)
            moved += steps[index] == nearest[index] ? 0 : 1
        }
        #expect(moved > 0 && moved < source.count / 4)
    }

    @Test func `roundings that heed what scores read put them off by less`() throws {
        var random = RandomSource(seed: 13)
        let layer = RectifiedLayer(&random)
        let moments = try #require(
            SecondMoments(samples: layer.inputs(200, &random).flatMap(\.self), width: layer.width))
        // What a score makes of the 64 results differs a little from row to row.
        let reading = (0..<64).map { _ in random.uniform() * 2 - 1 }
        let derivatives = (0..<200).flatMap { _ in
            reading.map { $0 + (random.uniform() - 0.5) * 0.2 }
        }
        let gradients = try #require(SecondMoments(samples: derivatives, width: 64))
        let inputs = layer.inputs(50, &random)
        let alone = layer.error(RoundingRule(moments: moments), inputs, read: reading)
        let together = layer.error(
            RoundingRule(moments: moments, gradients: gradients), inputs, read: reading)
        #expect(together < 0.3 * alone, "\(together) of \(alone)")
    }

    @Test func `elements that are taken alone are not correlated`() throws {
        var random = RandomSource(seed: 14)
        let layer = RectifiedLayer(&random)
        let samples = layer.inputs(100, &random).flatMap(\.self)
        let alone = try #require(
            SecondMoments(samples: samples, width: layer.width, ofEachAlone: true))
        let together = try #require(SecondMoments(samples: samples, width: layer.width))
        #expect(alone.squares == together.squares)
        // Then the nearest steps are the best.
        let (values, _) = RowQuantization.rows(layer.weights, RoundingRule(moments: alone))
        let nearest = RowQuantization.rows(layer.weights).values
        #expect(Array(values.elements(as: Int8.self)) == Array(nearest.elements(as: Int8.self)))
    }

    @Test func `moments of no sample, of wide or of endless inputs are not measured`() {
        #expect(SecondMoments(samples: [], width: 4) == nil)
        #expect(SecondMoments(samples: [1, 2, 3], width: 4) == nil)
        #expect(SecondMoments(samples: [1, 2], width: 0) == nil)
        #expect(SecondMoments(samples: [1, .infinity], width: 2) == nil)
        let widest = SecondMoments.widthMax
        #expect(
            SecondMoments(samples: [Float](repeating: 1, count: widest + 1), width: widest + 1)
                == nil)
        #expect(SecondMoments(samples: [1, 2, 3, 4], width: 2)?.squares == [5, 10])
    }
}

@Suite struct GridCalibrationTests {
    @Test func `a grid goes beyond the samples by a quarter, and ends there`() throws {
        let grid = try #require(ActivationGrid.measured([-1, 3, 2.9, -0.9, 0.5, 2.8]))
        #expect(grid.stepsBelow == 64 && abs(grid.scale - 5 / 255) < 1e-7)
        #expect(grid.steps(3) == 153 && grid.steps(-1) == -51)
        #expect(grid.steps(3.75) == 191 && grid.steps(9) == 191)
        #expect(grid.steps(.nan) == -64)
        let above = try #require(ActivationGrid.measured([0.5, 1.3]))
        #expect(above.stepsBelow == 0 && abs(above.scale * 255 - 1.625) < 1e-6)
    }

    @Test(arguments: [[], [0, 0, 0], [.infinity, 1], [0x1p-120]] as [[Float]])
    func `there is no grid without a finite range`(samples: [Float]) {
        #expect(ActivationGrid.measured(samples) == nil)
    }
}

/// Normal weights, and inputs as a rectifier leaves them: of two dozen sources that they share.
private struct RectifiedLayer {
    let width = 128
    let weights: Tensor
    private let mixing: [[Float]]

    init(_ random: inout RandomSource) {
        weights = Tensor(
            .float32, shape: [64, 128], (0..<64 * 128).map { _ in Self.bell(&random) })
        mixing = (0..<128).map { _ in (0..<24).map { _ in Self.bell(&random) } }
    }

    private static func bell(_ random: inout RandomSource) -> Float {
        (0..<12).reduce(-6) { sum, _ in sum + random.uniform() }
    }

    func inputs(_ count: Int, _ random: inout RandomSource) -> [[Float]] {
        (0..<count).map { _ in
            let sources = (0..<24).map { _ in Self.bell(&random) }
            return mixing.map { max(zip($0, sources).reduce(0) { $0 + $1.0 * $1.1 }, 0) }
        }
    }

    /// The squared error of what a score reads of the products with some inputs.
    func error(_ rule: RoundingRule, _ inputs: [[Float]], read factors: [Float]) -> Double {
        let errors = errors(rule)
        return inputs.reduce(0.0) { total, input in
            let gap = errors.indices.reduce(0.0) {
                $0 + errors[$1] * Double(input[$1 % width]) * Double(factors[$1 / width])
            }
            return total + gap * gap
        }
    }

    /// What rounding takes from each weight.
    private func errors(_ rule: RoundingRule) -> [Double] {
        let (values, scales) = RowQuantization.rows(weights, rule)
        let (source, steps, factors) = (
            weights.elements(as: Float.self), values.elements(as: Int8.self),
            scales.elements(as: Float.self)
        )
        return source.indices.map {
            Double(source[$0] - Float(steps[$0]) * factors[$0 / width])
        }
    }

    /// The squared error of the products with some inputs.
    func error(_ rule: RoundingRule, _ inputs: [[Float]]) -> Double {
        let errors = errors(rule)
        return inputs.reduce(0.0) { total, input in
            (0..<64).reduce(total) { total, row in
                let gap = (0..<width).reduce(0.0) {
                    $0 + Double(input[$1]) * errors[row * width + $1]
                }
                return total + gap * gap
            }
        }
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

    @Test(arguments: ["mixture", "lstm", "gru"])
    func `every candidate kept in float is the float program within rounding`(
        name: String
    ) throws {
        let float = try Self.floatProgram(name)
        var quantizer = try Quantizer(float)
        let kept = quantizer.candidates.map(\.name)
        let program = try quantizer.program(QuantizationChoices(keptFloat: kept))
        #expect(!program.graph.nodes.contains { $0.operation.name.hasPrefix("quantized") })
        try Self.expect(program, toAnswerAs: float, within: 1e-5)
    }

    @Test(arguments: ["lstm", "gru"])
    func `recurrences are candidates as in the program that train and import write`(
        name: String
    ) throws {
        let float = try Self.floatProgram(name)
        var quantizer = try Quantizer(float)
        #expect(quantizer.candidates.contains { $0.operation == name })
        let program = try quantizer.program(QuantizationChoices())
        #expect(program.graph == (try ProgramCompiler.int8(float)).graph)
        #expect(program.graph.nodes.contains { $0.operation.name == "quantized_\(name)" })
    }

    @Test func `a second digit takes nearly all of the context's error away`() throws {
        let float = try Self.floatProgram("mixture")
        var quantizer = try Quantizer(float)
        let context = try #require(
            quantizer.candidates.first { $0.isOfContext && $0.precisions.contains(.int8Twice) })
        func error(_ precision: QuantizationPrecision) throws -> Float {
            var choices = QuantizationChoices(keptFloat: quantizer.candidates.map(\.name))
            choices.precisions[context.name] = precision
            let program = try quantizer.program(choices)
            return try Self.largestDifference(program, float)
        }
        let (once, twice) = (try error(.int8), try error(.int8Twice))
        let ofInput = try error(.int8TwiceInput)
        #expect(once > 1e-5)
        #expect(ofInput < once, "\(ofInput) of \(once)")
        #expect(twice < ofInput)
        #expect(twice < once / 50, "\(twice) of \(once)")
    }

    @Test(arguments: [QuantizationPrecision.int8TwiceInput, .int8Twice])
    func `two digits are the engine's bits and the reference's`(
        precision: QuantizationPrecision
    ) throws {
        let float = try Self.floatProgram("mixture")
        var quantizer = try Quantizer(float)
        var choices = QuantizationChoices()
        for candidate in quantizer.candidates where candidate.precisions.contains(precision) {
            choices.precisions[candidate.name] = precision
        }
        let program = try quantizer.program(choices)
        let inputs = SampleModels.inputs(for: float.graph, rowCount: 7, seed: 3)
        let reference = try ReferenceExecutor(program.graph, program.tensors)
            .run(inputs, rowCount: 7)
        let actual = PlanRunner.run(
            try Plan(program.graph, program.tensors), inputs, rowCount: 7)
        for (task, values) in actual {
            for (value, wanted) in zip(values, try #require(reference[task]).floats) {
                #expect(abs(value - wanted) <= 2e-3 * max(1, abs(wanted)), "\(task)")
            }
        }
    }

    @Test(arguments: [QuantizationPrecision.int8TwiceInput, .int8Twice])
    func `a context of zeros has two digits of zeros`(precision: QuantizationPrecision) throws {
        let graph = try Graph(
            text: """
                graph g {
                  input x: f32 context [3]
                  input y: f32 candidate [2]
                  parameter w: f32 [2, 3]
                  h = linear(x, w): f32 context [2]
                  r = relu(h): f32 context [2]
                  z = add(r, y): f32 candidate [2]
                  output z
                }
                """)
        let weights = Tensor(.float32, shape: [2, 3], [1, -2, 3, 0.5, 0.25, -1] as [Float])
        var quantizer = try Quantizer(WeightedGraph(graph, ["w": weights]))
        let program = try quantizer.program(
            QuantizationChoices(precisions: ["h": precision]))
        let inputs = [
            "x": ReferenceTensor(rowCount: 1, shape: [3], .float32([0, 0, 0])),
            "y": ReferenceTensor(rowCount: 1, shape: [2], .float32([4, 5])),
        ]
        let plan = try Plan(program.graph, program.tensors)
        #expect(PlanRunner.run(plan, inputs, rowCount: 1)["z"] == [4, 5])
    }

    private static func floatProgram(_ name: String) throws -> WeightedGraph {
        if name == "mixture" {
            let model = try SampleModels.mixtureOfExperts()
            return try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters))
        }
        var builder = try GraphBuilder(name: "g")
        let x = try builder.input("x", TensorType(.float32, .candidate, sizes: [4, 3]))
        let cell: Recurrence.Cell = name == "gru" ? .gru(resetsAfter: true) : .lstm
        let gated = cell.gateCount * 2
        let h = try builder.node(
            "h", .recurrent(Recurrence(cell, result: .last)),
            [
                x, try builder.parameter("w", .float32, [gated, 3]),
                try builder.parameter("r", .float32, [gated, 2]),
                try builder.parameter("b", .float32, [2 * gated]),
            ])
        try builder.output(
            try builder.node("y", .linear, [h, try builder.parameter("v", .float32, [1, 2])]))
        let graph = builder.finished()
        return WeightedGraph(graph, SampleModels.parameters(for: graph, seed: 5))
    }

    private static func largestDifference(
        _ program: WeightedGraph, _ other: WeightedGraph
    ) throws -> Float {
        let inputs = SampleModels.inputs(for: other.graph, rowCount: 30, seed: 6)
        let expected = try ReferenceExecutor(other.graph, other.tensors).run(inputs, rowCount: 30)
        let actual = try ReferenceExecutor(program.graph, program.tensors)
            .run(inputs, rowCount: 30)
        return try expected.reduce(0) { largest, entry in
            zip(try #require(actual[entry.key]).floats, entry.value.floats)
                .reduce(largest) { max($0, abs($1.0 - $1.1)) }
        }
    }

    private static func expect(
        _ program: WeightedGraph, toAnswerAs other: WeightedGraph, within tolerance: Float
    ) throws {
        #expect(try largestDifference(program, other) <= tolerance)
    }
}
