/// The shape of a transformer encoder over a list: BERT's layers, normalised after each sum.
///
/// `x = norm(token + position)`; each block is `x = norm(x + project(attention(x)))` and
/// `x = norm(x + down(gelu(up(x))))`. Positions from the length on are not attended to.
/// Sources: Vaswani et al. 2017; Devlin et al., "BERT", NAACL 2019.
package struct SequenceEncoder: Hashable, Sendable {
    /// What the encoder answers.
    package enum Answer: String, CaseIterable, Sendable {
        /// The mean of the states before the length; zeros for an empty list.
        case mean
        /// The state of a trained vector that stands before the list, as BERT's `[CLS]`.
        case classVector = "class"
    }

    /// Number of blocks, 1 or more.
    package var blockCount: Int
    /// Heads of each attention; divides the embedding's width.
    package var headCount: Int
    /// Width of each block's inner layer.
    package var innerWidth: Int
    /// What it answers.
    package var answer: Answer

    /// Makes a shape.
    package init(blockCount: Int, headCount: Int, innerWidth: Int, answer: Answer = .mean) {
        self.blockCount = blockCount
        self.headCount = headCount
        self.innerWidth = innerWidth
        self.answer = answer
    }
}

extension LayerBuilder {
    /// The encoder's answer for embedded tokens `[S, D]`, f32 `[D]`.
    mutating func encoded(
        _ name: String, _ encoder: SequenceEncoder, _ tokens: ValueID, length: ValueID
    ) throws(GraphError) -> ValueID {
        let width = width(of: tokens)
        guard encoder.blockCount > 0, encoder.headCount > 0, width % encoder.headCount == 0 else {
            throw GraphError(
                .invalidAttribute, name,
                "needs a block, and heads that divide the width \(width) of the embedding")
        }
        var count = graph.type(of: tokens).shape[0].fixedSize ?? 0
        var input = tokens
        if encoder.answer == .classVector {
            let vector = try parameter("\(name)/class", [1, width], bound: 0.05)
            input = try node("\(name)/tokens", .concat(axis: 0), vector, tokens)
            count += 1
        }
        let places = try parameter("\(name)/places", [count, width], bound: 0.05)
        var value = try node("\(name)/placed", .binary(.add), input, places)
        value = try normalized("\(name)/norm", value)
        // The class vector is one position more that counts.
        let inside = encoder.answer == .classVector ? Comparison.lessOrEqual : .less
        let mask = try mask(name, count: count, length: length, inside)
        let penalty = try penalty(name, mask: mask)
        for index in 0..<encoder.blockCount {
            value = try block("\(name)/block\(index)", encoder, value, penalty: penalty)
        }
        if encoder.answer == .classVector {
            let first = try node("\(name)/state", .slice(axis: 0, start: 0, end: 1), value)
            return try node(name, .reshape([.fixed(width)]), first)
        }
        return try mean(name, value, mask: mask)
    }

    private mutating func block(
        _ name: String, _ encoder: SequenceEncoder, _ input: ValueID, penalty: ValueID
    ) throws(GraphError) -> ValueID {
        let width = width(of: input)
        let scale = 1 / Float(width / encoder.headCount).squareRoot()
        let attended = try node(
            "\(name)/attention", .attention(heads: encoder.headCount, scale: scale),
            try linear("\(name)/query", input, width), try linear("\(name)/key", input, width),
            try linear("\(name)/value", input, width), penalty)
        let projected = try linear("\(name)/project", attended, width)
        let sum = try node("\(name)/attention/sum", .binary(.add), input, projected)
        let middle = try normalized("\(name)/attention/norm", sum)
        let up = try linear("\(name)/up", middle, encoder.innerWidth)
        let down = try linear(
            "\(name)/down", try node("\(name)/gelu", .unary(.gelu), up), width)
        return try normalized(
            "\(name)/norm", try node("\(name)/sum", .binary(.add), middle, down))
    }

    /// The mean over the masked rows of a matrix; zeros if there is none.
    private mutating func mean(
        _ name: String, _ values: ValueID, mask: ValueID
    ) throws(GraphError) -> ValueID {
        let total = try weightedSum("\(name)/total", mask, values)
        let sum = try node("\(name)/visible", .reduce(.sum, axis: 0), mask)
        let count = try node("\(name)/count", .reshape([1]), sum)
        let divisor = try node(
            "\(name)/divisor", .binary(.maximum), count, try constant("\(name)/one", 1))
        return try node(name, .binary(.divide), total, divisor)
    }
}
