/// How long and in what portions a model is trained.
package struct TrainerSettings: Hashable, Sendable {
    /// The most passes over the training rows; at least 1.
    package var epochCountMax: Int
    /// The most rows of one minibatch, at least 1; an epoch's minibatches are of equal size.
    package var batchRowCount: Int
    /// Worker threads, `1 ... WorkerThreads.countMax`; part of what makes two runs the same.
    package var threadCount: Int
    /// Seed of the order of rows.
    package var seed: UInt64
    /// How parameters follow their gradients.
    package var optimizer: OptimizerSettings
    /// Stop after as many epochs without a better measure on the validation rows; nil: never.
    package var patience: Int?

    /// Makes settings.
    package init(
        epochCountMax: Int = 10, batchRowCount: Int = 512, threadCount: Int = 1, seed: UInt64 = 1,
        optimizer: OptimizerSettings = OptimizerSettings(), patience: Int? = 2
    ) {
        self.epochCountMax = epochCountMax
        self.batchRowCount = batchRowCount
        self.threadCount = threadCount
        self.seed = seed
        self.optimizer = optimizer
        self.patience = patience
    }
}

/// What is looked at to find the best epoch; smaller is better.
package enum StoppingMeasure: Sendable {
    /// The weighted sum of the tasks' mean losses on the validation rows.
    case weightedLoss
    /// Something else about the validation rows.
    case custom(@Sendable (ValidationOutcome) -> Double)
}

/// The state of a model on the validation rows.
package struct ValidationOutcome: Sendable {
    /// Mean loss of each task.
    package var losses: [Double]
    /// The values of each task's head for each validation row, in the split's order, end to end.
    package var heads: [[Float]]

    /// Makes an outcome.
    package init(losses: [Double], heads: [[Float]]) {
        self.losses = losses
        self.heads = heads
    }
}
