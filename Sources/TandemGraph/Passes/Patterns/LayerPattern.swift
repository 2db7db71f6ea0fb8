// Design: a pattern is a reading of one node.
//
// Exporters write a layer as a handful of operations, each in its own way. A pattern starts at the
// node that gives the layer's result and looks back at what it is made of; if that is the layer, it
// says what the layer's operation and inputs are. What was only a step of the layer is then read by
// nothing and disappears. Patterns expect the spelling that `Simplification` leaves.

/// One layer in the forms in which exporters write it.
protocol LayerPattern {
    /// What stands for a node, or nil if it is not this layer's result.
    ///
    /// - Throws: `GraphError` of the graph under construction.
    static func replacement(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID?
}

extension GraphRewriter {
    /// Adds the operation that stands for a node, over values of the source, under its name.
    mutating func standIn(
        for node: Node, _ operation: Operation, _ inputs: [ValueID]
    ) throws(GraphError) -> ValueID {
        var made: [ValueID] = []
        for input in inputs { made.append(try value(input)) }
        return try self.node(source.graph[node.output].name, operation, made)
    }
}

/// Recognises layers.
package enum LayerPatterns {
    private static var all: [any LayerPattern.Type] {
        [
            LinearPattern.self, BiasPattern.self, NormalizationPattern.self, GELUPattern.self,
            AttentionPattern.self, MixturePattern.self, EmbeddingPattern.self,
            PoolingPattern.self, RecurrentPattern.self,
        ]
    }

    /// The graph after one walk of all patterns.
    ///
    /// - Throws: `GraphError`, if a tensor is missing.
    package static func applied(to model: WeightedGraph) throws(GraphError) -> WeightedGraph {
        let view = GraphView(model)
        return try GraphRewriter.rewrite(model) { rewriter, node throws(GraphError) in
            for pattern in all {
                if let found = try pattern.replacement(node, view, &rewriter) { return found }
            }
            return nil
        }
    }
}
