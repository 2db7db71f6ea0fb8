/// The last layer of one task.
package struct TaskHead: Hashable, Sendable {
    /// What the head computes from its linear layer.
    package enum Kind: Hashable, Sendable {
        /// A sigmoid of one number.
        case binary
        /// A softmax of as many numbers as classes, at least 2.
        case multiclass(classCount: Int)
        /// One number, taken back from the transformed target to the label's raw unit.
        case regression(TargetTransform)
    }

    /// The task's name, which becomes the output's.
    package var name: String
    /// What it computes.
    package var kind: Kind
    /// The binary tasks that happen before this one, first to last, where the task is learnt over
    /// all rows through the product of all their probabilities with its own; else empty.
    ///
    /// The output stays the task's own probability, given the others; the loss attaches to the
    /// logits of all, side by side: `BuiltModel.heads`.
    /// Source: Ma et al., "Entire Space Multi-Task Model", SIGIR 2018 (ESMM).
    package var conditions: [String]

    /// Makes a head.
    package init(_ name: String, _ kind: Kind, conditions: [String] = []) {
        self.name = name
        self.kind = kind
        self.conditions = conditions
    }
}

/// How a regression's label is transformed before the loss: `z = (f(y) - mean) / deviation`.
package struct TargetTransform: Hashable, Sendable {
    /// Whether `f` is `log(1 + y)`, for labels of 0 or more; otherwise `f(y) = y`.
    package var usesLog1p: Bool
    /// Mean of `f(y)` over the training rows.
    package var mean: Float
    /// Deviation of `f(y)` over the training rows; above 0.
    package var deviation: Float

    /// Makes a transform; the default changes nothing.
    package init(usesLog1p: Bool = false, mean: Float = 0, deviation: Float = 1) {
        self.usesLog1p = usesLog1p
        self.mean = mean
        self.deviation = deviation
    }
}
