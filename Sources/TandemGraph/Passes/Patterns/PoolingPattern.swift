/// Rows of a table that a list names, summed or averaged up to its length.
///
/// People write `(embedding(ids) * mask).sum(1)`, the mask from `positions < length`, and divide by
/// `mask.sum(1).clamp(min=1)` or by `length.clamp(min=1)` for the mean. The mask lets any length
/// stand; a look-up takes lengths in `0 ... S`, which is what features give.
enum PoolingPattern: LayerPattern {
    static func replacement(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        switch node.operation {
        case .reduce(.sum, axis: 0):
            guard let pool = masked(node, view) else { return nil }
            return try rewriter.standIn(
                for: node, .embeddingPool(.sum), [pool.ids, pool.length, pool.table])
        case .binary(.divide):
            guard let total = view.maker(node.inputs[0]),
                let pool = masked(total, view) ?? summed(total),
                isCount(node.inputs[1], of: pool.length, view)
            else { return nil }
            return try rewriter.standIn(
                for: node, .embeddingPool(.mean), [pool.ids, pool.length, pool.table])
        default: return nil
        }
    }

    private struct Pool {
        var ids: ValueID
        var length: ValueID
        var table: ValueID
    }

    private static func summed(_ node: Node) -> Pool? {
        guard node.operation == .embeddingPool(.sum) else { return nil }
        return Pool(ids: node.inputs[0], length: node.inputs[1], table: node.inputs[2])
    }

    /// `sum over positions of embedding(ids) * mask`.
    private static func masked(_ node: Node, _ view: GraphView) -> Pool? {
        guard case .reduce(.sum, axis: 0) = node.operation,
            let factors = view.inputs(node.inputs[0], of: .binary(.multiply))
        else { return nil }
        for (rows, column) in [(0, 1), (1, 0)] {
            guard let lookup = view.inputs(factors[rows], of: .embedding),
                let positions = view.type(lookup[0]).shape.first,
                view.type(lookup[0]).shape.count == 1,
                view.type(factors[column]).shape == [positions, 1],
                let length = length(ofMask: view.withoutUnits(factors[column]), view),
                view.type(length).rows == view.type(lookup[0]).rows
            else { continue }
            return Pool(ids: lookup[0], length: length, table: lookup[1])
        }
        return nil
    }

    /// The length behind `float(positions < length)`.
    private static func length(ofMask id: ValueID, _ view: GraphView) -> ValueID? {
        guard let cast = view.inputs(id, of: .cast(.float32)),
            let sides = view.inputs(cast[0], of: .compare(.less)),
            let positions = view.integers(sides[0]), positions == Array(positions.indices)
        else { return nil }
        let length = view.withoutUnits(sides[1])
        let type = view.type(length)
        return type.dtype == .int32 && type.shape.isEmpty ? length : nil
    }

    /// Whether a value is the larger of 1 and a length, or of 1 and the sum of its mask.
    private static func isCount(_ id: ValueID, of length: ValueID, _ view: GraphView) -> Bool {
        guard let sides = view.inputs(view.withoutUnits(id), of: .binary(.maximum)) else {
            return false
        }
        for (count, one) in [(0, 1), (1, 0)] where view.scalar(sides[one]) == 1 {
            let value = view.withoutUnits(sides[count])
            if let cast = view.inputs(value, of: .cast(.float32)),
                view.withoutUnits(cast[0]) == length
            {
                return true
            }
            if let mask = view.inputs(value, of: .reduce(.sum, axis: 0)),
                self.length(ofMask: mask[0], view) == length
            {
                return true
            }
        }
        return false
    }
}
