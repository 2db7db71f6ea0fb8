extension Graph {
    /// Multiply-adds of a graph's matrix products and mixtures, by row axis.
    package struct Work: Hashable, Sendable {
        /// Once a request.
        package var perRequest = 0
        /// Once a candidate.
        package var perCandidate = 0
    }

    /// Counts the multiply-adds of products, convolutions, attention, recurrent layers and mixtures.
    ///
    /// Symbolic dimensions count as 1. O(nodes).
    package var work: Work {
        var work = Work()
        for node in nodes {
            let count = multiplyAdds(of: node)
            if self[node.output].type.rows == .candidate {
                work.perCandidate &+= count
            } else {
                work.perRequest &+= count
            }
        }
        return work
    }

    /// The multiply-adds of one row of a node; 0 for nodes that are no products.
    package func multiplyAdds(of node: Node) -> Int {
        let result = elements(node.output)
        switch node.operation {
        case .linear, .quantizedLinear, .staticQuantizedLinear:
            return result &* size(node.inputs[1], 1)
        case .mixture: return result &* (node.inputs.count - 1)
        case .matmul: return result &* size(node.inputs[0], -1)
        case .attention:
            // Scores are products with the queries, answers with the values.
            let keys = size(node.inputs[1], -2)
            return (elements(node.inputs[0]) &+ result) &* keys
        case .recurrent:
            let weights = elements(node.inputs[1]) &+ elements(node.inputs[2])
            let positions = elements(node.inputs[0]) / max(size(node.inputs[0], -1), 1)
            return positions &* weights
        case .quantizedRecurrent:
            let positions = elements(node.inputs[0]) / max(size(node.inputs[0], -1), 1)
            return positions &* elements(node.inputs[1])
        case .convolution:
            return result &* (elements(node.inputs[1]) / max(size(node.inputs[1], 0), 1))
        default: return 0
        }
    }

    private func elements(_ id: ValueID) -> Int {
        self[id].type.shape.reduce(1) { $0 &* ($1.fixedSize ?? 1) }
    }

    /// A size by its dimension, counted from the end below 0.
    private func size(_ id: ValueID, _ dimension: Int) -> Int {
        let shape = self[id].type.shape
        let index = dimension < 0 ? shape.count + dimension : dimension
        return shape.indices.contains(index) ? shape[index].fixedSize ?? 1 : 1
    }
}
