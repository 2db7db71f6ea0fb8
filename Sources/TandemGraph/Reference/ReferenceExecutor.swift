// Design: clear before fast.
//
// This is what a graph means. Each operation is a direct reading of its definition, one at a time,
// over whole tensors; sums run in double precision and are rounded once, so the result is the
// closest of all executors to the mathematical one, and the others are checked against it.

/// Executes a graph in plain float, as the definition of its results.
package struct ReferenceExecutor {
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
            if let tensor = tensors[graph[id].name] {
                parameters[id] = try ReferenceTensor(tensor)
            }
        }
        self.parameters = parameters
    }

    /// Computes the outputs.
    ///
    /// - Parameters:
    ///   - inputs: By name; context inputs with 1 row, or with `rowCount` rows when every row has
    ///     its own context (as in training).
    ///   - rowCount: Number of candidates.
    /// - Returns: The outputs by name, in 1 or `rowCount` rows.
    /// - Throws: `GraphError`, naming the input or node.
    package func run(
        _ inputs: [String: ReferenceTensor], rowCount: Int
    ) throws(GraphError) -> [String: ReferenceTensor] {
        let values = try runAll(inputs, rowCount: rowCount)
        var outputs: [String: ReferenceTensor] = [:]
        for id in graph.outputs { outputs[graph[id].name] = values[id.index] }
        return outputs
    }

    /// Computes every value, for tests that look inside; indexed as `Graph.values`.
    package func runAll(
        _ inputs: [String: ReferenceTensor], rowCount: Int
    ) throws(GraphError) -> [ReferenceTensor?] {
        var values = [ReferenceTensor?](repeating: nil, count: graph.values.count)
        for id in graph.inputs { values[id.index] = try checked(inputs, id, rowCount) }
        for (id, tensor) in parameters { values[id.index] = tensor }
        for node in graph.nodes {
            let arguments = node.inputs.compactMap { values[$0.index] }
            let evaluation = ReferenceEvaluation(
                inputs: arguments, name: graph[node.output].name)
            values[node.output.index] = try evaluation.result(of: node.operation)
        }
        return values
    }

    private func checked(
        _ inputs: [String: ReferenceTensor], _ id: ValueID, _ rowCount: Int
    ) throws(GraphError) -> ReferenceTensor {
        let value = graph[id]
        guard let tensor = inputs[value.name] else {
            throw GraphError(.missingTensor, value.name, "the input was not given")
        }
        let rowsFit =
            tensor.rowCount == rowCount || (value.type.rows != .candidate && tensor.rowCount == 1)
        let shapeFits =
            value.type.shape.count == tensor.shape.count
            && zip(value.type.shape, tensor.shape).allSatisfy { $0.fixedSize ?? $1 == $1 }
        guard rowsFit, shapeFits, tensor.dtype == value.type.dtype,
            tensor.count == tensor.rowCount * tensor.rowElementCount
        else {
            throw GraphError(
                .wrongTensor, value.name,
                "declared \(value.type), got \(tensor.dtype.name) \(tensor.shape) in \(tensor.rowCount) rows"
            )
        }
        return tensor
    }
}
