// Design: the user's part is computed once.
//
// A first layer over [u; v], u of the context and v of the candidate, is W [u; v] = Wu u + Wv v.
// Wu u exists once a request; it becomes the bias of Wv v, so that the lifted layer costs a
// candidate no more than its own columns. For a typical ranking model two thirds of the columns are
// the context's. The sum is taken in another order, so this changes last bits: it is done when a
// package is written, and is part of the graph that is stored.

package import TandemGraph

/// Splits linear layers over joined context and candidate values.
package enum ContextLifting {
    /// Rewrites a graph.
    ///
    /// Layers whose input joins values of one side only, or whose weights are computed, stay.
    ///
    /// - Parameter source: A graph and its tensors.
    /// - Returns: The rewritten graph; weights that were split carry the suffixes `/context` and
    ///   `/candidate`.
    /// - Throws: `GraphError` if a name that the pass makes is taken.
    package static func applied(to source: WeightedGraph) throws(GraphError) -> WeightedGraph {
        let live = try lifted(source)
        // A second walk drops the joins that no layer reads any more.
        return try GraphRewriter.rewrite(live) { _, _ throws(GraphError) in nil }
    }

    private static func lifted(_ source: WeightedGraph) throws(GraphError) -> WeightedGraph {
        let graph = source.graph
        var makers: [ValueID: Node] = [:]
        for node in graph.nodes { makers[node.output] = node }
        return try GraphRewriter.rewrite(source) { rewriter, node throws(GraphError) in
            guard node.operation == .linear, graph[node.output].type.rows == .candidate,
                let weight = rewriter.tensor(node.inputs[1]),
                let join = makers[node.inputs[0]]
            else { return nil }
            let parts = joinedParts(join, graph, makers)
            let (context, candidate) = (parts.filter(\.isContext), parts.filter { !$0.isContext })
            guard !context.isEmpty, !candidate.isEmpty else { return nil }
            let name = graph[node.output].name
            let weightName = graph[node.inputs[1]].name
            var contextInputs = [
                try joined(context, "\(graph[join.output].name)/context", &rewriter),
                try rewriter.parameter(
                    "\(weightName)/context", columns(of: weight, context)),
            ]
            if node.inputs.count > 2 { contextInputs.append(try rewriter.value(node.inputs[2])) }
            let share = try rewriter.node("\(name)/context", .linear, contextInputs)
            let candidateInputs = [
                try joined(candidate, "\(graph[join.output].name)/candidate", &rewriter),
                try rewriter.parameter(
                    "\(weightName)/candidate", columns(of: weight, candidate)),
                share,
            ]
            return try rewriter.node(name, .linear, candidateInputs)
        }
    }

    /// One value of a join and the columns it takes.
    private struct Part {
        var value: ValueID
        var columns: Range<Int>
        var isContext: Bool
    }

    /// The values that a join of row vectors is made of, through joins of joins.
    private static func joinedParts(
        _ join: Node, _ graph: Graph, _ makers: [ValueID: Node]
    ) -> [Part] {
        guard join.operation == .concat(axis: 0), graph[join.output].type.shape.count == 1
        else { return [] }
        var parts: [Part] = []
        var start = 0
        var waiting = Array(join.inputs.reversed())
        while let id = waiting.popLast() {
            if let inner = makers[id], inner.operation == .concat(axis: 0),
                graph[id].type.rows == .candidate
            {
                waiting += inner.inputs.reversed()
                continue
            }
            let width = graph[id].type.rowElementCount ?? 0
            parts.append(
                Part(
                    value: id, columns: start..<start + width,
                    isContext: graph[id].type.rows != .candidate))
            start += width
        }
        return parts
    }

    private static func joined(
        _ parts: [Part], _ name: String, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID {
        var inputs: [ValueID] = []
        for part in parts { inputs.append(try rewriter.value(part.value)) }
        return inputs.count == 1 ? inputs[0] : try rewriter.node(name, .concat(axis: 0), inputs)
    }

    /// The columns of a weight `[N, K]` that belong to some parts, side by side.
    private static func columns(of weight: Tensor, _ parts: [Part]) -> Tensor {
        let depth = weight.shape[1]
        let width = parts.reduce(0) { $0 + $1.columns.count }
        let result = Tensor(zeros: .float32, shape: [weight.shape[0], width])
        let source = weight.elements(as: Float.self)
        let target = result.elements(as: Float.self)
        var next = 0
        for row in 0..<weight.shape[0] {
            for part in parts {
                for column in part.columns {
                    target[next] = source[row * depth + column]
                    next += 1
                }
            }
        }
        return result
    }
}
