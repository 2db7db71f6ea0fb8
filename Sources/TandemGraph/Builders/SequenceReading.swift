// Design: a list is read in one of a few ways, whatever the trunk.
//
// A list feature brings ids `[S]`, padded behind its length, and the length. Its reading makes one
// vector of it: a pool, attention by a target, the last state of a recurrent layer, or an encoder.
// Padding never counts: what a row answers does not depend on what stands behind its length, and an
// empty list gives a fixed vector (zeros, or what the class vector alone gives).

/// How the ids of a list become one vector.
package enum SequenceReading: Hashable, Sendable {
    /// Sum or mean of the embeddings; zeros for an empty list.
    case pool(Reduction)
    /// A sum of the embeddings, each weighed by how it fits a target's.
    case targetAttention(TargetAttention)
    /// The last state of a recurrent layer of `width` units over the embeddings; LSTM or GRU.
    case recurrent(Recurrence.Cell, width: Int)
    /// A transformer encoder over the embeddings.
    case encoder(SequenceEncoder)
}

extension LayerBuilder {
    /// A list's ids and length as one vector.
    ///
    /// Ids are i32 `[S]`, the length i32 `[]`; the target is the embedding of the feature that a
    /// target attention names.
    mutating func read(
        _ feature: EmbeddedFeature, _ reading: SequenceReading, ids: ValueID, length: ValueID,
        target: ValueID?
    ) throws(GraphError) -> ValueID {
        let name = "embedding/\(feature.input)"
        let table = try table(feature)
        if case .pool(let reduction) = reading {
            return try node(name, .embeddingPool(reduction), ids, length, table)
        }
        let rows = try node("\(name)/rows", .embedding, ids, table)
        switch reading {
        case .pool(let reduction):
            return try node(name, .embeddingPool(reduction), ids, length, table)
        case .targetAttention(let attention):
            guard let target, width(of: target) == feature.dimension else {
                throw GraphError(
                    .wrongShape, feature.input,
                    "attends to '\(attention.target)', which must be a single id with an"
                        + " embedding \(feature.dimension) wide")
            }
            return try targetAttention(name, attention, keys: rows, length: length, target)
        case .recurrent(let cell, let width):
            return try recurrent(name, cell, width, rows, length: length)
        case .encoder(let encoder):
            return try encoded(name, encoder, rows, length: length)
        }
    }

    /// A feature's embedding table.
    mutating func table(_ feature: EmbeddedFeature) throws(GraphError) -> ValueID {
        try parameter(
            "embedding/\(feature.input)/table", [feature.idCount, feature.dimension], bound: 0.05)
    }

    /// 1 for the positions before a length (or up to it), 0 from there on; f32 `[count]`.
    mutating func mask(
        _ name: String, count: Int, length: ValueID, _ inside: Comparison = .less
    ) throws(GraphError) -> ValueID {
        let positions = try positions("\(name)/positions", count)
        let end = try node("\(name)/end", .reshape([1]), length)
        let isInside = try node("\(name)/inside", .compare(inside), positions, end)
        return try node("\(name)/mask", .cast(.float32), isInside)
    }

    /// What is added to the scores of a softmax so that masked positions get no weight.
    ///
    /// -1e9 rather than infinity, which would make a row without positions NaN.
    mutating func penalty(_ name: String, mask: ValueID) throws(GraphError) -> ValueID {
        try node("\(name)/penalty", .affine(scale: 1e9, offset: -1e9), mask)
    }

    private mutating func recurrent(
        _ name: String, _ cell: Recurrence.Cell, _ width: Int, _ rows: ValueID, length: ValueID
    ) throws(GraphError) -> ValueID {
        var layer = Recurrence(cell, result: .last)
        layer.hasLength = true
        let gates = cell.gateCount * width
        // PyTorch's choice, uniform within 1 / sqrt(H); biases too.
        let bound = 1 / Float(max(width, 1)).squareRoot()
        let depth = self.width(of: rows)
        let weight = try parameter("\(name)/input/weight", [gates, depth], bound: bound)
        let recurrent = try parameter("\(name)/state/weight", [gates, width], bound: bound)
        let bias = try parameter("\(name)/bias", [2 * gates], bound: bound)
        return try node(name, .recurrent(layer), rows, weight, recurrent, bias, length)
    }
}
