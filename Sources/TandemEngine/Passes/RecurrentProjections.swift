// Design: what does not depend on the state is computed without it.
//
// An LSTM multiplies its input and its state at every position. The inputs' products are one layer
// over all positions, which quantises, or folds into a table, as any other; what is left is the
// state's product, over int8 weights with the state rounded at each position. Its scale moves with
// the state, so nothing saturates. Both biases go into the layer.

package import TandemGraph

/// Splits LSTMs into a layer over the inputs and a recurrence over int8 weights.
package enum RecurrentProjections {
    /// Rewrites a graph.
    ///
    /// LSTMs with peepholes, other cells, and those whose weights are computed stay as they are.
    ///
    /// - Parameters:
    ///   - source: A float graph and its tensors.
    ///   - choices: Which of them stay float.
    /// - Returns: The rewritten graph; the layer carries the suffix `/inputs`.
    /// - Throws: `GraphError` if a name that the pass makes is taken.
    package static func applied(
        to source: WeightedGraph, _ choices: QuantizationChoices = QuantizationChoices()
    ) throws(GraphError) -> WeightedGraph {
        try GraphRewriter.rewrite(source) { rewriter, node throws(GraphError) in
            let graph = rewriter.source.graph
            let name = graph[node.output].name
            guard let layer = split(node), choices.precision(of: name) != .float,
                rewriter.tensor(node.inputs[1]) != nil,
                let recurrent = rewriter.tensor(node.inputs[2]),
                let bias = rewriter.tensor(node.inputs[3])
            else { return nil }
            let recurrentName = graph[node.inputs[2]].name
            let projected = try rewriter.node(
                "\(name)/inputs", .linear,
                [
                    try rewriter.value(node.inputs[0]), try rewriter.value(node.inputs[1]),
                    try rewriter.parameter("\(name)/inputs/bias") { folded(bias) },
                ])
            let (values, scales) = RowQuantization.rows(recurrent)
            var inputs = [
                projected, try rewriter.parameter("\(recurrentName)/int8", values),
                try rewriter.parameter("\(recurrentName)/scale", scales),
                try rewriter.parameter("\(name)/state/bias") {
                    Tensor(zeros: .float32, shape: [bias.shape[0] / 2])
                },
            ]
            for input in node.inputs[4...] { inputs.append(try rewriter.value(input)) }
            return try rewriter.node(name, .quantizedRecurrent(layer), inputs)
        }
    }

    /// The recurrences that `applied` splits if no choice forbids it.
    static func candidates(of source: WeightedGraph) -> [QuantizationCandidate] {
        source.graph.nodes.compactMap { node in
            guard split(node) != nil,
                let weight = source.tensors[source.graph[node.inputs[2]].name]
            else { return nil }
            return QuantizationCandidate(
                name: source.graph[node.output].name, operation: node.operation.name, input: nil,
                weightCount: weight.shape.reduce(1, *),
                multiplyAdds: source.graph.multiplyAdds(of: node), precisions: [.float],
                isOfContext: source.graph[node.output].type.rows != .candidate)
        }
    }

    /// The layer of a node that can be split.
    private static func split(_ node: Node) -> Recurrence? {
        guard case .recurrent(let layer) = node.operation, layer.cell == .lstm,
            !layer.hasPeepholes
        else { return nil }
        return layer
    }

    /// The inputs' bias and the state's, added.
    private static func folded(_ bias: Tensor) -> Tensor {
        let count = bias.shape[0] / 2
        let result = Tensor(zeros: .float32, shape: [count])
        let (from, to) = (bias.elements(as: Float.self), result.elements(as: Float.self))
        for index in 0..<count { to[index] = from[index] + from[count + index] }
        return result
    }
}
