package import TandemGraph

/// What is decided about the nodes that could become int8, by the names of their results.
///
/// Whoever has data measures and decides (`tandem quantize`); without data the default stands. The
/// choices are made when a package is written, and are part of its graph.
package struct QuantizationChoices: Sendable, Hashable {
    /// Nodes that stay float, though the pass would bring them to int8.
    package var keptFloat: Set<String> = []
    /// Nodes whose weight scales are chosen by error instead of by the largest magnitude.
    ///
    /// A node's array has the mean squared input of each column of weights, which an error there is
    /// multiplied by; an empty one weighs all columns the same.
    package var clipped: [String: [Float]] = [:]

    /// Makes choices; by default every node that can be is brought to int8 by its largest weight.
    package init(keptFloat: Set<String> = [], clipped: [String: [Float]] = [:]) {
        self.keptFloat = keptFloat
        self.clipped = clipped
    }
}

/// A node that the quantiser can bring to int8.
package struct QuantizationCandidate: Sendable, Hashable {
    /// The name of its result.
    package let name: String
    /// Its operation, as stored.
    package let operation: String
    /// What it multiplies its weights with; nil for look-ups.
    package let input: ValueID?
    /// Elements of its weights or table.
    package let weightCount: Int
}

/// Quantises one float program again and again by other choices, each tensor and way once.
package struct Quantizer {
    /// What is rounded: the float program after the passes that come before that.
    package let source: WeightedGraph
    /// The nodes that there is a choice about, in the graph's order.
    package let candidates: [QuantizationCandidate]
    private var quantized: [Key: (values: Tensor, scales: Tensor)] = [:]

    private struct Key: Hashable {
        var tensor: String
        var columnWeights: [Float]?
    }

    /// Looks for candidates.
    ///
    /// - Throws: `EngineError`.
    package init(_ floatProgram: WeightedGraph) throws(EngineError) {
        do {
            source = try TableFolding.applied(to: floatProgram)
        } catch { throw EngineError(error) }
        candidates = Quantization.candidates(of: source)
    }

    /// The int8 program by some choices.
    ///
    /// - Throws: `EngineError`.
    package mutating func program(
        _ choices: QuantizationChoices
    ) throws(EngineError) -> WeightedGraph {
        var cache = quantized
        defer { quantized = cache }
        do {
            return try Quantization.applied(to: source, choices) { name, weight, columnWeights in
                let key = Key(tensor: name, columnWeights: columnWeights)
                if let found = cache[key] { return found }
                let made = RowQuantization.rows(weight, clippedBy: columnWeights)
                cache[key] = made
                return made
            }
        } catch { throw EngineError(error) }
    }
}
