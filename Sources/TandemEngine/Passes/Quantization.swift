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
    /// Rewrites a graph.
    ///
    /// - Parameter source: A float graph and its tensors.
    /// - Returns: The int8 graph; quantised tensors carry the suffixes `/int8` and `/scale`.
    /// - Throws: `GraphError` if a name that the pass makes is taken.
    package static func applied(to source: WeightedGraph) throws(GraphError) -> WeightedGraph {
        let kept = layersThatStayFloat(source.graph)
        return try GraphRewriter.rewrite(source) { rewriter, node throws(GraphError) in
            switch node.operation {
            case .linear where !kept.contains(node.output):
                return try replace(node, .quantizedLinear, weightAt: 1, &rewriter)
            case .embedding: return try replace(node, .quantizedEmbedding, weightAt: 1, &rewriter)
            case .embeddingPool(let reduction):
                return try replace(
                    node, .quantizedEmbeddingPool(reduction), weightAt: 2, &rewriter)
            default: return nil
            }
        }
    }

    /// A node over int8 rows instead of float ones; nil if its weight is computed.
    private static func replace(
        _ node: Node, _ operation: Operation, weightAt index: Int, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        guard let weight = rewriter.tensor(node.inputs[index]) else { return nil }
        let name = rewriter.source.graph[node.inputs[index]].name
        let (values, scales) = quantizedRows(weight)
        var inputs: [ValueID] = []
        for input in node.inputs[..<index] { inputs.append(try rewriter.value(input)) }
        inputs.append(try rewriter.parameter("\(name)/int8", values))
        inputs.append(try rewriter.parameter("\(name)/scale", scales))
        for input in node.inputs[(index + 1)...] { inputs.append(try rewriter.value(input)) }
        return try rewriter.node(
            rewriter.source.graph[node.output].name, operation, inputs)
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

    /// Rows of a matrix as int8, each with the scale that takes its largest magnitude to 127.
    ///
    /// - Parameter matrix: f32 `[N, K]`, finite.
    /// - Returns: int8 `[N, K]` in -127 ... 127 and f32 `[N]`, with `value = int8 * scale`.
    package static func quantizedRows(_ matrix: Tensor) -> (values: Tensor, scales: Tensor) {
        let (rows, width) = (matrix.shape[0], matrix.shape[1])
        let values = Tensor(zeros: .int8, shape: [rows, width])
        let scales = Tensor(zeros: .float32, shape: [rows])
        let source = matrix.elements(as: Float.self)
        let target = values.elements(as: Int8.self)
        let factors = scales.elements(as: Float.self)
        for row in 0..<rows {
            let range = row * width..<(row + 1) * width
            var largest: Float = 0
            for index in range { largest = max(largest, source[index].magnitude) }
            guard largest >= 0x1p-100 else { continue }
            factors[row] = largest / 127
            for index in range {
                // Multiplied by the inverse in double: one rounding decides, and 127 is reached.
                let scaled = Double(source[index]) * (127 / Double(largest))
                target[index] = Int8(scaled.rounded(.toNearestOrEven))
            }
        }
        return (values, scales)
    }
}
