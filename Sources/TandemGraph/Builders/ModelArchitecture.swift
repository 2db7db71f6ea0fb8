// Design: an architecture is data, and its parts are functions.
//
// A model is inputs -> trunk -> one tower and head a task. What people choose among is here, as
// plain values that a spec or a test can write down; what each choice means is one function in the
// file of that name. A trunk is a function from one value to one value a task, which is why every
// trunk goes with every kind of input, tower and head.

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
        /// Experts of each task and shared ones, in levels.
        case progressiveExtraction(ProgressiveExtraction)
        /// One stack of layers a task, and after each layer a mixture of all tasks' values.
        ///
        /// Source: Misra et al., "Cross-stitch Networks for Multi-task Learning", CVPR 2016.
        case crossStitch(layers: [Int])
        /// One stack of layers a task; each task takes over what it needs of the task before it.
        ///
        /// Source: Xi et al., KDD 2021 (AITM).
        case informationTransfer(layers: [Int])
        /// Explicit products of features, and a deep part beside or behind them.
        case crossNetwork(CrossNetwork)
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
