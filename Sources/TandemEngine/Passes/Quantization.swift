// Design: what becomes int8, and what stays float.
//
// Hidden layers and embedding tables hold nearly all bytes and products, and bear rounding well.
// Layers that feed a sigmoid, an answer or its softmax are small, and an error there is an error of
// the score; they stay float, and so do their activations. A gate's softmax only weighs experts: its
// layer is rounded with theirs. Weights are rounded to int8 with a scale an output channel, table
// rows with a scale a row, which they carry (ScaledRows); activations get their scale a row at run
// time, so a row's score does not depend on its neighbours, or one for all rows, which is faster,
// where that was measured to be good enough (GridCalibration). Behind rectifiers the rows of weights
// keep their sums (RowQuantization).

package import TandemGraph

/// Rewrites float layers and tables to int8.
package enum Quantization {
    /// How a layer's weights become int8 rows: their name, themselves, and the rule.
    package typealias Rounding = (String, Tensor, RoundingRule) -> (values: Tensor, scales: Tensor)

    /// How a table becomes int8 rows that carry their scales.
    package typealias TableRounding = (String, Tensor, RoundingRule) -> Tensor

    /// Rewrites a graph.
    ///
    /// - Parameters:
    ///   - source: A float graph and its tensors.
    ///   - choices: Which nodes stay float or get a second digit, and how others are rounded.
    ///   - rounding: Makes the int8 rows of weights; the default computes them.
    ///   - tableRounding: Makes those of a table, likewise.
    /// - Returns: The int8 graph; quantised weights carry the suffixes `/int8` and `/scale`, those of a
    ///   second digit `/residual` before that, and tables `/rows`.
    /// - Throws: `GraphError` if a name that the pass makes is taken.
    package static func applied(
        to source: WeightedGraph, _ choices: QuantizationChoices = QuantizationChoices(),
        rounding: Rounding = { RowQuantization.rows($1, $2) },
        tableRounding: TableRounding = { RowQuantization.table($1, $2) }
    ) throws(GraphError) -> WeightedGraph {
        let kept = layersThatStayFloat(source.graph)
        let nonNegative = source.graph.nonNegativeValues
        return try GraphRewriter.rewrite(source) { rewriter, node throws(GraphError) in
            let name = source.graph[node.output].name
            let precision = choices.precision(of: name)
            guard let (operation, index) = int8Form(of: node, kept), precision != .float,
                let weight = rewriter.tensor(node.inputs[index])
            else { return nil }
            let rule = RoundingRule(
                clips: choices.clipped.contains(name),
                triesScales: operation != .quantizedLinear,
                keepsSum: operation == .quantizedLinear && nonNegative.contains(node.inputs[0]),
                moments: choices.moments[name], gradients: choices.gradients[name])
            if precision == .int8Twice || precision == .int8TwiceInput,
                takesTwoDigits(node, source.graph)
            {
                return try ResidualQuantization.node(
                    node, name, weight, rule, ofWeights: precision == .int8Twice, &rewriter,
                    rounding)
            }
            let weightName = source.graph[node.inputs[index]].name
            var inputs: [ValueID] = []
            for input in node.inputs[..<index] { inputs.append(try rewriter.value(input)) }
            guard operation == .quantizedLinear else {
                let rows = tableRounding(weightName, weight, rule)
                inputs.append(try rewriter.parameter("\(weightName)/rows", rows))
                return try rewriter.node(name, operation, inputs)
            }
            let (values, scales) = rounding(weightName, weight, rule)
            let quantized = choices.grids[name].map(Operation.staticQuantizedLinear) ?? operation
            inputs.append(try rewriter.parameter("\(weightName)/int8", values))
            inputs.append(try rewriter.parameter("\(weightName)/scale", scales))
            for input in node.inputs[(index + 1)...] { inputs.append(try rewriter.value(input)) }
            return try rewriter.node(name, quantized, inputs)
        }
    }

    /// The nodes that `applied` brings to int8 if no choice forbids it.
    static func candidates(of source: WeightedGraph) -> [QuantizationCandidate] {
        let kept = layersThatStayFloat(source.graph)
        return source.graph.nodes.compactMap { node in
            guard let (_, index) = int8Form(of: node, kept),
                let weight = source.tensors[source.graph[node.inputs[index]].name]
            else { return nil }
            return QuantizationCandidate(
                name: source.graph[node.output].name, operation: node.operation.name,
                input: node.operation == .linear ? node.inputs[0] : nil,
                weightCount: weight.shape.reduce(1, *),
                multiplyAdds: source.graph.multiplyAdds(of: node),
                precisions: takesTwoDigits(node, source.graph)
                    ? [.int8TwiceInput, .int8Twice, .float] : [.float],
                isOfContext: source.graph[node.output].type.rows != .candidate)
        }
    }

    /// Whether a node is a layer of the context's one row.
    private static func takesTwoDigits(_ node: Node, _ graph: Graph) -> Bool {
        node.operation == .linear && graph[node.output].type.rows != .candidate
            && graph[node.output].type.shape.count == 1
    }

    /// The operation over int8 rows, and which input its weights are; nil for nodes without one.
    private static func int8Form(
        of node: Node, _ kept: Set<ValueID>
    ) -> (operation: Operation, weightIndex: Int)? {
        switch node.operation {
        case .linear: kept.contains(node.output) ? nil : (.quantizedLinear, 1)
        case .embedding: (.quantizedEmbedding, 1)
        case .embeddingPool(let reduction): (.quantizedEmbeddingPool(reduction), 2)
        default: nil
        }
    }

    /// Linear layers with no rectifier, or other hidden function, between them and a score.
    private static func layersThatStayFloat(_ graph: Graph) -> Set<ValueID> {
        var sensitive = Set(graph.outputs)
        var gates: Set<ValueID> = []
        for node in graph.nodes where node.operation == .mixture { gates.insert(node.inputs[0]) }
        for node in graph.nodes.reversed() {
            switch node.operation {
            case .softmax where !gates.contains(node.output): sensitive.insert(node.inputs[0])
            case .unary(.sigmoid), .unary(.exp), .unary(.tanh), .affine, .binary:
                if sensitive.contains(node.output) { sensitive.formUnion(node.inputs) }
            case .linear where sensitive.contains(node.output) && node.inputs.count > 2:
                sensitive.insert(node.inputs[2])  // The context's share of the same layer.
            default: continue
            }
        }
        return sensitive
    }
}

extension Graph {
    /// Values whose elements are 0 or more (or NaN), as far as their operations tell.
    var nonNegativeValues: Set<ValueID> {
        var found: Set<ValueID> = []
        for node in nodes {
            let isNonNegative =
                switch node.operation {
                case .unary(.relu), .unary(.sigmoid), .unary(.exp), .unary(.abs), .softmax: true
                case .mixture, .concat: node.inputs.allSatisfy(found.contains)
                case .slice, .reshape, .transpose, .expand: found.contains(node.inputs[0])
                case .reduce(let reduction, _):
                    reduction != .product && found.contains(node.inputs[0])
                default: false
                }
            if isNonNegative { found.insert(node.output) }
        }
        return found
    }
}
