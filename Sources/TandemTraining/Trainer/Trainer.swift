// Design: data-parallel, and the same each time.
//
// The rows of an epoch are permuted from the seed and the epoch's number, cut into minibatches of
// equal size, and each minibatch is cut into one contiguous share a worker. Workers learn from their
// shares, meet, reduce and step their shares of the parameters in a fixed order, and meet again. So
// the same seed and number of threads give the same bytes, whatever the machine is doing besides.
//
// A task's loss is its mean over the rows that have its label: each row's gradient is divided by the
// rows of its minibatch times the share of training rows that are labelled for the task. That is the
// expected number of labelled rows rather than the actual one, so that a rare task's step does not
// grow when a minibatch happens to hold few of its rows.
//
// After each epoch the validation rows are scored, with the average of the weights if one is wanted.
// The parameters of the best epoch, averaged or not, are kept and put back at the end.

package import TandemGraph

/// Trains a graph's parameters on a data set.
package final class Trainer: @unchecked Sendable {
    /// Rows that are scored at a time when nothing is learnt from them.
    private static let scoredRows = 512

    private let graph: Graph
    private let dataset: EncodedDataset
    private let settings: TrainerSettings
    private let tasks: [TrainingTask]
    private let split: RowSplit
    private let measure: StoppingMeasure
    private let store: ParameterStore
    private let workers: [TrainingWorker]
    private let optimizer: Optimizer
    private let scales: [Float]

    /// Called with the state of the run, a few times a second and after each epoch.
    package typealias Progress = (TrainingProgress) -> TrainingDecision

    /// Checks and lays out everything.
    ///
    /// - Parameters:
    ///   - graph: The model.
    ///   - parameters: Its parameters before training; copied.
    ///   - frozen: Names of parameters that are not trained.
    ///   - dataset: All rows, encoded for the graph.
    ///   - tasks: The losses; heads are different values.
    ///   - split: Which rows are for what.
    ///   - settings: How to train.
    ///   - measure: What to stop by.
    /// - Throws: `TrainingError` `noRows` without training rows, `noLabel` for a task without a
    ///   labelled training row, `notDifferentiable`, `wrongValue`.
    package init(
        graph: Graph, parameters: TensorSet, frozen: Set<String> = [], dataset: EncodedDataset,
        tasks: [TrainingTask], split: RowSplit, settings: TrainerSettings,
        measure: StoppingMeasure = .weightedLoss
    ) throws(TrainingError) {
        try MatrixLibrary.prepare()
        try Self.check(settings, tasks, split, dataset)
        self.graph = graph
        self.dataset = dataset
        self.settings = settings
        self.tasks = tasks
        self.split = split
        self.measure = measure
        do {
            store = try ParameterStore(graph, parameters, frozen: frozen)
        } catch {
            throw TrainingError(.wrongShape, "parameter '\(error.subject)': \(error.message)")
                .with(\.node, error.subject)
        }
        let plan = try GradientPlan(graph, parameters: store, heads: tasks.map(\.head))
        let share = (settings.batchRowCount + settings.threadCount - 1) / settings.threadCount
        var workers: [TrainingWorker] = []
        for _ in 0..<settings.threadCount {
            workers.append(
                TrainingWorker(plan, store, dataset, tasks: tasks, rowCountMax: share))
        }
        self.workers = workers
        optimizer = Optimizer(settings.optimizer, store, workers.map(\.executor))
        let rowCount = Double(split.training.count)
        scales = tasks.map { task in
            Float(Double(task.weight) * rowCount / task.labelledWeight(split.training))
        }
    }

    private static func check(
        _ settings: TrainerSettings, _ tasks: [TrainingTask], _ split: RowSplit,
        _ dataset: EncodedDataset
    ) throws(TrainingError) {
        let ranges: [(String, Int, ClosedRange<Int>)] = [
            ("epochs", settings.epochCountMax, 1...1_000_000),
            ("batch rows", settings.batchRowCount, 1...1 << 24),
            ("threads", settings.threadCount, 1...WorkerThreads.countMax),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw TrainingError(
                .wrongValue, "\(name) is \(value)",
                remedy: "choose \(range.lowerBound) to \(range.upperBound)"
            ).with(\.actual, value)
        }
        guard !split.training.isEmpty else {
            throw TrainingError(.noRows, "there are no training rows", remedy: "change the split")
        }
        for task in tasks {
            precondition(task.labels.count == dataset.rowCount, "labels for each row")
            guard task.labelledWeight(split.training) > 0 else {
                throw TrainingError(
                    .noLabel, "task '\(task.name)' has no labelled training row",
                    remedy: "check its label column and its mask"
                ).with(\.key, task.name)
            }
        }
    }

    /// Trains until the last epoch or until patience ends.
    ///
    /// - Parameter progress: Called on this thread; answers whether to go on.
    /// - Returns: What happened; `parameters` then has the best epoch's.
    /// - Throws: `TrainingError` `diverged` or `cancelled`.
    package func run(
        progress: Progress = { _ in .proceed }
    ) throws(TrainingError) -> TrainingHistory {
        var history = TrainingHistory(
            tasks: tasks.map(\.name), epochs: [], bestEpoch: nil, stoppedEarly: false)
        var best: (measure: Double, parameters: TensorSet)?
        var step = 0
        for number in 1...settings.epochCountMax {
            let epoch = TrainingEpoch(
                number: number, settings: settings, workers: workers, optimizer: optimizer,
                scales: scales, rows: split.training)
            var record = try epoch.run(firstStep: step, history: history, progress: progress)
            step += epoch.stepCount
            guard record.trainingLosses.allSatisfy(\.isFinite), store.isFinite else {
                throw TrainingError(
                    .diverged, "the loss is no longer a number in epoch \(number)",
                    remedy: "lower the learning rate or set a gradient norm"
                ).with(\.actual, number)
            }
            optimizer.withAverage(through: step) {
                if !split.validation.isEmpty {
                    let outcome = score(split.validation)
                    record.validationLosses = outcome.losses
                    record.measure = measured(outcome)
                }
                let value = record.measure ?? -Double(number)
                if best.map({ value < $0.measure }) ?? true {
                    best = (value, store.snapshot())
                    history.bestEpoch = number
                }
            }
            history.epochs.append(record)
            if let patience = settings.patience, record.measure != nil,
                number - (history.bestEpoch ?? number) >= max(patience, 1)
            {
                history.stoppedEarly = number < settings.epochCountMax
                break
            }
        }
        if let best { store.restore(best.parameters) }
        return history
    }

    /// A copy of the parameters as they are now, by name.
    package var parameters: TensorSet { store.snapshot() }

    private func measured(_ outcome: ValidationOutcome) -> Double {
        switch measure {
        case .weightedLoss:
            return zip(outcome.losses, tasks).reduce(0) { $0 + $1.0 * Double($1.1.weight) }
        case .custom(let function): return function(outcome)
        }
    }

    /// Losses and heads' values of rows with the parameters as they are now.
    package func score(_ rows: [Int32]) -> ValidationOutcome {
        let heads = Self.score(rows, workers)
        return ValidationOutcome(losses: TrainingEpoch.means(workers, tasks.count), heads: heads)
    }

    /// The graph's outputs for rows, with the parameters as they are now.
    ///
    /// - Returns: One array an output of the graph, row-major, in the rows' order and raw units.
    /// - Throws: `TrainingError` `notDifferentiable` for outputs that the trainer cannot compute.
    package func outputs(_ rows: [Int32]) throws(TrainingError) -> [[Float]] {
        let plan = try GradientPlan(
            graph, parameters: store, heads: graph.outputs, differentiates: false)
        let scorers = workers.map { _ in
            TrainingWorker(plan, store, dataset, tasks: [], rowCountMax: Self.scoredRows)
        }
        return Self.score(rows, scorers)
    }

    /// Runs rows through workers' executors, a contiguous part each; one array a head.
    private static func score(_ rows: [Int32], _ workers: [TrainingWorker]) -> [[Float]] {
        let widths = workers[0].executor.heads.map(\.width)
        let heads = widths.map { width in
            TensorStorage(byteCount: rows.count * width * DataType.float32.byteCount)
        }
        WorkerThreads.run(workers.count) { number in
            let worker = workers[number]
            worker.clearSums()
            let end = rows.count * (number + 1) / workers.count
            rows.withUnsafeBufferPointer { rows in
                var start = rows.count * number / workers.count
                while start < end {
                    let next = min(start + worker.executor.rowCountMax, end)
                    let targets = zip(heads, widths).map { head, width in
                        head.base.assumingMemoryBound(to: Float.self) + start * width
                    }
                    worker.score(UnsafeBufferPointer(rebasing: rows[start..<next]), heads: targets)
                    start = next
                }
            }
        }
        return zip(heads, widths).map { head, width in
            let values = head.base.assumingMemoryBound(to: Float.self)
            return Array(UnsafeBufferPointer(start: values, count: rows.count * width))
        }
    }
}
