import TandemWire

/// What a model takes and gives.
public struct ModelDescription: Hashable, Sendable {
    /// Which rows a feature belongs to.
    public enum Side: String, Hashable, Sendable {
        /// Once a request.
        case context
        /// Once a candidate.
        case candidate
        /// A side that this client does not know.
        case unknown
    }

    /// One input.
    public struct Feature: Hashable, Sendable {
        /// The feature's name.
        public var name: String
        /// Which rows it belongs to.
        public var side: Side
        /// The type of its values: `float32`, `int64` or `bytes` (which is text's too).
        public var type: String
        /// How the model reads it.
        public var kind: String
        /// Values per row; 0 for a list of any length.
        public var width: Int
        /// Of a list: entries beyond this many are cut.
        public var listLengthMax: Int
        /// Whether a missing value is refused.
        public var isRequired: Bool
        /// Entries of the vocabulary or buckets of the hash; 0 for neither.
        public var vocabularySize: Int
        /// Free text from the package.
        public var summary: String
    }

    /// One output.
    public struct Task: Hashable, Sendable {
        /// The task's name.
        public var name: String
        /// What its numbers mean.
        public var kind: Prediction.Kind
        /// Numbers per row.
        public var width: Int
        /// The task that this one is conditional on; nil for none.
        public var given: String?
        /// Names of the classes, or of the negative and the positive label.
        public var labels: [String]
        /// The label's unit; empty for none.
        public var unit: String
        /// Figures measured when the package was written.
        public var quality: [Quality]
    }

    /// One measured figure.
    public struct Quality: Hashable, Sendable {
        /// The metric's name, such as `auc`.
        public var metric: String
        /// Its value.
        public var value: Double
        /// The executor it was measured with.
        public var executor: String
        /// What it was measured on, such as `validation`.
        public var split: String
        /// Rows it was measured on; 0 where not known.
        public var rows: UInt64
    }

    /// The model's name.
    public var name: String
    /// The version that this describes.
    public var version: UInt64
    /// All versions that can answer, ascending.
    public var versions: [UInt64]
    /// The version that each label points to.
    public var labels: [String: UInt64]
    /// The inputs.
    public var features: [Feature]
    /// The outputs.
    public var tasks: [Task]
    /// Ranking formulas by name.
    public var formulas: [String: String]
    /// The executor that answers: `int8` or `float`.
    public var executor: String
    /// Gates whose weights can be asked for.
    public var gates: [String]
    /// Free text from the package.
    public var summary: String

    init(_ metadata: ModelMetadata) {
        name = metadata.name
        version = metadata.version
        versions = metadata.versions
        labels = Dictionary(metadata.labels.map { ($0.label, $0.version) }) { $1 }
        features = metadata.features.map { Feature($0) }
        tasks = metadata.tasks.map { Task($0) }
        formulas = Dictionary(metadata.formulas.map { ($0.name, $0.expression) }) { $1 }
        executor = metadata.executor
        gates = metadata.gates
        summary = metadata.summary
    }
}

extension ModelDescription.Feature {
    fileprivate init(_ feature: FeatureMetadata) {
        name = feature.name
        side =
            switch feature.side {
            case .context: .context
            case .candidate: .candidate
            case .unspecified: .unknown
            }
        type = feature.type?.name ?? "unknown"
        kind = feature.kind
        width = Int(feature.width)
        listLengthMax = Int(feature.listLengthMax)
        isRequired = feature.isRequired
        vocabularySize = Int(clamping: feature.vocabularySize)
        summary = feature.summary
    }
}

extension ModelDescription.Task {
    fileprivate init(_ task: TaskMetadata) {
        name = task.name
        kind = Prediction.Kind(task.kind)
        width = Int(task.width)
        given = task.given.isEmpty ? nil : task.given
        labels = task.labels
        unit = task.unit
        quality = task.quality.map {
            ModelDescription.Quality(
                metric: $0.metric, value: $0.value, executor: $0.executor, split: $0.split,
                rows: $0.rows)
        }
    }
}
