// Design: what does not depend on the state is computed without it.
//
// An LSTM or GRU multiplies its input and its state at every position. The inputs' products are one
// layer over all positions, which quantises, or folds into a table, as any other; what is left is the
// state's product, over int8 weights with the state rounded at each position. Its scale moves with
// the state, so nothing saturates. Both biases go into the layer, but for the one that a GRU's reset
// gate scales with the state's product.

package import TandemGraph

/// Splits LSTMs and GRUs into a layer over the inputs and a recurrence over int8 weights.
package enum RecurrentProjections {
    /// Rewrites a graph.
    ///
    /// LSTMs with peepholes, GRUs that reset before the product, other cells, and those whose weights
    /// are computed stay as they are.
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
                    try rewriter.parameter("\(name)/inputs/bias") { biases(layer, bias).inputs },
                ])
            let (values, scales) = RowQuantization.rows(recurrent)
            var inputs = [
                projected, try rewriter.parameter("\(recurrentName)/int8", values),
                try rewriter.parameter("\(recurrentName)/scale", scales),
                try rewriter.parameter("\(name)/state/bias") { biases(layer, bias).state },
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
        guard case .recurrent(let layer) = node.operation, layer.canBeQuantized else {
            return nil
        }
        return layer
    }

    /// The layer's bias, the inputs' and the state's added where they can be, and what is left.
    private static func biases(
        _ layer: Recurrence, _ bias: Tensor
    ) -> (inputs: Tensor, state: Tensor) {
        let count = bias.shape[0] / 2
        let (inputs, state) = (
            Tensor(zeros: .float32, shape: [count]), Tensor(zeros: .float32, shape: [count])
        )
        let from = bias.elements(as: Float.self)
        let (to, left) = (inputs.elements(as: Float.self), state.elements(as: Float.self))
        let hidden = layer.cell == .lstm ? count : count / layer.cell.gateCount * 2
        for index in 0..<count {
            to[index] = from[index] + (index < hidden ? from[count + index] : 0)
            left[index] = index < hidden ? 0 : from[count + index]
        }
        return (inputs, state)
    }
}
