import TandemNotation

/// How to train, as `[training]` says.
package struct TrainingSettings: Hashable, Sendable {
    /// What early stopping watches on the validation rows.
    package enum Monitor: String, CaseIterable, Sendable {
        /// The weighted sum of the tasks' losses; lower is better.
        case loss
        /// The mean AUC of the binary tasks; higher is better.
        case auc
    }

    /// The rule that turns gradients into steps, and its schedule.
    package var optimizer: OptimizerSettings
    /// Rows of a minibatch.
    package var batchRowCount: Int
    /// Passes over the training rows, at most.
    package var epochCountMax: Int
    /// Epochs without a better validation figure before the run stops; 0 never stops it.
    package var patience: Int
    /// What early stopping watches.
    package var monitor: Monitor
    /// Seed of initial weights and of the order of rows.
    package var seed: UInt64
    /// Worker threads, or nil for as many as may run.
    ///
    /// Part of what decides the result's bytes.
    package var threadCount: Int?

    init(_ table: SpecTable) throws(TrainingError) {
        let rates = 1e-9...1e3
        let algorithms = ["adam", "rmsprop", "sgd"].map { (name: $0, value: $0) }
        optimizer = OptimizerSettings()
        switch try table.choice("optimizer", algorithms) ?? "adam" {
        case "rmsprop": optimizer.algorithm = .rmsProp
        case "sgd":
            let momentum = try table.number("momentum", in: 0...0.9999) ?? 0
            optimizer.algorithm = .sgd(momentum: Float(momentum))
        default: optimizer.algorithm = .adam
        }
        optimizer.learningRate = Float(try table.number("learning_rate", in: rates) ?? 1e-3)
        let schedules = [
            (name: "constant", value: LearningRateSchedule.constant),
            (name: "cosine", value: LearningRateSchedule.cosine(last: 0)),
        ]
        optimizer.schedule = try table.choice("schedule", schedules) ?? .constant
        optimizer.weightDecay = Float(try table.number("l2", in: 0...100) ?? 0)
        optimizer.gradientNormMax = try table.number("gradient_norm_max", in: rates).map {
            Float($0)
        }
        optimizer.averaging = Float(try table.number("averaging", in: 0...0.9999) ?? 0)
        batchRowCount = try table.integer("batch_size", in: 1...1 << 20) ?? 512
        epochCountMax = try table.integer("epochs", in: 1...100_000) ?? 20
        patience = try table.integer("patience", in: 0...100_000) ?? 3
        let monitors = Monitor.allCases.map { (name: $0.rawValue, value: $0) }
        monitor = try table.choice("monitor", monitors) ?? .loss
        seed = UInt64(try table.integer("seed", in: 0...Int.max) ?? 1)
        threadCount = try table.integer("threads", in: 1...1024)
        try table.finish("[training] with \(table.textOr("optimizer", "adam"))")
    }
}
