// Design: from rows to a model, in the order of the steps.
//
// Learn the features and targets from the training rows; lay the signature out and build the graph
// for it; encode all rows; train; put the best parameters into the graph; measure it on the test
// rows through the graph's outputs, in raw units, as a caller would see them. The figures come from
// the same `Evaluator` that measures packages. Frozen encoders answer before all that, and join the
// graph after it.

import Foundation
import TandemFeatures
import TandemGraph

/// Trains a model as a spec says.
package struct TrainingRun: Sendable {
    private let spec: TrainingSpec
    private let examples: Examples
    private let encoders: [Int: FrozenEncoder]
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
    ///   - encoders: The encoder of each text feature that names one, by the feature's position.
    package init(
        _ spec: TrainingSpec, _ examples: Examples, encoders: [Int: FrozenEncoder] = [:]
    ) {
        precondition(
            spec.features.indices.allSatisfy {
                (spec.features[$0].encoder != nil) == (encoders[$0] != nil)
            }, "each text feature has its encoder")
        self.spec = spec
        self.examples = examples
        self.encoders = encoders
        threadCount = min(
            spec.training.threadCount ?? ProcessInfo.processInfo.activeProcessorCount,
            Self.threadCountMax)
    }

    /// Trains and measures.
    ///
    /// - Parameters:
    ///   - encoding: Called on this thread while frozen encoders answer, with the texts that are
    ///     done and those there are.
    ///   - progress: Called on this thread a few times a second while training.
    /// - Returns: The model of the best epoch, with its figures.
    /// - Throws: `TrainingError` `unusableFeature`, `noLabel`, `diverged`, `cancelled`, and what a
    ///   graph of these sizes is refused for.
    package func run(
        encoding: (_ done: Int, _ count: Int) -> Void = { _, _ in },
        progress: Trainer.Progress = { _ in .proceed }
    ) throws(TrainingError) -> TrainedModel {
        let preparation = FeaturePreparation(examples, threadCount: threadCount)
        let vectors = try frozenVectors(encoding)
        let learned = try preparation.learn(spec.features, vectors: vectors)
        let targets = learnTargets()
        let (built, model) = try build(learned, targets)
        let (dataset, _) = try preparation.encode(
            spec.features, built.signature, model.graph, vectors: vectors)
        let split = split
        let tasks = tasks(model, targets)
        let trainer = try Trainer(
            graph: model.graph, parameters: model.parameters, frozen: model.constants,
            dataset: dataset, tasks: tasks, split: split, settings: settings,
            measure: measure(tasks))
        let history = try trainer.run(progress: progress)
        let evaluated = split.test.isEmpty ? split.validation : split.test
        let evaluator = Evaluator(spec, examples, tasks: built.signature.tasks)
        let figures = evaluator.figures(of: try trainer.outputs(evaluated), rows: evaluated)
        let (signature, whole) = try joined(
            built.signature, try served(WeightedGraph(model.graph, trainer.parameters)))
        let served =
            encoders.isEmpty
            ? dataset : try preparation.encode(spec.features, signature, whole.graph).dataset
        return TrainedModel(
            spec: spec, signature: signature, graph: whole.graph, parameters: whole.tensors,
            targets: targets, history: history, split: split,
            statistics: learned.map(\.statistics), figures: figures,
            samples: samples(served, whole.graph, evaluated), threadCount: threadCount)
    }

    /// The model without what only losses read.
    private func served(_ model: WeightedGraph) throws(TrainingError) -> WeightedGraph {
        guard spec.tasks.contains(where: \.learnsEntireSpace) else { return model }
        do {
            return try GraphRewriter.rewrite(model) { _, _ in nil }
        } catch {
            throw TrainingError(.wrongShape, "'\(error.subject)': \(error.message)")
                .with(\.node, error.subject)
        }
    }

    // MARK: Frozen encoders

    private func frozenVectors(
        _ progress: (_ done: Int, _ count: Int) -> Void
    ) throws(TrainingError) -> [Int: FrozenVectors] {
        var vectors: [Int: FrozenVectors] = [:]
        for (index, encoder) in encoders.sorted(by: { $0.key < $1.key }) {
            guard case .text(let texts) = examples.column(ofFeature: index) else {
                preconditionFailure("a text feature has a column of texts")
            }
            let values = try encoder.vectors(of: texts.dictionary, threadCount: threadCount) {
                done in
                progress(done, texts.dictionary.count + 1)
            }
            vectors[index] = FrozenVectors(width: encoder.width, values: values)
        }
        return vectors
    }

    /// The model with its encoders in the places of their answers.
    private func joined(
        _ built: Signature, _ model: WeightedGraph
    ) throws(TrainingError) -> (Signature, WeightedGraph) {
        guard !encoders.isEmpty else { return (built, model) }
        var signature = built
        var grafts: [GraphGraft] = []
        for (index, own) in built.features.enumerated() {
            guard let encoder = encoders[index] else {
                signature.features[index].slot = remaining(own.slot, in: built)
                continue
            }
            let graft = GraphGraft(
                donor: encoder.model, output: encoder.output, input: own.slot.input,
                column: own.slot.column, prefix: "encoder/\(GraphName.sanitized(own.name))")
            grafts.append(graft)
            var text = encoder.signature.features[0]
            text.name = own.name
            text.side = own.side
            text.isRequired = own.isRequired
            text.slot = text.slot.renamed(graft.name(ofInput:))
            signature.features[index] = text
        }
        do {
            return (signature, try model.grafting(grafts))
        } catch {
            throw TrainingError(.wrongShape, "'\(error.subject)': \(error.message)")
                .with(\.node, error.subject)
        }
    }

    /// A place in an input, after the columns of encoders before it are gone.
    private func remaining(_ slot: FeatureSlot, in signature: Signature) -> FeatureSlot {
        var moved = slot
        for (index, encoder) in encoders {
            let fed = signature.features[index].slot
            guard fed.input == slot.input, fed.column < slot.column else { continue }
            moved.column -= encoder.width
            moved.missingColumn? -= encoder.width
        }
        return moved
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
        let binary = tasks.indices.filter { tasks[$0].loss.isOfProbability }
        let rows = split.validation
        return .custom { outcome in
            var areas: [Double] = []
            for index in binary {
                let labels = rows.map { tasks[index].labels[Int($0)] }
                let kept = rows.indices.filter { !labels[$0].isNaN }
                let area = TaskFigures.auc(
                    kept.map {
                        tasks[index].loss.score(
                            outcome.heads[index], row: $0, rowCount: rows.count)
                    }, kept.map { Double(labels[$0]) },
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
                let conditions =
                    task.learnsEntireSpace ? task.conditions(among: spec.tasks).map(\.name) : []
                heads.append(TaskHead(task.name, .binary, conditions: conditions))
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
                name: spec.model.name,
                inputs: signature.inputs.reading(spec.features, signature.signature),
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
            var values = labels.products ?? labels.labels
            let loss: LossFunction
            switch task.kind {
            case .binary:
                loss = task.learnsEntireSpace ? .productCrossEntropy : .binaryCrossEntropy
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
