// Design: four precisions, of which the cheapest that keeps the scores is taken.
//
// int8 is what every operation gets unless something is decided otherwise. Layers of the context
// run once a request and can have a second int8 digit (`ResidualQuantization`): of the input, which
// costs next to nothing since weights are still read once, or of input and weights, which leaves
// nearly no error and costs one candidate as much again. Float is for the rest.

package import TandemGraph

/// How an operation's weights and products are computed.
package enum QuantizationPrecision: String, CaseIterable, Sendable {
    /// int8 with one scale a row.
    case int8
    /// A second int8 digit for what the first one leaves of the input; layers of the context only.
    case int8TwiceInput = "int8_twice_input"
    /// A second int8 digit for input and weights; layers of the context only.
    case int8Twice = "int8_twice"
    /// As in the float program.
    case float
}

/// What is decided about the nodes that could become int8, by the names of their results.
///
/// Whoever has data measures and decides (`tandem quantize`); without data the default stands. The
/// choices are made when a package is written, and are part of its graph.
package struct QuantizationChoices: Sendable, Hashable {
    /// Precisions other than int8.
    package var precisions: [String: QuantizationPrecision]
    /// Nodes whose weight scales are chosen by error instead of by the largest magnitude.
    package var clipped: Set<String>
    /// What is known of the inputs of nodes; their roundings make up for one another by it.
    package var moments: [String: SecondMoments]
    /// What is known of the scores' derivatives by the results of nodes that have moments.
    package var gradients: [String: SecondMoments]
    /// Grids by which all rows of a node's input are quantised; otherwise each row has its own.
    package var grids: [String: ActivationGrid]
    /// What columns are multiplied by before they are rounded, by the names of the values that layers
    /// read (`ColumnSmoothing`); the layers' moments are then of the products.
    package var smoothed: [String: [Float]]

    /// Makes choices; by default every node that can be is brought to int8 by its largest weight.
    package init(
        precisions: [String: QuantizationPrecision] = [:], clipped: Set<String> = [],
        moments: [String: SecondMoments] = [:], gradients: [String: SecondMoments] = [:],
        grids: [String: ActivationGrid] = [:], smoothed: [String: [Float]] = [:]
    ) {
        self.precisions = precisions
        self.clipped = clipped
        self.moments = moments
        self.gradients = gradients
        self.grids = grids
        self.smoothed = smoothed
    }

    /// Choices that keep some nodes float.
    package init(keptFloat: some Sequence<String>) {
        self.init(
            precisions: Dictionary(uniqueKeysWithValues: keptFloat.map { ($0, .float) }))
    }

    /// The precision of a node.
    package func precision(of name: String) -> QuantizationPrecision {
        precisions[name] ?? .int8
    }
}

/// A node that the quantiser can bring to int8.
package struct QuantizationCandidate: Sendable, Hashable {
    /// The name of its result.
    package let name: String
    /// Its operation, as stored.
    package let operation: String
    /// What it multiplies its weights with, in `Quantizer.source`; nil for look-ups and recurrences.
    package let input: ValueID?
    /// Elements of its weights or table.
    package let weightCount: Int
    /// Multiply-adds, for those that have some: of a request for layers of the context, otherwise of
    /// a candidate.
    package let multiplyAdds: Int
    /// What it can be raised to, cheapest first.
    package let precisions: [QuantizationPrecision]
    /// Whether it runs once a request.
    package let isOfContext: Bool
}

/// Quantises one float program again and again by other choices, each tensor and way once.
package struct Quantizer {
    /// What is rounded by the default choices: the float program after the passes before that.
    package let source: WeightedGraph
    /// The nodes that there is a choice about, in the graph's order.
    package let candidates: [QuantizationCandidate]
    /// The values of `source` whose columns may be smoothed: results of layer norms.
    package let smoothable: [ValueID]
    private let floatProgram: WeightedGraph
    private let recurrences: Set<String>
    /// What is rounded, by what was decided before that.
    private var prepared: [Preparation: WeightedGraph] = [:]
    private var rounded: [Key: (values: Tensor, scales: Tensor)] = [:]
    private var roundedTables: [Key: Tensor] = [:]

    private struct Preparation: Hashable {
        /// Recurrences that stay float.
        var kept: Set<String> = []
        var smoothed: [String: [Float]] = [:]
    }

    private struct Key: Hashable {
        var tensor: String
        var rule: RoundingRule
    }

    /// Looks for candidates.
    ///
    /// - Throws: `EngineError`.
    package init(_ floatProgram: WeightedGraph) throws(EngineError) {
        self.floatProgram = floatProgram
        source = try ProgramCompiler.prepared(floatProgram, QuantizationChoices())
        let split = RecurrentProjections.candidates(of: floatProgram)
        candidates = split + Quantization.candidates(of: source)
        recurrences = Set(split.map(\.name))
        prepared[Preparation()] = source
        smoothable = ColumnSmoothing.candidates(of: source)
    }

    /// What a value's columns are multiplied by to even them out.
    ///
    /// - Parameters:
    ///   - id: One of `smoothable`.
    ///   - fourthPowers: The mean fourth power of each of its columns.
    /// - Returns: A positive number a column.
    package func smoothingFactors(_ id: ValueID, fourthPowers: [Float]) -> [Float] {
        ColumnSmoothing.factors(id, fourthPowers: fourthPowers, source)
    }

    /// The int8 program by some choices.
    ///
    /// - Throws: `EngineError`.
    package mutating func program(
        _ choices: QuantizationChoices
    ) throws(EngineError) -> WeightedGraph {
        let preparation = Preparation(
            kept: recurrences.filter { choices.precision(of: $0) == .float },
            smoothed: choices.smoothed)
        let before =
            if let found = prepared[preparation] { found } else {
                try ProgramCompiler.prepared(floatProgram, choices)
            }
        // Of smoothed ones the last, which is asked for again and again.
        if !preparation.smoothed.isEmpty { prepared = prepared.filter { $0.key.smoothed.isEmpty } }
        prepared[preparation] = before
        var (weights, tables) = (rounded, roundedTables)
        defer { (rounded, roundedTables) = (weights, tables) }
        do {
            return try Quantization.applied(to: before, choices) { name, weight, rule in
                weights.found(Key(tensor: name, rule: rule)) { RowQuantization.rows(weight, rule) }
            } tableRounding: { name, table, rule in
                tables.found(Key(tensor: name, rule: rule)) { RowQuantization.table(table, rule) }
            }
        } catch { throw EngineError(error) }
    }
}

extension Dictionary {
    /// The value of a key, made when it is first asked for.
    fileprivate mutating func found(_ key: Key, made make: () -> Value) -> Value {
        if let found = self[key] { return found }
        let made = make()
        self[key] = made
        return made
    }
}
