// Design: outliers move from the rows into the weights.
//
// A layer norm's gain makes a few columns ten times as large as the others, in every row alike. A
// row's int8 step follows the largest, and the rest of the row is left with a handful of steps.
// Weights have no such columns, and a scale for each of their own rows. So each column is divided by
// a number before it is rounded, and the column of the weights multiplied by it: `W x = (W diag(s))
// (x / s)`. The square root of the columns' sizes' ratio, in x and in W, leaves both about as even;
// sizes are fourth-power means, which heed outliers without being one of them.
//
// The division is a multiplication of its own in the graph, since the residual connection reads the
// layer norm as it is; plans do it while they quantise. Other layers' inputs gained nothing from it.
// Source: Xiao et al., "SmoothQuant", ICML 2023, equation 4, which takes the maxima.

package import TandemGraph

/// Evens out the columns that int8 layers read.
package enum ColumnSmoothing {
    /// Results of layer norms that layers of constant weights read.
    static func candidates(of source: WeightedGraph) -> [ValueID] {
        let view = GraphView(source)
        return source.graph.nodes.compactMap { node in
            guard case .layerNorm = node.operation else { return nil }
            return readers(of: node.output, view).isEmpty ? nil : node.output
        }
    }

    /// What each column of a value is multiplied by before it is rounded.
    ///
    /// - Parameters:
    ///   - id: One of `candidates`.
    ///   - fourthPowers: The mean fourth power of each of its columns.
    ///   - source: Its graph.
    /// - Returns: A positive number a column, 1 where a column is 0 in all rows or all weights.
    static func factors(
        _ id: ValueID, fourthPowers: [Float], _ source: WeightedGraph
    ) -> [Float] {
        var weights = [Double](repeating: 0, count: fourthPowers.count)
        var rowCount = 0
        let view = GraphView(source)
        for node in readers(of: id, view) {
            guard let weight = view.tensor(node.inputs[1]) else { continue }
            rowCount += weight.shape[0]
            for (index, element) in weight.elements(as: Float.self).enumerated() {
                let square = Double(element) * Double(element)
                weights[index % weights.count] += square * square
            }
        }
        return zip(fourthPowers, weights).map { x, w in
            let mean = w / Double(max(rowCount, 1))
            guard x > 0, mean > 0 else { return 1 }
            return Float((mean / Double(x)).squareRoot().squareRoot().squareRoot())
        }
    }

    /// Rewrites a graph.
    ///
    /// - Parameters:
    ///   - source: A float graph and its tensors.
    ///   - factors: By the name of a value, what its columns are multiplied by for the layers that
    ///     read it.
    /// - Returns: A graph that gives the same scores within rounding; what is new carries `/smooth`.
    /// - Throws: `GraphError` if a name that the pass makes is taken.
    package static func applied(
        to source: WeightedGraph, factors: [String: [Float]]
    ) throws(GraphError) -> WeightedGraph {
        guard !factors.isEmpty else { return source }
        var smoothed: [ValueID: ValueID] = [:]
        return try GraphRewriter.rewrite(source) { rewriter, node throws(GraphError) in
            let id = node.operation == .linear ? node.inputs[0] : node.output
            let name = source.graph[id].name
            guard node.operation == .linear, let columns = factors[name],
                let weight = rewriter.tensor(node.inputs[1])
            else { return nil }
            if smoothed[id] == nil {
                smoothed[id] = try rewriter.node(
                    "\(name)/smooth", .binary(.multiply),
                    [
                        try rewriter.value(id),
                        try rewriter.parameter(
                            "\(name)/smooth/factors",
                            Tensor(.float32, shape: [columns.count], columns)),
                    ])
            }
            guard let input = smoothed[id] else { return nil }
            let weightName = source.graph[node.inputs[1]].name
            var inputs = [
                input,
                try rewriter.parameter("\(weightName)/smooth") { divided(weight, columns) },
            ]
            for other in node.inputs.dropFirst(2) { inputs.append(try rewriter.value(other)) }
            return try rewriter.node(source.graph[node.output].name, .linear, inputs)
        }
    }

    private static func readers(of id: ValueID, _ view: GraphView) -> [Node] {
        view.model.graph.nodes.filter {
            $0.operation == .linear && $0.inputs[0] == id && view.tensor($0.inputs[1]) != nil
        }
    }

    /// Each column over its number.
    private static func divided(_ matrix: Tensor, _ columns: [Float]) -> Tensor {
        let result = Tensor(zeros: .float32, shape: matrix.shape)
        let (source, target) = (
            matrix.elements(as: Float.self), result.elements(as: Float.self)
        )
        for index in source.indices {
            target[index] = Float(Double(source[index]) / Double(columns[index % columns.count]))
        }
        return result
    }
}
