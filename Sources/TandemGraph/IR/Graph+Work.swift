extension Graph {
    /// Multiply-adds of a graph's matrix products and mixtures, by row axis.
    package struct Work: Hashable, Sendable {
        /// Once a request.
        package var perRequest = 0
        /// Once a candidate.
        package var perCandidate = 0
    }

    /// Counts the multiply-adds of linear layers and mixtures.
    ///
    /// Symbolic dimensions count as 1. O(nodes).
    package var work: Work {
        var work = Work()
        for node in nodes {
            let output = self[node.output].type
            let rows = output.shape.reduce(1) { $0 &* ($1.fixedSize ?? 1) }
            let depth: Int
            switch node.operation {
            case .linear, .quantizedLinear:
                depth = self[node.inputs[1]].type.shape[1].fixedSize ?? 1
            case .mixture: depth = node.inputs.count - 1
            default: continue
            }
            if output.rows == .candidate {
                work.perCandidate &+= rows &* depth
            } else {
                work.perRequest &+= rows &* depth
            }
        }
        return work
    }
}
