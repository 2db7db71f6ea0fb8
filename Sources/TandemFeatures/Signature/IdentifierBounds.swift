import TandemGraph

// Design: ids are followed from the inputs to the tables.
//
// Each i32 value of the graph gets a bound: all its elements are in `0 ..< bound`. A feature gives
// its input one more than its largest id (a list's padding is id 0), a list's length one more than
// the longest. Operations that move ids keep the bound; one that looks ids up in a table checks it.
// Other operations compute numbers, whose range is not followed: a look-up of those has no bound
// here, and the engine keeps them within the table by a step of its own.

/// Proves that no feature makes an id outside the tables that it is looked up in.
enum IdentifierBounds {
    /// Checks every look-up of the graph.
    ///
    /// - Throws: `FeatureError` `identifierOutOfRange`, naming the feature whose ids do not fit.
    static func check(_ signature: Signature, _ graph: Graph) throws(FeatureError) {
        var bounds: [Bound?] = Array(repeating: nil, count: graph.values.count)
        let features = inputBounds(signature)
        for id in graph.inputs { bounds[id.index] = features[graph[id].name] }
        for node in graph.nodes {
            bounds[node.output.index] = try bound(after: node, graph, bounds)
        }
    }

    /// Elements are in `0 ..< limit`.
    private struct Bound {
        var limit: Int
        /// A feature whose ids reach the limit.
        var feature: String
    }

    private static func inputBounds(_ signature: Signature) -> [String: Bound] {
        var bounds: [String: Bound] = [:]
        for feature in signature.features {
            guard let idCount = feature.encoding.idCount else { continue }
            let bound = Bound(limit: idCount, feature: feature.name)
            bounds[feature.slot.input] = larger(bounds[feature.slot.input], bound)
            if let input = feature.slot.lengthInput, let longest = feature.listLengthMax {
                bounds[input] = Bound(limit: longest + 1, feature: feature.name)
            }
            if let input = feature.slot.maskInput {
                bounds[input] = Bound(limit: 2, feature: feature.name)
            }
            if let input = feature.slot.segmentInput {
                bounds[input] = Bound(limit: 1, feature: feature.name)
            }
        }
        return bounds
    }

    private static func larger(_ left: Bound?, _ right: Bound) -> Bound {
        guard let left, left.limit >= right.limit else { return right }
        return left
    }

    /// The bound of a node's result, nil if it is not made of ids.
    private static func bound(
        after node: Node, _ graph: Graph, _ bounds: [Bound?]
    ) throws(FeatureError) -> Bound? {
        let inputs = node.inputs.map { bounds[$0.index] }
        switch node.operation {
        case .concat, .slice, .reshape, .transpose, .expand:
            // Joined with what has no bound, such as ids in a parameter, it has none either.
            let known = inputs.compactMap { $0 }
            return known.count == inputs.count ? known.reduce(nil, larger) : nil
        case .embedding, .quantizedEmbedding:
            try checkTable(node, inputs[0], graph, table: 1)
        case .embeddingPool, .quantizedEmbeddingPool:
            try checkTable(node, inputs[0], graph, table: 2)
            let longest = graph[node.inputs[0]].type.shape.last?.fixedSize ?? 0
            try check(node, inputs[1], graph, limit: longest + 1, "lists of \(longest)")
        default: break
        }
        return nil
    }

    private static func checkTable(
        _ node: Node, _ bound: Bound?, _ graph: Graph, table: Int
    ) throws(FeatureError) {
        let rows = graph[node.inputs[table]].type.shape.first?.fixedSize ?? 0
        try check(
            node, bound, graph, limit: rows,
            "'\(graph[node.inputs[table]].name)', which has \(rows) rows")
    }

    private static func check(
        _ node: Node, _ bound: Bound?, _ graph: Graph, limit: Int, _ place: String
    ) throws(FeatureError) {
        guard let bound else { return }
        guard bound.limit <= limit else {
            throw FeatureError(
                .identifierOutOfRange, bound.feature,
                "makes ids up to \(bound.limit - 1) for \(place)", limit: limit,
                actual: bound.limit)
        }
    }
}
