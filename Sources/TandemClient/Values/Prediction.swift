import TandemWire

/// Every asked task's scores for every candidate.
public struct Prediction: Hashable, Sendable {
    /// What a task's numbers mean.
    public enum Kind: String, Hashable, Sendable {
        /// Probability of the positive label.
        case binary
        /// Probability of each class.
        case multiclass
        /// A number in the label's raw unit.
        case regression
        /// An embedding.
        case vector
        /// A kind that this client does not know.
        case unknown

        init(_ kind: ScoreKind) {
            switch kind {
            case .binary: self = .binary
            case .multiclass: self = .multiclass
            case .regression: self = .regression
            case .vector: self = .vector
            case .unspecified: self = .unknown
            }
        }
    }

    /// One task's scores.
    public struct TaskScores: Hashable, Sendable {
        /// The task's name.
        public var name: String
        /// What its numbers mean.
        public var kind: Kind
        /// Numbers per candidate; at least 1.
        public var width: Int
        /// The task that this one is conditional on; nil for none.
        public var given: String?
        /// `rows * width` numbers, candidate by candidate, in the label's raw unit.
        public var values: [Float]

        /// One candidate's numbers.
        ///
        /// - Precondition: The row is one of the prediction's.
        public subscript(row: Int) -> ArraySlice<Float> {
            values[(row * width)..<((row + 1) * width)]
        }
    }

    /// One candidate of a ranking.
    public struct RankedCandidate: Hashable, Sendable {
        /// The candidate's place in the request, from 0.
        public var row: Int
        /// Its combined score.
        public var score: Float
    }

    /// The weights that one gate gave its experts.
    public struct GateWeights: Hashable, Sendable {
        /// The gate's name.
        public var name: String
        /// Number of experts.
        public var experts: Int
        /// `rows * experts` weights, candidate by candidate; each candidate's add up to 1.
        public var weights: [Float]
    }

    /// The model that answered.
    public var model: String
    /// The version that answered.
    public var version: UInt64
    /// Candidates in each task's scores: all, or the ranked ones where only these were asked for.
    public var rows: Int
    /// The tasks, in the order of the request or else of the model.
    public var tasks: [TaskScores]
    /// The best candidates, best first; nil where no ranking was asked for.
    public var ranked: [RankedCandidate]?
    /// The gates' weights, where they were asked for.
    public var gates: [GateWeights]
    /// How the answer came to be, where that was asked for.
    public var explanation: PredictionExplanation?

    /// The task of this name; nil where it was not scored.
    public subscript(task: String) -> TaskScores? { tasks.first { $0.name == task } }

    /// Copies an answer out of its arena.
    init(_ view: PredictResponseView) {
        model = view.model.string
        version = view.version
        rows = view.rows
        tasks = view.tasks.map { task in
            TaskScores(
                name: task.name.string, kind: Kind(task.kind), width: task.width,
                given: task.given.isEmpty ? nil : task.given.string, values: Array(task.values))
        }
        ranked = view.ranked.map { ranked in
            zip(ranked.rows, ranked.scores).map { RankedCandidate(row: Int($0), score: $1) }
        }
        gates = view.gates.map { gate in
            GateWeights(
                name: gate.name.string, experts: gate.experts, weights: Array(gate.weights))
        }
        explanation = view.explanation.map { PredictionExplanation($0) }
    }
}
