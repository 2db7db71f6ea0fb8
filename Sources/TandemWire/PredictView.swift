import CTandemProto

/// Which version of a model is asked for.
package enum VersionChoice<Text> {
    /// The one that the server's policy makes current.
    case current
    /// This one; from 1.
    case version(UInt64)
    /// The one that the label points to.
    case label(Text)
}

extension VersionChoice: Equatable where Text: Equatable {}
extension VersionChoice: Hashable where Text: Hashable {}
extension VersionChoice: Sendable where Text: Sendable {}

/// A Predict request, borrowed from the arena it was decoded into.
///
/// Valid until that arena is reset. Names are UTF-8 and within their limits, counts are within
/// theirs, columns are whole; see `RequestDecoder` for what was checked.
package struct PredictView {
    private let message: UnsafeMutablePointer<Tandem__V1__PredictRequest>

    init(_ message: UnsafeMutablePointer<Tandem__V1__PredictRequest>) { self.message = message }

    /// The model's name; not empty.
    package var model: TextView { TextView(message.pointee.model) }

    /// Which version is asked for.
    package var version: VersionChoice<TextView> {
        VersionChoice(
            message.pointee.version_choice_case.rawValue, message.pointee.version,
            message.pointee.label)
    }

    /// The tasks to score; empty for all.
    ///
    /// May hold a name twice or one that nobody knows.
    package var tasks: TextListView {
        TextListView(message.pointee.tasks, count: message.pointee.n_tasks)
    }

    /// CLOCK_MONOTONIC nanoseconds after which no answer is wanted; nil for the server's default.
    package var deadlineNanoseconds: UInt64? {
        message.pointee.deadline_ns == 0 ? nil : message.pointee.deadline_ns
    }

    /// Higher goes first; -100 to 100.
    package var priority: Int { Int(message.pointee.priority) }

    /// The number of candidates; 1 to the limit.
    package var rows: Int { Int(message.pointee.rows) }

    /// The context side's columns, of one row each.
    package var context: ColumnListView {
        ColumnListView(message.pointee.context, count: message.pointee.n_context)
    }

    /// The candidate side's columns, of `rows` rows each.
    package var candidates: ColumnListView {
        ColumnListView(message.pointee.candidates, count: message.pointee.n_candidates)
    }

    /// How to rank; nil for scores only.
    package var ranking: RankingView? {
        guard let ranking = message.pointee.ranking else { return nil }
        return RankingView(ranking)
    }

    /// Whether the gates' weights are wanted.
    package var wantsGateWeights: Bool { message.pointee.want_gate_weights != 0 }

    /// Whether stage times and the like are wanted.
    package var wantsExplanation: Bool { message.pointee.explain != 0 }
}

extension VersionChoice<TextView> {
    /// The choice of a message's oneof: case 2 is the version, case 3 the label, in every message
    /// that has one.
    init(_ choice: UInt32, _ version: UInt64, _ label: ProtobufCBinaryData) {
        switch choice {
        case 2: self = .version(version)
        case 3: self = .label(TextView(label))
        default: self = .current
        }
    }
}

/// A ranking, borrowed as `PredictView` is.
package struct RankingView {
    /// What the combined score is made of.
    package enum Formula {
        /// `sum_i weight_i * score_i`.
        case weightedSum(RankingTermListView)
        /// `product_i max(score_i, 0) ^ weight_i`.
        case powerProduct(RankingTermListView)
        /// An expression over task names; not parsed.
        case expression(TextView)
        /// A formula of the package by name.
        case named(TextView)
    }

    private let message: UnsafeMutablePointer<Tandem__V1__Ranking>

    init(_ message: UnsafeMutablePointer<Tandem__V1__Ranking>) { self.message = message }

    /// What the combined score is made of.
    package var formula: Formula {
        let message = message.pointee
        // That one is set was checked when the request was decoded.
        switch message.formula_case {
        case TANDEM__V1__RANKING__FORMULA_WEIGHTED_SUM:
            return .weightedSum(RankingTermListView(message.weighted_sum))
        case TANDEM__V1__RANKING__FORMULA_POWER_PRODUCT:
            return .powerProduct(RankingTermListView(message.power_product))
        case TANDEM__V1__RANKING__FORMULA_EXPRESSION:
            return .expression(TextView(message.expression))
        default: return .named(TextView(message.named))
        }
    }

    /// How many candidates to return; nil for all.
    ///
    /// May be 0 or beyond the rows.
    package var topK: Int? {
        message.pointee.top_k_opt_case == TANDEM__V1__RANKING__TOP_K_OPT_TOP_K
            ? Int(message.pointee.top_k) : nil
    }

    /// Whether the answer's scores are of the ranked rows only, in ranked order.
    package var rankedRowsOnly: Bool { message.pointee.ranked_rows_only != 0 }
}

/// One term of a ranking formula, borrowed as `PredictView` is.
package struct RankingTermView {
    /// The task's name; not empty.
    ///
    /// It may be one that nobody knows.
    package let task: TextView
    /// Factor or exponent; finite.
    package let weight: Float
    /// Which column of a task with width above 1.
    ///
    /// May be beyond the width.
    package let column: Int
}

/// The terms of a ranking formula, borrowed as `PredictView` is.
package struct RankingTermListView: RandomAccessCollection {
    private let terms: UnsafeMutablePointer<UnsafeMutablePointer<Tandem__V1__RankingTerm>?>?
    /// 0.
    package let startIndex = 0
    /// The number of terms.
    package let endIndex: Int

    init(_ message: UnsafeMutablePointer<Tandem__V1__RankingTerms>?) {
        terms = message?.pointee.terms
        endIndex = message?.pointee.n_terms ?? 0
    }

    /// The term at an index.
    package subscript(index: Int) -> RankingTermView {
        precondition(index >= 0 && index < endIndex, "term index out of range")
        guard let term = terms?[index] else {
            preconditionFailure("protobuf-c leaves no holes in a repeated field")
        }
        return RankingTermView(
            task: TextView(term.pointee.task), weight: term.pointee.weight,
            column: Int(term.pointee.column))
    }
}
