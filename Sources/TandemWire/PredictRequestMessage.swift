/// A Predict request by value, for clients.
///
/// Nothing is checked here: the server says what is wrong, with more knowledge.
package struct PredictRequestMessage: Sendable {
    /// The model's name.
    package var model: String
    /// Which version.
    package var version = VersionChoice<String>.current
    /// Tasks to score; empty for all.
    package var tasks: [String] = []
    /// CLOCK_MONOTONIC nanoseconds after which no answer is wanted; 0 for the server's default.
    package var deadlineNanoseconds: UInt64 = 0
    /// Higher goes first; -100 to 100.
    package var priority: Int32 = 0
    /// The number of candidates.
    package var rows: Int
    /// The context side's columns, of one row each.
    package var context: [ColumnMessage] = []
    /// The candidate side's columns, of `rows` rows each.
    package var candidates: [ColumnMessage] = []
    /// How to rank; nil for scores only.
    package var ranking: RankingMessage?
    /// Whether the gates' weights are wanted.
    package var wantsGateWeights = false
    /// Whether stage times and the like are wanted.
    package var wantsExplanation = false

    /// Makes a request; set what else applies.
    package init(model: String, rows: Int) {
        self.model = model
        self.rows = rows
    }
}

/// One feature's values for all rows of its side, by value.
package struct ColumnMessage: Sendable {
    /// The values, by type.
    package enum Values: Sendable {
        /// 32-bit floating point.
        case float32([Float])
        /// 64-bit integers.
        case int64([Int64])
        /// 32-bit integers.
        case int32([Int32])
        /// Byte strings end to end, and the byte length of each.
        case bytes(blob: [UInt8], lengths: [UInt32])
    }

    /// The feature's name.
    package var name: String
    /// The values.
    package var values: Values
    /// Ragged: the number of values in each row.
    package var listLengths: [UInt32]?
    /// One bit a row, least significant first, a cleared bit is missing; nil: all are there.
    package var presence: [UInt8]?

    /// Makes a column.
    package init(
        _ name: String, _ values: Values, listLengths: [UInt32]? = nil, presence: [UInt8]? = nil
    ) {
        self.name = name
        self.values = values
        self.listLengths = listLengths
        self.presence = presence
    }
}

/// How to rank, by value.
package struct RankingMessage: Hashable, Sendable {
    /// One term of a formula.
    package struct Term: Hashable, Sendable {
        /// The task's name.
        package var task: String
        /// Factor or exponent.
        package var weight: Float
        /// Which column of a task with width above 1.
        package var column: UInt32

        /// Makes a term.
        package init(_ task: String, weight: Float, column: UInt32 = 0) {
            self.task = task
            self.weight = weight
            self.column = column
        }
    }

    /// What the combined score is made of.
    package enum Formula: Hashable, Sendable {
        /// `sum_i weight_i * score_i`.
        case weightedSum([Term])
        /// `product_i max(score_i, 0) ^ weight_i`.
        case powerProduct([Term])
        /// An expression over task names.
        case expression(String)
        /// A formula of the package by name.
        case named(String)
    }

    /// What the combined score is made of.
    package var formula: Formula
    /// How many candidates to return; nil for all.
    package var topK: UInt32?
    /// Whether scores are wanted of the ranked rows only.
    package var rankedRowsOnly: Bool

    /// Makes a ranking.
    package init(_ formula: Formula, topK: UInt32? = nil, rankedRowsOnly: Bool = false) {
        self.formula = formula
        self.topK = topK
        self.rankedRowsOnly = rankedRowsOnly
    }
}
