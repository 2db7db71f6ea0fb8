import TandemWire

/// How a prediction came to be, for people.
public struct PredictionExplanation: Hashable, Sendable {
    /// The time of one stage.
    public struct Stage: Hashable, Sendable {
        /// The stage's name, such as `compute`.
        public var name: String
        /// How long it took.
        public var duration: Duration
    }

    /// One step of the plan.
    public struct Operation: Hashable, Sendable {
        /// The step's name.
        public var name: String
        /// What it does.
        public var kind: String
        /// How long it took over all rows.
        public var duration: Duration
        /// Multiply-adds over all rows.
        public var multiplyAdds: UInt64
    }

    /// How one feature was read.
    public struct Feature: Hashable, Sendable {
        /// The feature's name.
        public var name: String
        /// Rows that had a value.
        public var presentRows: UInt64
        /// Rows that were missing.
        public var missingRows: UInt64
        /// Values that the vocabulary does not hold.
        public var unknownValues: UInt64
        /// Values clipped to the range seen in training, and list entries cut off.
        public var clippedValues: UInt64
        /// The first row's value as the model saw it.
        public var firstValue: String
    }

    /// The executor that ran: `int8` or `float`.
    public var executor: String
    /// The instruction set of its kernels.
    public var instructionSet: String
    /// The stages in the order they ran.
    public var stages: [Stage]
    /// The plan's steps in the order they ran.
    public var operations: [Operation]
    /// The features in the order of the signature.
    public var features: [Feature]

    init(_ explanation: Explanation) {
        executor = explanation.executor
        instructionSet = explanation.instructionSet
        stages = explanation.stages.map {
            Stage(name: $0.stage.name, duration: .nanoseconds($0.nanoseconds))
        }
        operations = explanation.operations.map {
            Operation(
                name: $0.name, kind: $0.kind, duration: .nanoseconds($0.nanoseconds),
                multiplyAdds: $0.multiplyAdds)
        }
        features = explanation.features.map {
            Feature(
                name: $0.feature, presentRows: $0.presentRows, missingRows: $0.missingRows,
                unknownValues: $0.unknownValues, clippedValues: $0.clippedValues,
                firstValue: $0.firstValue)
        }
    }
}

extension Duration {
    /// Nanoseconds from the wire; more than 292 years are 292 years.
    static func nanoseconds(_ count: UInt64) -> Duration { .nanoseconds(Int64(clamping: count)) }
}
