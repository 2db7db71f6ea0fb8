// Design: what becomes int8, and what stays float.
//
// Hidden layers and embedding tables hold nearly all bytes and products, and bear rounding well.
// Layers that feed a sigmoid, an answer or its softmax are small, and an error there is an error of
// the score; they stay float, and so do their activations. A gate's softmax only weighs experts: its
// layer is rounded with theirs. Weights are rounded to int8 with a scale
// an output channel, table rows with a scale a row; activations get their scale a row at run time,
// so a row's score does not depend on its neighbours.

package import TandemGraph

/// Rewrites float layers and tables to int8.
package enum Quantization {
    /// How a tensor becomes int8 rows: its name, itself, and the columns' weights if it is clipped.
    package typealias Rounding = (String, Tensor, [Float]?) -> (values: Tensor, scales: Tensor)

    /// Rewrites a graph.
    ///
    /// - Parameters:
    ///   - source: A float graph and its tensors.
    ///   - choices: Which nodes stay float, and how others are rounded.
    ///   - rounding: Makes a tensor's int8 rows; the default computes them.
    /// - Returns: The int8 graph; quantised tensors carry the suffixes `/int8` and `/scale`.
    /// - Throws: `GraphError` if a name that the pass makes is taken.
    package static func applied(
        to source: WeightedGraph, _ choices: QuantizationChoices = QuantizationChoices(),
        rounding: Rounding = { RowQuantization.rows($1, clippedBy: $2) }
    ) throws(GraphError) -> WeightedGraph {
        let kept = layersThatStayFloat(source.graph)
        return try GraphRewriter.rewrite(source) { rewriter, node throws(GraphError) in
            let name = source.graph[node.output].name
            guard let (operation, index) = int8Form(of: node, kept),
                !choices.keptFloat.contains(name),
                let weight = rewriter.tensor(node.inputs[index])
            else { return nil }
            let weightName = source.graph[node.inputs[index]].name
            let (values, scales) = rounding(weightName, weight, choices.clipped[name])
            var inputs: [ValueID] = []
            for input in node.inputs[..<index] { inputs.append(try rewriter.value(input)) }
            inputs.append(try rewriter.parameter("\(weightName)/int8", values))
            inputs.append(try rewriter.parameter("\(weightName)/scale", scales))
            for input in node.inputs[(index + 1)...] { inputs.append(try rewriter.value(input)) }
            return try rewriter.node(name, operation, inputs)
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
                weightCount: weight.shape.reduce(1, *))
        }
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
