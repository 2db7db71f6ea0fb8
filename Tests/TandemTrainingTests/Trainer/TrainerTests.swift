import TandemGraph
import TandemTraining
import Testing

@Suite struct TrainerTests {
    private static let settings = TrainerSettings(
        epochCountMax: 12, batchRowCount: 64, threadCount: 2, seed: 3,
        optimizer: OptimizerSettings(learningRate: 0.01), patience: 3)

    private static func bytes(_ tensors: TensorSet) -> [String: [UInt8]] {
        tensors.mapValues { Array($0.bytes) }
    }

    @Test func `learns both tasks of a small problem`() throws {
        let problem = try ToyProblem()
        let trainer = try problem.trainer(Self.settings)
        let before = trainer.score(problem.split.validation)
        let history = try trainer.run()
        let after = trainer.score(problem.split.validation)
        #expect(problem.clickAUC(after.heads[0], problem.split.validation) > 0.95)
        #expect(after.losses[1] < 0.2 * before.losses[1])
        #expect(history.tasks == ["click", "amount"])
        #expect(history.epochs.map(\.number) == Array(1...history.epochs.count))
    }

    @Test(arguments: [1, 2, 3])
    func `the same seed and threads give the same bytes`(_ threadCount: Int) throws {
        let problem = try ToyProblem(rowCount: 500)
        var settings = Self.settings
        settings.epochCountMax = 2
        settings.threadCount = threadCount
        settings.optimizer.gradientNormMax = 1
        func run() throws -> [String: [UInt8]] {
            let trainer = try problem.trainer(settings)
            _ = try trainer.run()
            return Self.bytes(trainer.parameters)
        }
        let first = try run()
        #expect(try run() == first)
        #expect(first != Self.bytes(problem.model.parameters))
        settings.seed = 4
        #expect(try run() != first)
    }

    @Test(arguments: [1, 2])
    func `an average is measured and kept, and does not change the course`(
        _ threadCount: Int
    ) throws {
        let problem = try ToyProblem(rowCount: 500)
        func run(averaging: Float, epochs: Int) throws -> (TrainingHistory, ValidationOutcome) {
            var settings = Self.settings
            settings.threadCount = threadCount
            settings.epochCountMax = epochs
            settings.patience = nil
            settings.optimizer.averaging = averaging
            // The last epoch is the best, so that each run keeps its end.
            let calls = Counter()
            let trainer = try problem.trainer(
                settings, measure: .custom { _ in -Double(calls.next()) })
            let history = try trainer.run()
            return (history, trainer.score(problem.split.validation))
        }
        let (plain, _) = try run(averaging: 0, epochs: 3)
        let (averaged, kept) = try run(averaging: 0.9, epochs: 3)
        // Gradients come from the weights, whatever is measured between the epochs.
        #expect(averaged.epochs.map(\.trainingLosses) == plain.epochs.map(\.trainingLosses))
        #expect(averaged.epochs[2].validationLosses != plain.epochs[2].validationLosses)
        #expect(kept.losses == averaged.epochs[2].validationLosses)
        #expect(try run(averaging: 0.9, epochs: 3).1.heads == kept.heads)
    }

    @Test func `two threads learn what one learns`() throws {
        let problem = try ToyProblem(rowCount: 500)
        func run(_ threadCount: Int) throws -> TensorSet {
            var settings = Self.settings
            settings.epochCountMax = 2
            settings.threadCount = threadCount
            // Adam's first steps have the gradient's sign alone, so that a rounding error of a
            // gradient near zero would show; plain descent is continuous.
            settings.optimizer = OptimizerSettings(
                algorithm: .sgd(momentum: 0.5), learningRate: 0.05, weightDecay: 0.01,
                gradientNormMax: 0.5)
            let trainer = try problem.trainer(settings)
            _ = try trainer.run()
            return trainer.parameters
        }
        let one = try run(1)
        let two = try run(2)
        for (name, tensor) in one {
            let others = try #require(two[name]).elements(as: Float.self)
            for (a, b) in zip(tensor.elements(as: Float.self), others) {
                #expect(abs(a - b) < 1e-5, "\(name)")
            }
        }
    }

    @Test func `stops early and keeps the best epoch's parameters`() throws {
        let problem = try ToyProblem(rowCount: 500)
        var settings = Self.settings
        settings.patience = 2
        let measures: [Double] = [5, 4, 3, 3.5, 3]
        let calls = Counter()
        let trainer = try problem.trainer(
            settings, measure: .custom { _ in measures[calls.next()] })
        var third: TrainingHistory?
        let history = try trainer.run { progress in
            third = progress.history
            return .proceed
        }
        #expect(history.epochs.count == 5)
        #expect(history.bestEpoch == 3)
        #expect(history.stoppedEarly)
        #expect(history.epochs.compactMap(\.measure) == measures)
        #expect(third?.epochs.count == 4)

        settings.epochCountMax = 3
        settings.patience = nil
        let short = try problem.trainer(settings)
        let shortHistory = try short.run()
        #expect(!shortHistory.stoppedEarly)
        let restored = trainer.score(problem.split.validation)
        #expect(restored.losses == history.epochs[2].validationLosses)
        #expect(restored.losses != history.epochs[4].validationLosses)
    }

    @Test func `the last epoch counts where there are no validation rows`() throws {
        let problem = try ToyProblem(rowCount: 200)
        var settings = Self.settings
        settings.epochCountMax = 3
        let trainer = try problem.trainer(
            settings, split: RowSplit(training: problem.split.training, validation: []))
        let history = try trainer.run()
        #expect(history.bestEpoch == 3)
        #expect(history.epochs.allSatisfy { $0.measure == nil && $0.validationLosses.isEmpty })
    }

    @Test func `rows without a label and rows of weight zero teach nothing`() throws {
        var problem = try ToyProblem(rowCount: 400)
        var settings = Self.settings
        settings.epochCountMax = 1
        func run() throws -> [String: [UInt8]] {
            let trainer = try problem.trainer(settings, tasks: [problem.tasks[0]])
            _ = try trainer.run()
            return Self.bytes(trainer.parameters)
        }
        var weights = [Float](repeating: 1, count: 400)
        for row in stride(from: 0, to: 400, by: 3) { weights[row] = 0 }
        problem.tasks[0].rowWeights = weights
        let weighted = try run()
        problem.tasks[0].rowWeights = nil
        let full = try run()
        for row in stride(from: 0, to: 400, by: 3) { problem.tasks[0].labels[row] = .nan }
        let masked = try run()
        #expect(masked == weighted)
        #expect(masked != full)
    }

    @Test func `frozen parameters stay as they are`() throws {
        let problem = try ToyProblem(rowCount: 200)
        var settings = Self.settings
        settings.epochCountMax = 1
        settings.optimizer.weightDecay = 0.1
        let trainer = try Trainer(
            graph: problem.model.graph, parameters: problem.model.parameters,
            frozen: ["embedding/user/table"], dataset: problem.dataset, tasks: problem.tasks,
            split: problem.split, settings: settings)
        _ = try trainer.run()
        let before = Self.bytes(problem.model.parameters)
        let after = Self.bytes(trainer.parameters)
        #expect(after["embedding/user/table"] == before["embedding/user/table"])
        #expect(after["embedding/item/table"] != before["embedding/item/table"])
    }

    @Test func `reports progress and can be cancelled`() throws {
        let problem = try ToyProblem(rowCount: 200)
        let trainer = try problem.trainer(Self.settings)
        var reports: [TrainingProgress] = []
        let error = #expect(throws: TrainingError.self) {
            try trainer.run { progress in
                reports.append(progress)
                return progress.epoch == 2 ? .cancel : .proceed
            }
        }
        #expect(error?.code == .cancelled)
        #expect(reports.last?.epoch == 2)
        #expect(reports.first?.rowCount == 160)
        #expect(reports.allSatisfy { $0.rowsDone <= 160 && $0.rowsPerSecond > 0 })
    }

    @Test func `says when the loss leaves the numbers`() throws {
        let problem = try ToyProblem(rowCount: 200)
        var settings = Self.settings
        settings.optimizer = OptimizerSettings(algorithm: .sgd(momentum: 0), learningRate: 1e20)
        let trainer = try problem.trainer(settings)
        let error = #expect(throws: TrainingError.self) { try trainer.run() }
        #expect(error?.code == .diverged)
        #expect(error?.actual == 1)
    }

    @Test func `refuses a run without training rows`() throws {
        let problem = try ToyProblem(rowCount: 20)
        let error = #expect(throws: TrainingError.self) {
            try problem.trainer(Self.settings, split: RowSplit(training: [], validation: [1]))
        }
        #expect(error?.code == .noRows)
    }

    @Test func `refuses a task without a labelled training row and names it`() throws {
        var problem = try ToyProblem(rowCount: 20)
        for row in problem.split.training { problem.tasks[1].labels[Int(row)] = .nan }
        let error = #expect(throws: TrainingError.self) { try problem.trainer(Self.settings) }
        #expect(error?.code == .noLabel)
        #expect(error?.key == "amount")
    }

    @Test(arguments: [
        (0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, WorkerThreads.countMax + 1),
    ])
    func `refuses settings that make no run`(_ epochs: Int, _ batch: Int, _ threads: Int) throws {
        let problem = try ToyProblem(rowCount: 20)
        let settings = TrainerSettings(
            epochCountMax: epochs, batchRowCount: batch, threadCount: threads)
        let error = #expect(throws: TrainingError.self) { try problem.trainer(settings) }
        #expect(error?.code == .wrongValue)
        #expect(error?.actual == [epochs, batch, threads].first { $0 != 1 })
    }

    @Test(arguments: [1, 5])
    func `minibatches smaller than the threads still train`(_ batchRowCount: Int) throws {
        let problem = try ToyProblem(rowCount: 30)
        var settings = Self.settings
        settings.batchRowCount = batchRowCount
        settings.threadCount = 3
        settings.epochCountMax = 2
        let history = try problem.trainer(settings).run()
        #expect(history.epochs.count == 2)
        #expect(history.epochs.allSatisfy { $0.trainingLosses.allSatisfy { $0 > 0 } })
    }
}

/// Counts calls of a closure that one thread calls.
private final class Counter: @unchecked Sendable {
    private var count = 0

    func next() -> Int {
        defer { count += 1 }
        return count
    }
}
