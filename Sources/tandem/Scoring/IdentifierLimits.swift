import TandemGraph

/// One more than the largest id or length that each integer input of a graph may hold.
struct IdentifierLimits {
    private var limits: [ValueID: UInt32] = [:]

    /// Finds the tables and lists that the graph's inputs are for, also where ids are moved first.
    init(_ graph: Graph) {
        for node in graph.nodes.reversed() {
            switch node.operation {
            case .reshape, .slice, .concat, .transpose, .expand:
                guard let limit = limits[node.output] else { continue }
                for input in node.inputs { set(input, limit) }
            case .embedding, .quantizedEmbedding:
                set(node.inputs[0], rows(graph, node.inputs[1]))
            case .embeddingPool, .quantizedEmbeddingPool:
                set(node.inputs[0], rows(graph, node.inputs[2]))
                set(node.inputs[1], rows(graph, node.inputs[0]) + 1)
            default: continue
            }
        }
    }

    /// The limit of an input; nil for one that nothing looks up as it is.
    func exclusiveLimit(of id: ValueID) -> UInt32? { limits[id] }

    private mutating func set(_ id: ValueID, _ limit: UInt32) {
        limits[id] = min(limits[id] ?? .max, max(limit, 1))
    }

    private func rows(_ graph: Graph, _ id: ValueID) -> UInt32 {
        UInt32(graph[id].type.fixedSizes?.first ?? 1)
    }
}
