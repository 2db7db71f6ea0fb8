// Design: clear before fast.
//
// This is what a graph means. Each operation is a direct reading of its definition, one at a time,
// over whole tensors; sums run in double precision and are rounded once, so the result is the
// closest of all executors to the mathematical one, and the others are checked against it.
//
// Sizes with names are bound before anything is computed: the inputs' real shapes say what the
// names stand for, and `Graph.binding` infers every type again with numbers. So an evaluation knows
// its result's shape, and what inference refuses is refused before an element is touched.

/// Executes a graph in plain float, as the definition of its results.
package struct ReferenceExecutor {
    /// The most elements that one value may have; a bound on what a hostile graph can ask for.
    package static let elementCountMax = 1 << 29

    private let graph: Graph
    private let parameters: [ValueID: ReferenceTensor]

    /// Prepares a graph with its parameters.
    ///
    /// - Throws: `GraphError` if a parameter's tensor is missing or of another type.
    package init(_ graph: Graph, _ tensors: TensorSet) throws(GraphError) {
        try graph.check(tensors)
        self.graph = graph
        var parameters: [ValueID: ReferenceTensor] = [:]
        for id in graph.parameters {
            if let tensor = tensors[graph[id].name] { parameters[id] = ReferenceTensor(tensor) }
        }
        self.parameters = parameters
    }

    /// Computes the outputs.
    ///
    /// - Parameters:
    ///   - inputs: By name; candidate inputs with `rowCount` rows, context inputs with 1 row, or
    ///     with `rowCount` rows when every row has its own context (as in training), inputs on no
    ///     row axis with 1 row.
    ///   - rowCount: Number of candidates; 1 for a graph without rows.
    /// - Returns: The outputs by name, in 1 or `rowCount` rows.
    /// - Throws: `GraphError`, naming the input or node.
    package func run(
        _ inputs: [String: ReferenceTensor], rowCount: Int = 1
    ) throws(GraphError) -> [String: ReferenceTensor] {
        let values = try evaluate(inputs, rowCount, keepsAll: false)
        var outputs: [String: ReferenceTensor] = [:]
        for id in graph.outputs { outputs[graph[id].name] = values[id.index] }
        return outputs
    }

    /// Computes every value, for tests that look inside; indexed as `Graph.values`.
    package func runAll(
        _ inputs: [String: ReferenceTensor], rowCount: Int = 1
    ) throws(GraphError) -> [ReferenceTensor?] {
        try evaluate(inputs, rowCount, keepsAll: true)
    }

    private func evaluate(
        _ inputs: [String: ReferenceTensor], _ rowCount: Int, keepsAll: Bool
    ) throws(GraphError) -> [ReferenceTensor?] {
        let graph = try bound(to: inputs)
        var values = [ReferenceTensor?](repeating: nil, count: graph.values.count)
        for id in graph.inputs { values[id.index] = try checked(inputs, graph[id], rowCount) }
        for (id, tensor) in parameters { values[id.index] = tensor }
        let lastUses = keepsAll ? [:] : graph.lastUses
        for (index, node) in graph.nodes.enumerated() {
            let value = graph[node.output]
            guard let shape = value.type.fixedSizes, node.operation.symbols.isEmpty else {
                throw GraphError(
                    .wrongShape, value.name,
                    "no input says what the sizes in '\(graph.text(of: node))' are")
            }
            let evaluation = ReferenceEvaluation(
                node.inputs.compactMap { values[$0.index] }, name: value.name, shape: shape)
            guard let count = TensorType.product([evaluation.rowCount] + shape),
                count <= Self.elementCountMax
            else {
                throw GraphError(
                    .overflow, value.name,
                    "\(value.type) has more than \(Self.elementCountMax) elements")
            }
            values[node.output.index] = try evaluation.result(of: node.operation)
            for id in lastUses[index] ?? [] { values[id.index] = nil }
        }
        return values
    }

    // MARK: Inputs

    /// The graph with numbers for names, as the inputs' shapes say.
    private func bound(to inputs: [String: ReferenceTensor]) throws(GraphError) -> Graph {
        var sizes: [String: (size: Int, input: String)] = [:]
        for id in graph.inputs {
            let value = graph[id]
            guard let tensor = inputs[value.name], tensor.shape.count == value.type.shape.count
            else { continue }
            for (dimension, size) in zip(value.type.shape, tensor.shape) {
                guard let name = dimension.symbolName else { continue }
                if let known = sizes[name], known.size != size {
                    throw GraphError(
                        .wrongTensor, value.name,
                        "'\(name)' is \(size) here and \(known.size) in '\(known.input)'")
                }
                sizes[name] = (size, value.name)
            }
        }
        return sizes.isEmpty ? graph : try graph.binding(sizes.mapValues(\.size))
    }

    private func checked(
        _ inputs: [String: ReferenceTensor], _ value: Value, _ rowCount: Int
    ) throws(GraphError) -> ReferenceTensor {
        guard let tensor = inputs[value.name] else {
            throw GraphError(.missingTensor, value.name, "the input was not given")
        }
        let rowsFit =
            switch value.type.rows {
            case .none: tensor.rowCount == 1
            case .context: tensor.rowCount == 1 || tensor.rowCount == rowCount
            case .candidate: tensor.rowCount == rowCount
            }
        guard rowsFit, value.type.fixedSizes == tensor.shape, tensor.dtype == value.type.dtype,
            TensorType.product([tensor.rowCount] + tensor.shape) == tensor.elements.count
        else {
            throw GraphError(
                .wrongTensor, value.name,
                "declared \(value.type), got \(tensor.dtype.name) \(tensor.shape) in \(tensor.rowCount) rows"
            )
        }
        return tensor
    }
}

extension Graph {
    /// The values that no node reads after a given one, by that node's position; outputs excepted.
    fileprivate var lastUses: [Int: [ValueID]] {
        var last: [ValueID: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for id in node.inputs { last[id] = index }
        }
        for id in outputs { last[id] = nil }
        return Dictionary(grouping: last.keys) { last[$0] ?? 0 }
    }
}
