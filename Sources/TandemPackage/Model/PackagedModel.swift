package import TandemFeatures
package import TandemGraph

/// A model as a package states it: everything but the bytes of its tensors.
package struct PackagedModel: Hashable, Sendable {
    /// The model's name; also its directory in a repository.
    package var name: String
    /// What wrote the package, such as `tandem 0.1.0`; for people.
    package var createdWith: String
    /// What the model takes and answers.
    package var signature: Signature
    /// The model's arithmetic, in one or more precisions; names are unique.
    package var programs: [Program]
    /// Small inputs and what each program answers to them.
    package var goldens: [GoldenVector]
    /// Requests to run before the first real one: serialised `tandem.v1.PredictRequest`.
    package var warmUps: [[UInt8]]
    /// Quality as measured when the package was written.
    package var quality: [QualityFigure]
    /// What the quantiser decided, by operation; empty if it did not measure.
    package var choices: [OperationChoice]
    /// Who made it, from what; no paths.
    package var provenance: [ProvenanceEntry]

    /// Makes a model; `PackageWriter` checks it.
    package init(
        name: String, createdWith: String, signature: Signature, programs: [Program],
        goldens: [GoldenVector] = [], warmUps: [[UInt8]] = [], quality: [QualityFigure] = [],
        choices: [OperationChoice] = [], provenance: [ProvenanceEntry] = []
    ) {
        self.name = name
        self.createdWith = createdWith
        self.signature = signature
        self.programs = programs
        self.goldens = goldens
        self.warmUps = warmUps
        self.quality = quality
        self.choices = choices
        self.provenance = provenance
    }

    /// The program of that name, or nil.
    package func program(named name: String) -> Program? {
        programs.first { $0.name == name }
    }
}

/// A model with its tensors: what a package is written from.
package struct PackageContents: Sendable {
    /// What the manifest will state.
    package var model: PackagedModel
    /// Every tensor that a program names, and no other.
    package var tensors: TensorSet

    /// Makes contents; `PackageWriter` checks them.
    package init(model: PackagedModel, tensors: TensorSet) {
        self.model = model
        self.tensors = tensors
    }
}

/// The model in one precision: a graph over the package's tensors.
///
/// Whatever can change a bit of a score is in the graph and its tensors.
package struct Program: Hashable, Sendable {
    /// The name of the program that computes in float32.
    package static let float = "float"
    /// The name of the program whose large products are of int8.
    package static let int8 = "int8"

    /// `float`, `int8` or another name.
    package var name: String
    /// What is computed; its parameters name tensors of the package.
    package var graph: Graph
    /// The version of the engine's arithmetic under which goldens hold bit for bit; from 1.
    package var numericsVersion: UInt32
    /// Under another version goldens hold within `tolerance * max(1, |expected|)`.
    package var tolerance: Float

    /// Makes a program; without a tolerance it is 1e-4 for `float`, and for others 0.01, which is as
    /// much as rounding to int8 may cost: under other arithmetic it rounds otherwise.
    package init(
        name: String, graph: Graph, numericsVersion: UInt32 = 1, tolerance: Float? = nil
    ) {
        self.name = name
        self.graph = graph
        self.numericsVersion = numericsVersion
        self.tolerance = tolerance ?? (name == Self.float ? 1e-4 : 0.01)
    }
}

/// What the quantiser decided about one operation of the float program.
package struct OperationChoice: Hashable, Sendable {
    /// What an operation computes with.
    package enum Precision: String, Hashable, Sendable, CaseIterable {
        /// As in the float program.
        case float
        /// int8 weights.
        case int8
        /// int8 weights, and an input with a second int8 digit for what the first one leaves.
        case int8TwiceInput = "int8_twice_input"
        /// Weights and input with a second int8 digit.
        case int8Twice = "int8_twice"
    }

    /// The name of the operation's result.
    package var operation: String
    /// What it computes with.
    package var precision: Precision
    /// Whether weight scales were chosen by error, so that outliers are cut off.
    package var clipsOutliers: Bool
    /// How much the scores change if this operation alone becomes int8: the root of the mean squared
    /// change over the scores' standard deviation, of the task that changes most.
    package var sensitivity: Double

    /// Makes a choice.
    package init(
        operation: String, precision: Precision, clipsOutliers: Bool, sensitivity: Double
    ) {
        self.operation = operation
        self.precision = precision
        self.clipsOutliers = clipsOutliers
        self.sensitivity = sensitivity
    }
}

/// One figure of quality.
package struct QualityFigure: Hashable, Sendable {
    /// The program that was measured.
    package var program: String
    /// The task; empty for the model as a whole.
    package var task: String
    /// Such as `auc`, `log_loss` or `rmse`.
    package var metric: String
    /// In the metric's unit.
    package var value: Double
    /// Rows it was measured on.
    package var rowCount: Int
    /// Which part of the rows, such as `test`.
    package var split: String

    /// Makes a figure.
    package init(
        program: String, task: String, metric: String, value: Double, rowCount: Int,
        split: String = "test"
    ) {
        self.program = program
        self.task = task
        self.metric = metric
        self.value = value
        self.rowCount = rowCount
        self.split = split
    }
}

/// One thing that is known of how a package was made.
package struct ProvenanceEntry: Hashable, Sendable {
    /// Such as `trainer`, `seed` or `rows`.
    package var key: String
    /// Free text.
    package var value: String

    /// Makes an entry.
    package init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }
}
