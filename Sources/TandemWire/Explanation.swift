/// The stations of a request, as the wire numbers them.
package enum Stage: UInt32, CaseIterable, Sendable {
    /// Not said.
    case unspecified = 0
    /// From the last byte read until work began.
    case wait = 1
    /// Frame to message.
    case decode = 2
    /// Raw features to tensors.
    case features = 3
    /// The plan.
    case compute = 4
    /// Combining scores and choosing the top k.
    case rank = 5
    /// Scores to answer bytes.
    case encode = 6
    /// All of it.
    case total = 7

    /// The name in tables and metrics.
    package var name: String {
        switch self {
        case .unspecified: "unspecified"
        case .wait: "wait"
        case .decode: "decode"
        case .features: "features"
        case .compute: "compute"
        case .rank: "rank"
        case .encode: "encode"
        case .total: "total"
        }
    }
}

/// How an answer came to be, for people.
///
/// Fields as in the schema.
package struct Explanation: Hashable, Sendable {
    /// The executor that ran.
    package var executor = ""
    /// The instruction set of its kernels.
    package var instructionSet = ""
    /// Time by stage, in the order they ran.
    package var stages: [StageTime] = []
    /// The plan's steps in the order they ran.
    package var operations: [OperationTime] = []
    /// How each feature was read.
    package var features: [FeatureResolution] = []

    /// An explanation with nothing set.
    package init() {}
}

/// The time one stage took.
package struct StageTime: Hashable, Sendable {
    /// The stage.
    package var stage: Stage
    /// Nanoseconds.
    package var nanoseconds: UInt64

    /// Makes a pair.
    package init(_ stage: Stage, nanoseconds: UInt64) {
        self.stage = stage
        self.nanoseconds = nanoseconds
    }
}

/// The time one step of the plan took.
package struct OperationTime: Hashable, Sendable {
    /// The step's name.
    package var name: String
    /// What it does.
    package var kind: String
    /// Nanoseconds over all row blocks.
    package var nanoseconds: UInt64
    /// Multiply-adds over all rows.
    package var multiplyAdds: UInt64

    /// Makes an entry.
    package init(name: String, kind: String, nanoseconds: UInt64, multiplyAdds: UInt64) {
        self.name = name
        self.kind = kind
        self.nanoseconds = nanoseconds
        self.multiplyAdds = multiplyAdds
    }
}

/// How one feature was read.
///
/// Fields as in the schema.
package struct FeatureResolution: Hashable, Sendable {
    /// The feature's name.
    package var feature = ""
    /// Rows that had a value.
    package var presentRows: UInt64 = 0
    /// Rows that were missing.
    package var missingRows: UInt64 = 0
    /// Values that the vocabulary does not hold.
    package var unknownValues: UInt64 = 0
    /// Values clipped or cut.
    package var clippedValues: UInt64 = 0
    /// The first row's value as the model saw it.
    package var firstValue = ""

    /// A resolution with nothing set.
    package init() {}
}
