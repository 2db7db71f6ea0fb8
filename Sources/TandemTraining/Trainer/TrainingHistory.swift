/// What a progress line shows.
package struct TrainingProgress: Sendable {
    /// The running epoch, from 1.
    package var epoch: Int
    /// The most epochs there will be.
    package var epochCountMax: Int
    /// Training rows seen in this epoch.
    package var rowsDone: Int
    /// Training rows of an epoch.
    package var rowCount: Int
    /// Training rows a second in this epoch so far.
    package var rowsPerSecond: Double
    /// Epochs that are over.
    package var history: TrainingHistory
}

/// Whether a run goes on, as answered to a progress report.
package enum TrainingDecision: Sendable {
    /// Go on.
    case proceed
    /// Stop as soon as possible; the run throws `cancelled`.
    case cancel
}

/// What happened in the epochs of a run.
package struct TrainingHistory: Hashable, Sendable {
    /// One epoch.
    package struct Epoch: Hashable, Sendable {
        /// Number of the epoch, from 1.
        package var number: Int
        /// Mean loss of each task over the training rows, while they were learnt from.
        package var trainingLosses: [Double]
        /// Mean loss of each task over the validation rows; empty if there are none.
        package var validationLosses: [Double]
        /// What decides which epoch is best, smaller is better; nil without validation rows.
        package var measure: Double?
        /// Seconds for the training rows.
        package var trainingSeconds: Double
        /// Training rows a second.
        package var rowsPerSecond: Double
    }

    /// Names of the tasks, in the order of all losses.
    package var tasks: [String]
    /// The epochs, in order.
    package var epochs: [Epoch]
    /// Number of the epoch whose parameters were kept.
    package var bestEpoch: Int?
    /// Whether patience ended the run before the last epoch.
    package var stoppedEarly: Bool
}
