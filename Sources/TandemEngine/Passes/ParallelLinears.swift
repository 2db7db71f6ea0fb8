// Design: one product instead of several over the same input.
//
// Gates are eight columns each, and a kernel computes sixteen at a time; the context's shares of
// all first layers are one row each, which is over before a call has paid for itself. Layers that
// read one input become one layer with the rows of all their weights, and each takes its columns of
// the result, which is a view and costs nothing. Every column keeps its own sum, so no bit changes.
//
// A joined weight changes with any task's part of it. So it is no part of the trunk, nor of the first
// task, but of a kind of its own (`joined/`), which is written to shards of its own: when one task
// is trained anew, the shards of the trunk and of other tasks are the same as before.
//
// Wide layers of candidates stay apart: their results are quantised while they are in the
// first-level cache, and joined ones would not stay there. Wide layers of the context are joined if
// the same tasks need them: a request for one of ESMM's tasks would otherwise wait for the other's.

package import TandemGraph

/// Merges linear layers over one input.
package enum ParallelLinears {
    /// Outputs below which a candidates' layer is joined to its neighbours.
    static let narrowWidth = 64

    /// Rewrites a graph: all layers of the context, and the narrow ones of candidates.
    ///
    /// Layers with a rectifier behind them stay apart, since a kernel applies it to all it computes.
    ///
    /// - Parameter source: A float graph and its tensors.
    /// - Returns: The rewritten graph; a joined layer is named after its first, below `joined/`.
    /// - Throws: `GraphError` if a name that the pass makes is taken.
    package static func applied(to source: WeightedGraph) throws(GraphError) -> WeightedGraph {
        let groups = groups(of: source)
        return try GraphRewriter.rewrite(source) { rewriter, node throws(GraphError) in
            guard let group = groups[node.output] else { return nil }
            return try columns(of: node, in: group, &rewriter)
        }
    }

    /// Layers to be joined, under each of their results.
    private static func groups(of source: WeightedGraph) -> [ValueID: [Node]] {
        let graph = source.graph
        let view = GraphView(source)
        var rectified: Set<ValueID> = []
        for node in graph.nodes where node.operation == .unary(.relu) {
            rectified.insert(node.inputs[0])
        }
        let tasks = graph.dependentTasks
        var (wide, narrow) = ([Reading: [Node]](), [ValueID: [Node]]())
        for node in graph.nodes where node.operation == .linear && node.inputs.count == 3 {
            let type = graph[node.output].type
            guard view.tensor(node.inputs[1]) != nil, view.tensor(node.inputs[2]) != nil,
                type.shape.count == 1, let width = type.rowElementCount,
                !rectified.contains(node.output),
                type.rows == .context || width < narrowWidth
            else { continue }
            if width < narrowWidth {
                narrow[node.inputs[0], default: []].append(node)
            } else {
                let reading = Reading(input: node.inputs[0], tasks: tasks[node.output.index])
                wide[reading, default: []].append(node)
            }
        }
        // Narrow ones cost next to nothing beside wide ones that are needed whenever they are.
        for (input, nodes) in narrow {
            var needed = TaskMask.none
            for node in nodes { needed.formUnion(tasks[node.output.index]) }
            guard
                let host = wide.keys.first(where: {
                    $0.input == input && $0.tasks.isSuperset(of: needed)
                })
            else { continue }
            wide[host]?.append(contentsOf: nodes)
            narrow[input] = nil
        }
        var groups: [ValueID: [Node]] = [:]
        for group in Array(wide.values) + Array(narrow.values) where group.count > 1 {
            for node in group { groups[node.output] = group }
        }
        return groups
    }

    /// What wide layers must have in common to be joined.
    private struct Reading: Hashable {
        var input: ValueID
        var tasks: TaskMask
    }

    /// A layer's columns of the joined layer, which is made when the first asks for it.
    private static func columns(
        of node: Node, in group: [Node], _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID {
        let graph = rewriter.source.graph
        let name = "joined/\(graph[group[0].output].name)"
        let weights = group.compactMap { rewriter.tensor($0.inputs[1]) }
        let biases = group.compactMap { rewriter.tensor($0.inputs[2]) }
        let joined = try rewriter.node(
            name, .linear,
            [
                try rewriter.value(node.inputs[0]),
                try rewriter.parameter("\(name)/weight") { stacked(weights) },
                try rewriter.parameter("\(name)/bias") { stacked(biases) },
            ])
        var start = 0
        for (member, weight) in zip(group, weights) {
            if member.output == node.output {
                return try rewriter.node(
                    graph[node.output].name,
                    .slice(
                        axis: 0, start: .fixed(start), end: .fixed(start + weight.shape[0])),
                    [joined])
            }
            start += weight.shape[0]
        }
        preconditionFailure("a layer is not in its own group")
    }

    /// Tensors of equal rows, one below the other.
    private static func stacked(_ parts: [Tensor]) -> Tensor {
        let height = parts.reduce(0) { $0 + $1.shape[0] }
        let result = Tensor(zeros: .float32, shape: [height] + parts[0].shape.dropFirst())
        var target = result.base
        for part in parts {
            target.copyMemory(from: part.base, byteCount: part.byteCount)
            target += part.byteCount
        }
        return result
    }
}
