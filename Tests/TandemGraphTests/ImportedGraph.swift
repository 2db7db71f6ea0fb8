import TandemGraph
import Testing

/// Builds graphs as an importer does: all values without a row axis, the batch a dimension.
struct ImportedGraph {
    private var builder: GraphBuilder
    private var tensors: TensorSet = [:]
    private var random = RandomSource(seed: 11)
    private var count = 0

    init() throws { builder = try GraphBuilder(name: "imported") }

    /// The graph with its weights.
    var whole: WeightedGraph { WeightedGraph(builder.finished(), tensors) }

    mutating func input(
        _ name: String, _ shape: [Dimension], _ dtype: DataType = .float32
    ) throws -> ValueID {
        try builder.input(name, TensorType(dtype, .none, shape))
    }

    mutating func weight(_ name: String, _ sizes: [Int]) throws -> ValueID {
        let values = (0..<sizes.reduce(1, *)).map { _ in random.uniform() - 0.5 }
        return try constant(name, sizes.map(Dimension.fixed), values)
    }

    mutating func constant(
        _ name: String, _ shape: [Dimension], _ values: [Float]
    ) throws -> ValueID {
        let sizes = shape.compactMap(\.fixedSize)
        tensors[name] = Tensor(.float32, shape: sizes, values)
        return try builder.parameter(name, .float32, sizes)
    }

    mutating func node(_ operation: Operation, _ inputs: ValueID...) throws -> ValueID {
        count += 1
        return try builder.node("n\(count)", operation, inputs)
    }

    mutating func output(_ name: String, _ operation: Operation, _ inputs: ValueID...) throws {
        try builder.output(try builder.node(name, operation, inputs))
    }

    /// Takes the batch out, and compares the answers for some rows with those of the whole batch.
    @discardableResult
    mutating func check(
        context: Set<String> = [], rowCount: Int = 3
    ) throws -> WeightedGraph {
        let whole = whole
        let extracted = try whole.extractingRows(context: context)
        var inputs: [String: ReferenceTensor] = [:]
        var rowInputs: [String: ReferenceTensor] = [:]
        for id in whole.graph.inputs {
            let value = whole.graph[id]
            let shape = value.type.shape.map { $0.fixedSize ?? rowCount }
            let isContext = context.contains(value.name) || shape[0] == 1
            let row = shape.dropFirst().reduce(1, *)
            let distinct = (0..<(isContext ? 1 : shape[0]) * row).map { _ in random.uniform() - 0.5
            }
            let all = isContext ? (0..<shape[0]).flatMap { _ in distinct } : distinct
            func elements(_ values: [Float]) -> ReferenceTensor.Elements {
                value.type.dtype == .int64
                    ? .int64(values.map { Int64(($0 + 0.5) * 6.9) }) : .float32(values)
            }
            inputs[value.name] = ReferenceTensor(rowCount: 1, shape: shape, elements(all))
            rowInputs[value.name] = ReferenceTensor(
                rowCount: isContext ? 1 : rowCount, shape: Array(shape.dropFirst()),
                elements(distinct))
        }
        let expected = try ReferenceExecutor(whole.graph, whole.tensors).run(inputs, rowCount: 1)
        let found = try ReferenceExecutor(extracted.graph, extracted.tensors)
            .run(rowInputs, rowCount: rowCount)
        for (name, tensor) in expected {
            let answer = try #require(found[name])
            #expect(tensor.floats.count == answer.floats.count || answer.rowCount == 1, "\(name)")
            for (a, b) in zip(tensor.floats, answer.floats) {
                #expect(abs(a - b) <= 1e-5 * max(1, abs(a)), "\(name)")
            }
        }
        return extracted
    }
}
