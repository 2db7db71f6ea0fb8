// Design: a second digit for what runs once a request.
//
// The context's share of a first layer is one row, whose rounding every candidate of the request
// has in its sum: an error that does not average out over the candidates. There int8 gets a second
// digit. The input becomes high + low, high being whole steps of a scale and low what is left,
// which rounds with a step 254 times finer; the weights likewise:
//
//     y = W1 high + W1 low + W2 high + bias,     W = s1 W1 + s2 W2 + at most s2 / 2
//
// W2 low, the smallest product, is left out; W2 high is where the input's digit is enough. high and
// low go through W1 as two rows of one product, so that W1 is read once. `quantizedLinear` makes
// high of the input itself, and `quantizationResidual` is what it left.
//
// Float weights would be exact and cost four bytes each: a layer of 456 x 512 is then over the
// second-level cache's size with the rest of its model, and one candidate takes twice as long.

import TandemGraph

/// Rewrites a layer to int8 products of two digits.
enum ResidualQuantization {
    /// Emits `linear` of one row a request with int8 weights and inputs of two digits each.
    ///
    /// - Parameters:
    ///   - node: A linear layer over an input `[K]`.
    ///   - name: Of its result, and the beginning of the names of what is between.
    ///   - weight: Its weights `[N, K]`.
    ///   - rule: How their first digit is rounded.
    ///   - ofWeights: Whether the weights have a second digit too.
    ///   - rewriter: Where it is emitted.
    ///   - rounding: Makes a tensor's int8 rows.
    /// - Returns: What stands for the node's result.
    /// - Throws: `GraphError` if a name that the pass makes is taken.
    static func node(
        _ node: Node, _ name: String, _ weight: Tensor, _ rule: RoundingRule, ofWeights: Bool,
        _ rewriter: inout GraphRewriter, _ rounding: Quantization.Rounding
    ) throws(GraphError) -> ValueID {
        let weightName = rewriter.source.graph[node.inputs[1]].name
        let (first, firstScale) = rounding(weightName, weight, rule)
        // Layers over one input share its digits.
        let input = try rewriter.value(node.inputs[0])
        let inputName = rewriter.source.graph[node.inputs[0]].name
        let pair = try digits(of: input, count: weight.shape[1], inputName, &rewriter)
        let both = try rewriter.node(
            "\(name)/digits", .quantizedLinear,
            [
                pair, try rewriter.parameter("\(weightName)/int8", first),
                try rewriter.parameter("\(weightName)/scale", firstScale),
            ])
        // Views of both rows and one addition, which is faster than a reduction.
        var rows: [ValueID] = []
        for row in 0..<2 {
            let slice = try rewriter.node(
                "\(name)/digit/\(row)",
                .slice(axis: 0, start: .fixed(row), end: .fixed(row + 1)), [both])
            rows.append(
                try rewriter.node(
                    "\(name)/product/\(row)", .reshape([.fixed(weight.shape[0])]), [slice]))
        }
        let hasBias = node.inputs.count > 2
        var sum = try rewriter.node(
            ofWeights || hasBias ? "\(name)/sum" : name, .binary(.add), rows)
        if hasBias {
            sum = try rewriter.node(
                ofWeights ? "\(name)/biased" : name, .binary(.add),
                [sum, try rewriter.value(node.inputs[2])])
        }
        guard ofWeights else { return sum }
        let rest = "\(weightName)/residual"
        let (second, secondScale) = rounding(
            rest, residual(weight, first, firstScale), RoundingRule())
        return try rewriter.node(
            name, .quantizedLinear,
            [
                input, try rewriter.parameter("\(rest)/int8", second),
                try rewriter.parameter("\(rest)/scale", secondScale), sum,
            ])
    }

    /// An input `[K]` and what its first digit leaves of it, `[2, K]`: as int8 its two digits.
    private static func digits(
        of input: ValueID, count: Int, _ name: String, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID {
        let rest = try rewriter.node("\(name)/rest", .quantizationResidual, [input])
        let row: [Dimension] = [.fixed(1), .fixed(count)]
        let rows = [
            try rewriter.node("\(name)/input/row", .reshape(row), [input]),
            try rewriter.node("\(name)/rest/row", .reshape(row), [rest]),
        ]
        return try rewriter.node("\(name)/pair", .concat(axis: 0), rows)
    }

    /// What int8 rows leave of a matrix.
    private static func residual(_ matrix: Tensor, _ values: Tensor, _ scales: Tensor) -> Tensor {
        let result = Tensor(zeros: .float32, shape: matrix.shape)
        let (source, target) = (
            matrix.elements(as: Float.self), result.elements(as: Float.self)
        )
        let (steps, factors) = (
            values.elements(as: Int8.self), scales.elements(as: Float.self)
        )
        let width = matrix.shape[1]
        for row in 0..<matrix.shape[0] {
            for index in row * width..<(row + 1) * width {
                target[index] = Float(
                    Double(source[index]) - Double(steps[index]) * Double(factors[row]))
            }
        }
        return result
    }
}
