/// What a task's numbers mean, as the wire numbers it.
package enum ScoreKind: UInt32, CaseIterable, Sendable {
    /// Not said.
    case unspecified = 0
    /// Probability of the positive label.
    case binary = 1
    /// Probability of each class.
    case multiclass = 2
    /// A number in the label's raw unit.
    case regression = 3
    /// An embedding.
    case vector = 4
}

/// Which rows a feature belongs to, as the wire numbers it.
package enum FeatureSide: UInt32, CaseIterable, Sendable {
    /// Not said.
    case unspecified = 0
    /// Once a request.
    case context = 1
    /// Once a candidate.
    case candidate = 2
}

/// What a model takes and gives: the answer to `modelMetadata`.
///
/// Fields as in `ModelMetadataResponse`.
package struct ModelMetadata: Hashable, Sendable {
    /// The model's name.
    package var name = ""
    /// The version that this describes.
    package var version: UInt64 = 0
    /// All versions that can answer, ascending.
    package var versions: [UInt64] = []
    /// Labels of all versions.
    package var labels: [VersionLabel] = []
    /// The signature's features.
    package var features: [FeatureMetadata] = []
    /// The signature's tasks.
    package var tasks: [TaskMetadata] = []
    /// Named ranking formulas.
    package var formulas: [FormulaMetadata] = []
    /// The executor that answers.
    package var executor = ""
    /// Gates whose weights can be asked for.
    package var gates: [String] = []
    /// Free text from the package.
    package var summary = ""

    /// An answer with nothing set.
    package init() {}
}

/// A label and the version it points to.
package struct VersionLabel: Hashable, Sendable {
    /// The label.
    package var label: String
    /// The version.
    package var version: UInt64

    /// Makes a pair.
    package init(_ label: String, _ version: UInt64) {
        self.label = label
        self.version = version
    }
}

/// One input of a model.
///
/// Fields as in the schema's `FeatureMetadata`.
package struct FeatureMetadata: Hashable, Sendable {
    /// The feature's name.
    package var name = ""
    /// Which rows it belongs to.
    package var side = FeatureSide.unspecified
    /// The type its column must have; nil where it is not said.
    package var type: ColumnType?
    /// How the model reads it.
    package var kind = ""
    /// Values per row; 0 where ragged.
    package var width: UInt32 = 0
    /// Ragged: entries beyond this many are cut.
    package var listLengthMax: UInt32 = 0
    /// Whether a missing value is refused.
    package var isRequired = false
    /// Entries of the vocabulary or buckets of the hash; 0 for neither.
    package var vocabularySize: UInt64 = 0
    /// Free text from the package.
    package var summary = ""

    /// A feature with nothing set.
    package init() {}
}

/// One output of a model.
///
/// Fields as in the schema's `TaskMetadata`.
package struct TaskMetadata: Hashable, Sendable {
    /// The task's name.
    package var name = ""
    /// What its numbers mean.
    package var kind = ScoreKind.unspecified
    /// Numbers per row.
    package var width: UInt32 = 0
    /// The task this one is conditional on; empty for none.
    package var given = ""
    /// Names of the classes.
    package var labels: [String] = []
    /// The label's unit.
    package var unit = ""
    /// Figures measured when the package was written.
    package var quality: [QualityFigure] = []

    /// A task with nothing set.
    package init() {}
}

/// One measured figure of one task.
///
/// Fields as in the schema.
package struct QualityFigure: Hashable, Sendable {
    /// The metric's name.
    package var metric = ""
    /// Its value.
    package var value = 0.0
    /// The executor it was measured with.
    package var executor = ""
    /// What it was measured on.
    package var split = ""
    /// Rows it was measured on; 0 where not known.
    package var rows: UInt64 = 0

    /// A figure with nothing set.
    package init() {}
}

/// A ranking formula that the package names.
package struct FormulaMetadata: Hashable, Sendable {
    /// The formula's name.
    package var name: String
    /// The formula.
    package var expression: String

    /// Makes a pair.
    package init(_ name: String, _ expression: String) {
        self.name = name
        self.expression = expression
    }
}
