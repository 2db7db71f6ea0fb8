import TandemEngine
import TandemGraph
import Testing

/// Every operation of the graph, by the plan and by the float reference.
@Suite struct OperationPlanTests {
    /// A graph's parameters and inputs, made from its types.
    private struct Sample {
        let graph: Graph
        var tensors: TensorSet = [:]
        var inputs: [String: ReferenceTensor] = [:]
        private var random = RandomSource(seed: 17)
        let rowCount: Int

        init(_ lines: String, rowCount: Int) throws {
            self.rowCount = rowCount
            graph = try Graph(text: "graph g {\n\(lines)\n}")
            for id in graph.parameters {
                let value = graph[id]
                let sizes = value.type.fixedSizes ?? []
                tensors[value.name] = tensor(value.type.dtype, sizes)
            }
            for id in graph.inputs {
                let value = graph[id]
                let rows = value.type.rows == .candidate ? rowCount : 1
                let sizes = value.type.fixedSizes ?? []
                let whole = tensor(value.type.dtype, [rows] + sizes)
                let elements: ReferenceTensor.Elements =
                    value.type.dtype == .int32
                    ? .int32(Array(whole.elements(as: Int32.self)))
                    : .float32(Array(whole.elements(as: Float.self)))
                inputs[value.name] = ReferenceTensor(rowCount: rows, shape: sizes, elements)
            }
        }

        private mutating func tensor(_ dtype: DataType, _ sizes: [Int]) -> Tensor {
            let count = sizes.reduce(1, *)
            switch dtype {
            case .int32:
                return Tensor(
                    .int32, shape: sizes, (0..<count).map { _ in Int32(random.next() % 4) })
            case .int64:
                return Tensor(
                    .int64, shape: sizes, (0..<count).map { _ in Int64(random.next() % 4) })
            case .bool:
                return Tensor(
                    .bool, shape: sizes, (0..<count).map { _ in UInt8(random.next() % 2) })
            default:
                return Tensor(
                    .float32, shape: sizes, (0..<count).map { _ in random.uniform() * 2 - 1 })
            }
        }
    }

    /// Compares the plan with the reference, and blocks of 1 and 3 rows with blocks of many.
    private func check(_ lines: String, rowCount: Int = 5) throws {
        let sample = try Sample(lines, rowCount: rowCount)
        let expected = try ReferenceExecutor(sample.graph, sample.tensors).run(
            sample.inputs, rowCount: rowCount)
        var first: [String: [Float]]?
        for block in [nil, 1, 3] as [Int?] {
            let plan = try Plan(sample.graph, sample.tensors, blockRowCount: block)
            let found = PlanRunner.run(plan, sample.inputs, rowCount: rowCount)
            for (name, tensor) in expected {
                let answer = try #require(found[name])
                let width = tensor.rowElementCount
                for (index, value) in answer.enumerated() {
                    let wanted = tensor.floats[tensor.rowCount == 1 ? index % width : index]
                    #expect(
                        abs(value - wanted) <= 2e-5 * max(1, abs(wanted)), "\(name)[\(index)]")
                }
            }
            if let first {
                for (name, values) in first {
                    #expect(found[name]?.map(\.bitPattern) == values.map(\.bitPattern), "\(name)")
                }
            } else {
                first = found
            }
        }
    }

    @Test(
        arguments: [
            // Elements, broadcast in all ways.
            "add(x, m): f32 candidate [3, 4]", "subtract(v, x): f32 candidate [3, 4]",
            "multiply(x, c): f32 candidate [3, 4]", "divide(x, one): f32 candidate [3, 4]",
            "maximum(column, x): f32 candidate [3, 4]", "minimum(x, u): f32 candidate [3, 4]",
            "gelu_tanh(x): f32 candidate [3, 4]", "reciprocal(one): f32 [1]",
            "floor(x): f32 candidate [3, 4]", "sign(x): f32 candidate [3, 4]",
            // Moves.
            "transpose(x) {permutation=[1, 0]}: f32 candidate [4, 3]",
            "slice(x) {axis=1, start=1, end=3}: f32 candidate [3, 2]",
            "slice(x) {axis=0, start=1, end=3}: f32 candidate [2, 4]",
            "expand(v) {shape=[3, 4]}: f32 candidate [3, 4]",
            "expand(u) {shape=[2, 3, 4]}: f32 context [2, 3, 4]",
            "concat(x, x, x) {axis=1}: f32 candidate [3, 12]",
            "concat(x, c) {axis=0}: f32 candidate [6, 4]",
            "concat(c, x) {axis=1}: f32 candidate [3, 8]",
            "gather(x, places) {axis=1}: f32 candidate [3, 2]",
            "gather(ct, ids) {axis=0}: f32 candidate [3, 3]",
            "take_along(x, along) {axis=1}: f32 candidate [3, 2]",
            // Sums.
            "softmax(x): f32 candidate [3, 4]",
            "layer_norm(x, v4, one4) {epsilon=1e-05}: f32 candidate [3, 4]",
            "reduce_sum(x) {axis=0}: f32 candidate [4]",
            "reduce_mean(x) {axis=1}: f32 candidate [3]",
            "reduce_maximum(x) {axis=1}: f32 candidate [3]",
            "reduce_minimum(x) {axis=0}: f32 candidate [4]",
            "reduce_product(x) {axis=1}: f32 candidate [3]",
            "cumulative_sum(x) {axis=0}: f32 candidate [3, 4]",
            // Products.
            "linear(x, w): f32 candidate [3, 5]", "linear(x, w, b): f32 candidate [3, 5]",
            "matmul(x, xt): f32 candidate [3, 3]", "matmul(x, ct): f32 candidate [3, 3]",
            "matmul(heads, keys): f32 candidate [2, 3, 3]",
            "embedding(ids, table): f32 candidate [3, 2]",
            "attention(x, x, c) {heads=2, scale=0.5}: f32 candidate [3, 4]",
            "attention(x, c, x, mask) {heads=2, scale=0.5}: f32 candidate [3, 4]",
            "convolution(x, kernel, v4k) {strides=[2], dilations=[1], padding_before=[1], padding_after=[1], groups=1}: f32 candidate [2, 2]",
        ])
    func `the plan computes what the reference does`(operation: String) throws {
        try check(
            """
              input x: f32 candidate [3, 4]
              input m: f32 candidate [3, 4]
              input v: f32 candidate [4]
              input column: f32 candidate [3, 1]
              input u: f32 context [4]
              input ids: i32 candidate [3]
              input along: i32 candidate [3, 2]
              input mask: f32 candidate [3]
              parameter c: f32 [3, 4]
              parameter ct: f32 [4, 3]
              parameter one: f32 [1]
              parameter v4: f32 [4]
              parameter one4: f32 [4]
              parameter places: i64 [2]
              parameter w: f32 [5, 4]
              parameter b: f32 [5]
              parameter table: f32 [4, 2]
              parameter kernel: f32 [2, 3, 3]
              parameter v4k: f32 [2]
              xt = transpose(x) {permutation=[1, 0]}: f32 candidate [4, 3]
              split = reshape(x) {shape=[3, 2, 2]}: f32 candidate [3, 2, 2]
              heads = transpose(split) {permutation=[1, 0, 2]}: f32 candidate [2, 3, 2]
              keys = transpose(split) {permutation=[1, 2, 0]}: f32 candidate [2, 2, 3]
              y = \(operation)
              z = negate(y): \(operation.split(separator: ": ").last ?? "")
              output z
            """)
    }

    @Test(arguments: ["lstm", "gru", "gru_after", "rnn"], ["sequence 0", "last 0", "last 1"])
    func `recurrent layers with lengths and states`(cell: String, form: String) throws {
        let (result, isReversed) = (form.hasPrefix("last") ? "last" : "sequence", form.last == "1")
        let gates = cell == "lstm" ? 4 : cell == "rnn" ? 1 : 3
        let flags = "result=\(result), reversed=\(isReversed ? 1 : 0), length=1, state=1"
        let (name, inputs, attributes) =
            switch cell {
            case "lstm": ("lstm", ", c, p", "\(flags), cell=1, peepholes=1")
            case "rnn": ("rnn", "", flags)
            default: ("gru", "", "\(flags), resets_after=\(cell == "gru_after" ? 1 : 0)")
            }
        let shape = result == "sequence" ? "[3, 5]" : "[5]"
        try check(
            """
              input x: f32 candidate [3, 4]
              input n: i32 candidate []
              input h: f32 candidate [5]
              input c: f32 context [5]
              parameter w: f32 [\(gates * 5), 4]
              parameter r: f32 [\(gates * 5), 5]
              parameter b: f32 [\(2 * gates * 5)]
              parameter p: f32 [15]
              y = \(name)(x, w, r, b, n, h\(inputs)) {\(attributes)}: f32 candidate \(shape)
              z = tanh(y): f32 candidate \(shape)
              output z
            """)
    }

    @Test(arguments: ["lstm", "gru", "rnn"], ["sequence 0", "sequence 1", "last 0", "last 1"])
    func `a recurrent layer over a small table reads its products, with the same bits`(
        cell: String, form: String
    ) throws {
        let (result, isReversed) = (form.hasPrefix("last") ? "last" : "sequence", form.last == "1")
        let gates = cell == "lstm" ? 4 : cell == "rnn" ? 1 : 3
        let shape = result == "sequence" ? "[7, 8]" : "[8]"
        var attributes = "result=\(result), reversed=\(isReversed ? 1 : 0), length=1, state=0"
        if cell == "lstm" { attributes += ", cell=0, peepholes=0" }
        if cell == "gru" { attributes += ", resets_after=1" }
        let lines = """
              input ids: i32 candidate [7]
              input n: i32 candidate []
              parameter table: f32 [4, 5]
              parameter w: f32 [\(gates * 8), 5]
              parameter r: f32 [\(gates * 8), 8]
              parameter b: f32 [\(2 * gates * 8)]
              x = embedding(ids, table): f32 candidate [7, 5]
              y = \(cell)(x, w, r, b, n) {\(attributes)}: f32 candidate \(shape)
              output y
            """
        try check(lines, rowCount: 19)
        let alone = try Sample(lines, rowCount: 19)
        // Read by another too, rows are looked up and multiplied.
        let shared = try Sample(
            lines + "\n  z = tanh(x): f32 candidate [7, 5]\n  output z", rowCount: 19)
        let (table, products) = (
            try Plan(alone.graph, alone.tensors), try Plan(shared.graph, shared.tensors)
        )
        #expect(!table.text.contains("embedding") && products.text.contains("embedding"))
        #expect(
            PlanRunner.run(table, alone.inputs, rowCount: 19)["y"]?.map(\.bitPattern)
                == PlanRunner.run(products, shared.inputs, rowCount: 19)["y"]?.map(\.bitPattern))
    }

    @Test func `whole numbers, bools and masks`() throws {
        try check(
            """
              input ids: i32 candidate [4]
              input x: f32 candidate [4]
              parameter two: i32 [1]
              parameter table: f32 [9, 3]
              parameter low: f32 [1]
              doubled = multiply(ids, two): i32 candidate [4]
              shifted = add(doubled, two): i32 candidate [4]
              found = embedding(shifted, table): f32 candidate [4, 3]
              known = less_or_equal(two, ids): bool candidate [4]
              unknown = not(known): bool candidate [4]
              positive = less(low, x): bool candidate [4]
              either = xor(unknown, positive): bool candidate [4]
              picked = select(either, x, low): f32 candidate [4]
              weight = cast(known) {to=f32}: f32 candidate [4]
              column = reshape(weight) {shape=[4, 1]}: f32 candidate [4, 1]
              kept = multiply(found, column): f32 candidate [4, 3]
              total = reduce_sum(kept) {axis=0}: f32 candidate [3]
              count = reduce_sum(ids) {axis=0}: i32 candidate []
              size = cast(count) {to=f32}: f32 candidate []
              rounded = cast(x) {to=i32}: i32 candidate [4]
              back = cast(rounded) {to=f32}: f32 candidate [4]
              output total
              output picked
              output size
              output back
            """)
    }

    @Test func `computed ids never read outside a table`() throws {
        let sample = try Sample(
            """
              input ids: i32 candidate [2]
              parameter table: f32 [3, 1]
              parameter far: i32 [1]
              away = multiply(ids, far): i32 candidate [2]
              found = embedding(away, table): f32 candidate [2, 1]
              y = negate(found): f32 candidate [2, 1]
              output y
            """, rowCount: 1)
        var tensors = sample.tensors
        tensors["far"] = Tensor(.int32, shape: [1], [1_000_000_000 as Int32])
        tensors["table"] = Tensor(.float32, shape: [3, 1], [1, 2, 3 as Float])
        let plan = try Plan(sample.graph, tensors)
        for ids in [[1, 2], [-1, 0]] as [[Int32]] {
            let found = PlanRunner.run(
                plan, ["ids": ReferenceTensor(rowCount: 1, shape: [2], .int32(ids))], rowCount: 1)
            #expect(found["y"]?.allSatisfy { [-1, -3].contains($0) } == true)
        }
    }

    @Test func `int8 layers over sequences follow their definition`() throws {
        let sample = try Sample(
            """
              input x: f32 candidate [6, 8]
              input u: f32 context [6, 8]
              parameter w: f32 [5, 8]
              parameter b: f32 [5]
              h = linear(x, w, b): f32 candidate [6, 5]
              r = relu(h): f32 candidate [6, 5]
              hu = linear(u, w, b): f32 context [6, 5]
              ru = relu(hu): f32 context [6, 5]
              s = add(r, ru): f32 candidate [6, 5]
              y = reduce_maximum(s) {axis=0}: f32 candidate [5]
              output y
            """, rowCount: 4)
        let int8 = try ProgramCompiler.int8(WeightedGraph(sample.graph, sample.tensors))
        #expect(int8.graph.nodes.contains { $0.operation == .quantizedLinear })
        let expected = try ReferenceExecutor(int8.graph, int8.tensors).run(
            sample.inputs, rowCount: 4)
        for block in [nil, 1, 3] as [Int?] {
            let plan = try Plan(int8.graph, int8.tensors, blockRowCount: block)
            let found = PlanRunner.run(plan, sample.inputs, rowCount: 4)
            #expect(found["y"]?.map(\.bitPattern) == expected["y"]?.floats.map(\.bitPattern))
        }
    }

    @Test func `int8 layers by a grid that all rows share follow their definition`() throws {
        let sample = try Sample(
            """
              input x: f32 candidate [6, 8]
              parameter w: f32 [5, 8]
              parameter v: f32 [4, 8]
              parameter b: f32 [5]
              h = linear(x, w, b): f32 candidate [6, 5]
              r = relu(h): f32 candidate [6, 5]
              y = reduce_maximum(r) {axis=0}: f32 candidate [5]
              k = linear(x, v): f32 candidate [6, 4]
              q = relu(k): f32 candidate [6, 4]
              z = reduce_maximum(q) {axis=0}: f32 candidate [4]
              output y
              output z
            """, rowCount: 4)
        var quantizer = try Quantizer(WeightedGraph(sample.graph, sample.tensors))
        // Narrower than some rows, and only for one of two readers.
        let grid = ActivationGrid(scale: 1 / 256, stepsBelow: 100)
        let int8 = try quantizer.program(QuantizationChoices(grids: ["h": grid]))
        let operations = int8.graph.nodes.map(\.operation)
        #expect(operations.contains(.staticQuantizedLinear(grid)))
        #expect(operations.contains(.quantizedLinear))
        let expected = try ReferenceExecutor(int8.graph, int8.tensors).run(
            sample.inputs, rowCount: 4)
        for block in [nil, 1, 3] as [Int?] {
            let plan = try Plan(int8.graph, int8.tensors, blockRowCount: block)
            #expect(plan.text.contains("quantize(x) {scale=0.00390625, steps_below=100}"))
            let found = PlanRunner.run(plan, sample.inputs, rowCount: 4)
            for task in ["y", "z"] {
                #expect(
                    found[task]?.map(\.bitPattern) == expected[task]?.floats.map(\.bitPattern))
            }
        }
    }

    @Test func `what quantisation leaves of rows follows its definition, and reads their bytes`()
        throws
    {
        let sample = try Sample(
            """
              input x: f32 candidate [6, 9]
              input t: f32 candidate [5]
              parameter w: f32 [5, 9]
              k = linear(x, w): f32 candidate [6, 5]
              y = reduce_maximum(k) {axis=0}: f32 candidate [5]
              z = quantization_residual(x): f32 candidate [6, 9]
              r = quantization_residual(t): f32 candidate [5]
              output y
              output z
              output r
            """, rowCount: 4)
        var quantizer = try Quantizer(WeightedGraph(sample.graph, sample.tensors))
        let int8 = try quantizer.program(QuantizationChoices())
        let expected = try ReferenceExecutor(int8.graph, int8.tensors).run(
            sample.inputs, rowCount: 4)
        let largest = try #require(expected["z"]).floats.map(abs).max() ?? 0
        #expect(largest > 0 && largest < 0.1)
        for block in [nil, 1, 3] as [Int?] {
            let plan = try Plan(int8.graph, int8.tensors, blockRowCount: block)
            let steps = plan.text.split(separator: "\n").filter { $0.hasSuffix("quantize(x)") }
            #expect(steps.count == 1, "\(plan.text)")
            let found = PlanRunner.run(plan, sample.inputs, rowCount: 4)
            for task in ["y", "z", "r"] {
                #expect(
                    found[task]?.map(\.bitPattern) == expected[task]?.floats.map(\.bitPattern))
            }
        }
    }

    @Test func `a product writes bytes where all that reads it are products by one grid`() throws {
        let sample = try Sample(
            """
              input x: f32 candidate [6, 8]
              parameter w: f32 [20, 8]
              parameter b: f32 [20]
              parameter v: f32 [5, 20]
              parameter u: f32 [4, 20]
              h = linear(x, w, b): f32 candidate [6, 20]
              r = relu(h): f32 candidate [6, 20]
              k = linear(r, v): f32 candidate [6, 5]
              y = reduce_maximum(k) {axis=0}: f32 candidate [5]
              l = linear(r, u): f32 candidate [6, 4]
              z = reduce_maximum(l) {axis=0}: f32 candidate [4]
              output y
              output z
            """, rowCount: 4)
        let grid = ActivationGrid(scale: 1 / 128, stepsBelow: 3)
        let other = ActivationGrid(scale: 1 / 64, stepsBelow: 0)
        var quantizer = try Quantizer(WeightedGraph(sample.graph, sample.tensors))
        for (grids, isWritten) in [
            (["k": grid, "l": grid], true), (["k": grid, "l": other], false), (["k": grid], false),
        ] {
            let int8 = try quantizer.program(QuantizationChoices(grids: grids))
            let expected = try ReferenceExecutor(int8.graph, int8.tensors).run(
                sample.inputs, rowCount: 4)
            for block in [nil, 1, 3] as [Int?] {
                let plan = try Plan(int8.graph, int8.tensors, blockRowCount: block)
                let fused = "+ relu + quantize {scale=0.0078125, steps_below=3}"
                #expect(plan.text.contains(fused) == isWritten, "\(plan.text)")
                #expect(plan.text.contains("quantize(r)") != isWritten, "\(plan.text)")
                let found = PlanRunner.run(plan, sample.inputs, rowCount: 4)
                for task in ["y", "z"] {
                    #expect(
                        found[task]?.map(\.bitPattern) == expected[task]?.floats.map(\.bitPattern))
                }
            }
        }
    }

    @Test(arguments: ["sequence", "last", "last_cell"], [false, true])
    func `an int8 LSTM follows its definition, and its table the float program`(
        result: String, isReversed: Bool
    ) throws {
        let shape = result == "sequence" ? "[7, 8]" : "[8]"
        let sample = try Sample(
            """
              input ids: i32 candidate [7]
              input n: i32 candidate []
              parameter table: f32 [4, 4]
              parameter w: f32 [32, 4]
              parameter r: f32 [32, 8]
              parameter b: f32 [64]
              x = embedding(ids, table): f32 candidate [7, 4]
              y = lstm(x, w, r, b, n) {result=\(result), reversed=\(isReversed ? 1 : 0), length=1, \
            state=0, cell=0, peepholes=0}: f32 candidate \(shape)
              output y
            """, rowCount: 21)
        try Self.expectRecurrence(sample, ["quantized_embedding", "quantized_lstm"])
    }

    @Test(arguments: ["sequence", "last"], [false, true])
    func `an int8 GRU follows its definition, and its table the float program`(
        result: String, isReversed: Bool
    ) throws {
        let shape = result == "sequence" ? "[7, 8]" : "[8]"
        try Self.expectRecurrence(
            try Sample(
                """
                  input ids: i32 candidate [7]
                  input n: i32 candidate []
                  parameter table: f32 [4, 4]
                  parameter w: f32 [24, 4]
                  parameter r: f32 [24, 8]
                  parameter b: f32 [48]
                  x = embedding(ids, table): f32 candidate [7, 4]
                  y = gru(x, w, r, b, n) {result=\(result), reversed=\(isReversed ? 1 : 0), \
                length=1, state=0, resets_after=1}: f32 candidate \(shape)
                  output y
                """, rowCount: 21), ["quantized_embedding", "quantized_gru"])
    }

    @Test func `an int8 GRU over computed inputs begins with the state that is given`() throws {
        try Self.expectRecurrence(
            try Sample(
                """
                  input x: f32 candidate [5, 12]
                  input s: f32 candidate [9]
                  parameter w: f32 [27, 12]
                  parameter r: f32 [27, 9]
                  parameter b: f32 [54]
                  y = gru(x, w, r, b, s) {result=last, reversed=0, length=0, state=1, \
                resets_after=1}: f32 candidate [9]
                  output y
                """, rowCount: 19), ["quantized_linear", "quantized_gru"])
    }

    @Test func `a GRU that resets before its product stays float`() throws {
        let sample = try Sample(
            """
              input x: f32 candidate [5, 12]
              parameter w: f32 [27, 12]
              parameter r: f32 [27, 9]
              parameter b: f32 [54]
              y = gru(x, w, r, b) {result=last, reversed=0, length=0, state=0, \
            resets_after=0}: f32 candidate [9]
              output y
            """, rowCount: 2)
        let int8 = try ProgramCompiler.int8(WeightedGraph(sample.graph, sample.tensors))
        #expect(int8.graph.nodes.map(\.operation.name) == ["gru"])
    }

    /// One recurrence: int8 has the operations named, follows the reference, is near the float
    /// program, and gives the same bits by any block.
    private static func expectRecurrence(_ sample: Sample, _ operations: [String]) throws {
        let (float, rowCount) = (WeightedGraph(sample.graph, sample.tensors), sample.rowCount)
        let int8 = try ProgramCompiler.int8(float)
        #expect(int8.graph.nodes.map(\.operation.name) == operations)
        let expected = try #require(
            ReferenceExecutor(int8.graph, int8.tensors).run(sample.inputs, rowCount: rowCount)["y"])
        let unrounded = try #require(
            ReferenceExecutor(float.graph, float.tensors).run(sample.inputs, rowCount: rowCount)[
                "y"])
        var bits: Set<[UInt32]> = []
        for block in [nil, 1, 5] as [Int?] {
            let plan = try Plan(int8.graph, int8.tensors, blockRowCount: block)
            let found = try #require(PlanRunner.run(plan, sample.inputs, rowCount: rowCount)["y"])
            bits.insert(found.map(\.bitPattern))
            for index in found.indices {
                // One step of the state's rounding may go the other way.
                #expect(abs(found[index] - expected.floats[index]) <= 0.01)
                #expect(abs(found[index] - unrounded.floats[index]) <= 0.05)
            }
        }
        #expect(bits.count == 1)
    }

    @Test func `refuses sizes that are not bound, by the node's name`() throws {
        let graph = try Graph(
            text: """
                graph g {
                  input x: f32 candidate [s]
                  y = relu(x): f32 candidate [s]
                  output y
                }
                """)
        let error = #expect(throws: EngineError.self) { try Plan(graph, [:]) }
        #expect(error?.code == .unsupportedOperation)
    }
}
