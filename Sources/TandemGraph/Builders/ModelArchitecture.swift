/// How a multi-task model is shaped: the shared part, the towers, and each task's head.
package struct ModelArchitecture: Hashable, Sendable {
    /// The part that tasks share.
    package enum Trunk: Hashable, Sendable {
        /// One stack of layers for all tasks; widths from the input on. May be empty.
        ///
        /// Source: Caruana, "Multitask Learning", 1997.
        case sharedBottom(layers: [Int])
        /// Experts, each a stack of layers of the same widths, mixed by one softmax gate a task.
        ///
        /// Source: Ma et al., KDD 2018 (MMoE).
        case mixtureOfExperts(expertCount: Int, expertLayers: [Int])
    }

    /// The shared part.
    package var trunk: Trunk
    /// Widths of each task's own layers between the trunk and its head; may be empty.
    package var towerLayers: [Int]
    /// The tasks' heads, in the order of the graph's outputs.
    package var heads: [TaskHead]

    /// Makes an architecture.
    package init(trunk: Trunk, towerLayers: [Int], heads: [TaskHead]) {
        self.trunk = trunk
        self.towerLayers = towerLayers
        self.heads = heads
    }
}

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

    /// Makes a head.
    package init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
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
