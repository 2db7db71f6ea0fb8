// Design: from rows to a model, in the order of the steps.
//
// Learn the features and targets from the training rows; lay the signature out and build the graph
// for it; encode all rows; train; put the best parameters into the graph; measure it on the test
// rows through the graph's outputs, in raw units, as a caller would see them. The figures come from
// the same `Evaluator` that measures packages.

import Foundation
import TandemFeatures
import TandemGraph

/// Trains a model as a spec says.
package struct TrainingRun: Sendable {
    private let spec: TrainingSpec
    private let examples: Examples
    private let threadCount: Int

    /// Candidates of a sample, and samples: enough for a self-check in every kernel's tail.
    private static let sampleRows = [1, 5, 16]
    /// More threads than this wait for each other more than they compute.
    private static let threadCountMax = 16

    /// Prepares a run.
    ///
    /// - Parameters:
    ///   - spec: What to make.
    ///   - examples: The rows, as read by this spec.
    package init(_ spec: TrainingSpec, _ examples: Examples) {
        self.spec = spec
        self.examples = examples
        threadCount = min(
            spec.training.threadCount ?? ProcessInfo.processInfo.activeProcessorCount,
            Self.threadCountMax)
    }

    /// Trains and measures.
    ///
    /// - Parameter progress: Called on this thread a few times a second while training.
    /// - Returns: The model of the best epoch, with its figures.
    /// - Throws: `TrainingError` `unusableFeature`, `noLabel`, `diverged`, `cancelled`, and what a
    ///   graph of these sizes is refused for.
    package func run(
        progress: Trainer.Progress = { _ in .proceed }
    ) throws(TrainingError) -> TrainedModel {
        let preparation = FeaturePreparation(examples, threadCount: threadCount)
        let learned = try preparation.learn(spec.features)
        let targets = learnTargets()
        let (built, model) = try build(learned, targets)
        let (dataset, _) = try preparation.encode(spec.features, built.signature, model.graph)
        let split = split
        let tasks = tasks(model, targets)
        let trainer = try Trainer(
            graph: model.graph, parameters: model.parameters, dataset: dataset,
            tasks: tasks, split: split, settings: settings, measure: measure(tasks))
        let history = try trainer.run(progress: progress)
        let parameters = trainer.parameters
        let evaluated = split.test.isEmpty ? split.validation : split.test
        let evaluator = Evaluator(spec, examples, tasks: built.signature.tasks)
        let figures = evaluator.figures(of: try trainer.outputs(evaluated), rows: evaluated)
        return TrainedModel(
            spec: spec, signature: built.signature, graph: model.graph, parameters: parameters,
            targets: targets, history: history,
            split: split,
            statistics: learned.map(\.statistics),
            figures: figures,
            samples: samples(dataset, model.graph, evaluated), threadCount: threadCount)
    }

    // MARK: What the spec means

    private var split: RowSplit {
        RowSplit(
            training: examples.rows(.training), validation: examples.rows(.validation),
            test: examples.rows(.test))
    }

    private var settings: TrainerSettings {
        let training = spec.training
        return TrainerSettings(
            epochCountMax: training.epochCountMax, batchRowCount: training.batchRowCount,
            threadCount: threadCount, seed: training.seed, optimizer: training.optimizer,
            patience: training.patience > 0 ? training.patience : nil)
    }

    /// What early stopping looks at: smaller is better.
    private func measure(_ tasks: [TrainingTask]) -> StoppingMeasure {
        guard spec.training.monitor == .auc else { return .weightedLoss }
        let binary = tasks.indices.filter { tasks[$0].loss == .binaryCrossEntropy }
        let rows = split.validation
        return .custom { outcome in
            var areas: [Double] = []
            for index in binary {
                let labels = rows.map { tasks[index].labels[Int($0)] }
                let kept = rows.indices.filter { !labels[$0].isNaN }
                let area = TaskFigures.auc(
                    kept.map { outcome.heads[index][$0] }, kept.map { Double(labels[$0]) },
                    kept.map { Double(tasks[index].rowWeights?[Int(rows[$0])] ?? 1) })
                if let area { areas.append(area) }
            }
            // Without a task that has an area, the losses decide.
            if areas.isEmpty { return outcome.losses.reduce(0, +) }
            return -areas.reduce(0, +) / Double(areas.count)
        }
    }

    private func learnTargets() -> [String: TargetTransform] {
        let rows = examples.rows(.training)
        var targets: [String: TargetTransform] = [:]
        for (task, labels) in zip(spec.tasks, examples.tasks) {
            guard case .regression(let target) = task.kind else { continue }
            targets[task.name] = TargetTransform(target, labels: labels.labels, rows: rows)
        }
        return targets
    }

    private func build(
        _ learned: [LearnedFeature], _ targets: [String: TargetTransform]
    ) throws(TrainingError) -> (BuiltSignature, BuiltModel) {
        var heads: [TaskHead] = []
        var tasks: [TandemFeatures.Task] = []
        for (task, labels) in zip(spec.tasks, examples.tasks) {
            let kind: TaskKind
            switch task.kind {
            case .binary:
                kind = .binary
                heads.append(TaskHead(task.name, .binary))
            case .multiclass:
                kind = .multiclass(classCount: labels.classes.count)
                heads.append(
                    TaskHead(task.name, .multiclass(classCount: labels.classes.count)))
            case .regression:
                kind = .regression
                let transform = targets[task.name] ?? TargetTransform()
                heads.append(TaskHead(task.name, .regression(transform)))
            }
            tasks.append(Task(task.name, kind, labels: labels.classes, given: task.given))
        }
        let signature: BuiltSignature
        do {
            signature = try SignatureBuilder.build(
                features: learned, tasks: tasks, formulas: spec.formulas)
        } catch { throw TrainingError(error, nil) }
        do {
            let model = try ModelBuilder.build(
                name: spec.model.name, inputs: signature.inputs,
                architecture: ModelArchitecture(
                    trunk: spec.model.trunk, towerLayers: spec.model.towerLayers, heads: heads),
                seed: spec.training.seed)
            return (signature, model)
        } catch {
            throw TrainingError(.wrongShape, "'\(error.subject)': \(error.message)")
                .with(\.node, error.subject)
        }
    }

    private func tasks(
        _ model: BuiltModel, _ targets: [String: TargetTransform]
    ) -> [TrainingTask] {
        zip(spec.tasks, examples.tasks).map { task, labels in
            guard let head = model.heads[task.name] else {
                preconditionFailure("the builder makes a head for each task")
            }
            var values = labels.labels
            let loss: LossFunction
            switch task.kind {
            case .binary: loss = .binaryCrossEntropy
            case .multiclass: loss = .softmaxCrossEntropy
            case .regression:
                loss = .squaredError
                let transform = targets[task.name] ?? TargetTransform()
                for row in values.indices { values[row] = transform.apply(values[row]) }
            }
            return TrainingTask(
                name: task.name, head: head, loss: loss, weight: task.weight, labels: values,
                rowWeights: labels.rowWeights)
        }
    }

    private func samples(
        _ dataset: EncodedDataset, _ graph: Graph, _ rows: [Int32]
    ) -> [SampleInputs] {
        var start = 0
        return Self.sampleRows.compactMap { count in
            guard start + count <= rows.count else { return nil }
            defer { start += count }
            return dataset.sample(Array(rows[start..<start + count]), graph)
        }
    }
}
