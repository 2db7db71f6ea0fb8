import TandemWire

/// How candidates are combined into one score and ranked by it, best first.
///
/// Equal scores keep the order of the request; a score that is not a number ranks last.
public struct Ranking: Hashable, Sendable {
    /// One task's part in a sum or product.
    public struct Term: Hashable, Sendable {
        /// The task's name.
        public var task: String
        /// Factor in a sum, exponent in a product.
        public var weight: Float
        /// Which column of a task with several numbers per candidate, such as a class.
        public var column: Int

        /// Makes a term.
        ///
        /// - Parameters:
        ///   - task: The task's name.
        ///   - weight: Factor in a sum, exponent in a product; finite.
        ///   - column: Which column of a task with several numbers per candidate.
        public init(_ task: String, weight: Float = 1, column: Int = 0) {
            self.task = task
            self.weight = weight
            self.column = column
        }
    }

    let formula: RankingMessage.Formula
    /// How many candidates to return; nil for all.
    public var topK: Int?
    /// Whether the prediction's scores are those of the ranked candidates only, in ranked order.
    public var rankedRowsOnly = false

    private init(_ formula: RankingMessage.Formula, _ topK: Int?) {
        self.formula = formula
        self.topK = topK
    }

    /// The sum of weight times score.
    public static func weightedSum(_ terms: [Term], topK: Int? = nil) -> Ranking {
        Ranking(.weightedSum(terms.map(\.message)), topK)
    }

    /// The product of scores to the power of their weights; scores below 0 count as 0.
    public static func powerProduct(_ terms: [Term], topK: Int? = nil) -> Ranking {
        Ranking(.powerProduct(terms.map(\.message)), topK)
    }

    /// An expression over task names, such as `click * (1 + 0.2 * rating)`.
    public static func expression(_ expression: String, topK: Int? = nil) -> Ranking {
        Ranking(.expression(expression), topK)
    }

    /// A formula that the model's package names.
    public static func named(_ name: String, topK: Int? = nil) -> Ranking {
        Ranking(.named(name), topK)
    }

    /// The ranking as it travels.
    ///
    /// Numbers that the wire cannot carry become ones that the server refuses.
    var message: RankingMessage {
        RankingMessage(
            formula, topK: topK.map { UInt32(clamping: $0) }, rankedRowsOnly: rankedRowsOnly)
    }
}

extension Ranking.Term {
    fileprivate var message: RankingMessage.Term {
        RankingMessage.Term(
            task, weight: weight, column: column < 0 ? .max : UInt32(clamping: column))
    }
}
