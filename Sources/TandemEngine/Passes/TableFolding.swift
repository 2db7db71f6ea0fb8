// Design: a layer over a small table is a table.
//
// A layer whose input is one look-up gives one of as many results as the table has rows. Where these
// are few, they are computed when the package is written, and the layer is gone: what was
// rows * inputs * outputs multiply-adds a candidate is reading one row.

package import TandemGraph

/// Folds linear layers into the tables that alone they read.
package enum TableFolding {
    /// Elements of a folded table beyond which the layer stays: 4 MB in int8, an eighth of the
    /// third-level caches seen.
    static let elementCountMax = 1 << 22

    /// Rewrites a graph.
    ///
    /// - Parameter source: A float graph and its tensors.
    /// - Returns: The rewritten graph; a folded table carries the layer's name and `/table`.
    /// - Throws: `GraphError` if a name that the pass makes is taken.
    package static func applied(to source: WeightedGraph) throws(GraphError) -> WeightedGraph {
        let view = GraphView(source)
        let folded = try GraphRewriter.rewrite(source) { rewriter, node throws(GraphError) in
            guard node.operation == .linear, let lookup = view.maker(node.inputs[0]),
                lookup.operation == .embedding, view.useCount(lookup.output) == 1,
                let table = view.tensor(lookup.inputs[1]), let weight = view.tensor(node.inputs[1]),
                table.shape[0] * weight.shape[0] <= elementCountMax
            else { return nil }
            var bias: Tensor?
            if node.inputs.count > 2 {
                guard let tensor = view.tensor(node.inputs[2]) else { return nil }
                bias = tensor
            }
            let name = rewriter.source.graph[node.output].name
            let parameter = try rewriter.parameter("\(name)/table") {
                product(table, weight, bias)
            }
            return try rewriter.node(
                name, .embedding, [try rewriter.value(lookup.inputs[0]), parameter])
        }
        // A second walk drops the look-ups that no layer reads any more.
        return try GraphRewriter.rewrite(folded) { _, _ throws(GraphError) in nil }
    }

    /// `table * weight^T + bias`, summed in double and rounded once.
    private static func product(_ table: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
        let (rows, depth, width) = (table.shape[0], table.shape[1], weight.shape[0])
        let result = Tensor(zeros: .float32, shape: [rows, width])
        let x = table.elements(as: Float.self)
        let w = weight.elements(as: Float.self)
        let added = bias?.elements(as: Float.self)
        let y = result.elements(as: Float.self)
        for row in 0..<rows {
            for column in 0..<width {
                var sum = added.map { Double($0[column]) } ?? 0
                for k in 0..<depth {
                    sum += Double(x[row * depth + k]) * Double(w[column * depth + k])
                }
                y[row * width + column] = Float(sum)
            }
        }
        return result
    }
}
