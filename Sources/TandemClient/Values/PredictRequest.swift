import TandemWire

/// Which version of a model answers.
public enum ModelVersion: Hashable, Sendable {
    /// The one that the server's policy makes current.
    case current
    /// This one; from 1.
    case number(UInt64)
    /// The one that a label, such as `stable`, points to.
    case label(String)
}

/// What to score: one context and its candidates.
public struct PredictRequest: Sendable {
    /// How long past its deadline an answer is waited for: a refusal says more than silence.
    private static let grace = Duration.milliseconds(100)

    /// The model's name.
    public var model: String
    /// Which version.
    public var version = ModelVersion.current
    /// Features of the context (user, query, order), by name.
    public var context: [String: FeatureValue]
    /// Features of the candidates, by name; each has a value for every candidate.
    public var candidates: [String: FeatureColumn]
    /// The number of candidates.
    public var rows: Int
    /// Tasks to score; empty for all.
    ///
    /// Others are not computed.
    public var tasks: [String]
    /// How to rank; nil for scores only.
    public var ranking: Ranking?
    /// How long the answer is of use, from now on; nil for the server's default.
    public var deadline: Duration?
    /// Higher goes first among requests that wait; -100 to 100.
    public var priority = 0
    /// Whether the weights that gates gave their experts are wanted.
    public var wantsGateWeights = false
    /// Whether stage times, operations and feature readings are wanted.
    ///
    /// Slower; for people.
    public var wantsExplanation = false

    /// Makes a request; set what else applies.
    ///
    /// - Parameters:
    ///   - model: The model's name.
    ///   - context: Features of the context by name. Those left out are missing.
    ///   - candidates: Features of the candidates by name. Those left out are missing.
    ///   - rows: The number of candidates; nil for that of the columns (1 where there are none).
    ///   - tasks: Tasks to score; empty for all.
    ///   - ranking: How to rank; nil for scores only.
    ///   - deadline: How long the answer is of use; nil for the server's default.
    public init(
        model: String, context: [String: FeatureValue] = [:],
        candidates: [String: FeatureColumn] = [:], rows: Int? = nil, tasks: [String] = [],
        ranking: Ranking? = nil, deadline: Duration? = nil
    ) {
        self.model = model
        self.context = context
        self.candidates = candidates
        self.rows = rows ?? candidates.values.first?.rows ?? 1
        self.tasks = tasks
        self.ranking = ranking
        self.deadline = deadline
    }

    /// The request as it travels, its columns by name, so that equal requests are equal bytes.
    ///
    /// - Throws: `requestInvalid` where a column has another number of rows.
    func message(now: UInt64, path: String) throws(ClientError) -> PredictRequestMessage {
        for (name, column) in candidates where column.rows != rows {
            throw ClientError(
                .requestInvalid,
                "candidate feature '\(name)' has \(column.rows) rows, the request has \(rows)",
                path: path)
        }
        guard Int32(exactly: priority) != nil, UInt32(exactly: rows) != nil else {
            throw ClientError(
                .requestInvalid, "rows \(rows) or priority \(priority) is out of range", path: path)
        }
        var message = PredictRequestMessage(model: model, rows: rows)
        switch version {
        case .current: message.version = .current
        case .number(let number): message.version = .version(number)
        case .label(let label): message.version = .label(label)
        }
        message.tasks = tasks
        message.deadlineNanoseconds = deadline.map { now.addingDuration($0) } ?? 0
        message.priority = Int32(clamping: priority)
        message.context = context.sorted { $0.key < $1.key }.compactMap { name, value in
            value.column?.message(name)
        }
        message.candidates = candidates.sorted { $0.key < $1.key }.map { name, column in
            column.message(name)
        }
        message.ranking = ranking?.message
        message.wantsGateWeights = wantsGateWeights
        message.wantsExplanation = wantsExplanation
        return message
    }

    /// Until when this side waits.
    func waitUntil(now: UInt64, _ options: ConnectionOptions) -> UInt64 {
        now.addingDuration(deadline.map { $0 + Self.grace } ?? options.callTimeout)
    }
}
