/// Attention of one target over a history, by a small network for each pair: DIN's activation unit.
///
/// For each position `a = unit([q, k, q - k, q * k])`, q the target's embedding and k the
/// position's; the result is `sum a * k` over the positions before the length. As in the paper, a
/// is taken as it is, so that the sum's size says how much interest there is; a softmax over the
/// positions is a choice. The unit has rectifiers where the paper has Dice.
/// Source: Zhou et al., "Deep Interest Network", KDD 2018, section 4.3.
package struct TargetAttention: Hashable, Sendable {
    /// The graph input of the target's ids: one id a row, its table as wide as the history's.
    package var target: String
    /// Widths of the unit's layers before its last one; may be empty.
    package var layers: [Int]
    /// Whether the weights of a history add up to 1.
    package var isNormalized: Bool

    /// Makes a description.
    package init(target: String, layers: [Int], isNormalized: Bool = false) {
        self.target = target
        self.layers = layers
        self.isNormalized = isNormalized
    }
}

extension LayerBuilder {
    /// The history as the target sees it, `[D]`; zeros for an empty one.
    mutating func targetAttention(
        _ name: String, _ attention: TargetAttention, keys: ValueID, length: ValueID,
        _ target: ValueID
    ) throws(GraphError) -> ValueID {
        let shape = graph.type(of: keys).shape
        let wide = try node("\(name)/target", .expand(shape), target)
        let difference = try node("\(name)/difference", .binary(.subtract), wide, keys)
        let product = try node("\(name)/product", .binary(.multiply), wide, keys)
        let pairs = try node(
            "\(name)/pairs", .concat(axis: 1), wide, keys, difference, product)
        let hidden = try layers("\(name)/unit", attention.layers, pairs)
        let outputs = try linear("\(name)/score", hidden, 1)
        var weights = try node("\(name)/scores", .reshape([shape[0]]), outputs)
        let mask = try mask(name, count: shape[0].fixedSize ?? 0, length: length)
        if attention.isNormalized {
            let penalty = try penalty(name, mask: mask)
            let masked = try node("\(name)/masked", .binary(.add), weights, penalty)
            weights = try node("\(name)/normalized", .softmax, masked)
        }
        weights = try node("\(name)/weights", .binary(.multiply), weights, mask)
        return try weightedSum(name, weights, keys)
    }
}
