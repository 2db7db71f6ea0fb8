import TandemWire
import Testing

@testable import TandemServer

@Suite struct QualityGateTests {
    private func metadata(
        _ metric: String, _ value: Double, task: String = "click", executor: String = "int8",
        split: String = "test"
    ) -> ModelMetadata {
        var figure = QualityFigure()
        (figure.metric, figure.value) = (metric, value)
        (figure.executor, figure.split) = (executor, split)
        var entry = TaskMetadata()
        entry.name = task
        entry.quality = [figure]
        var metadata = ModelMetadata()
        metadata.executor = executor
        metadata.tasks = [entry]
        return metadata
    }

    private let gate = QualityGate(dropMax: 0.01)

    @Test(arguments: [
        ("auc", 0.80, 0.79, true), ("auc", 0.80, 0.795, false), ("auc", 0.80, 0.9, false),
        ("log_loss", 0.50, 0.51, true), ("log_loss", 0.50, 0.504, false),
        ("log_loss", 0.50, 0.1, false), ("r2", -0.50, -0.51, true), ("r2", -0.50, -0.504, false),
        ("calibration", 1.0, 9.0, false),
    ])
    func `knows what is worse`(metric: String, before: Double, after: Double, isKeptOut: Bool) {
        let problem = gate.problem(metadata(metric, after), besides: metadata(metric, before))
        #expect((problem != nil) == isKeptOut)
    }

    @Test func `compares only figures of the same task and split, of the programs that run`() {
        let good = metadata("auc", 0.8)
        #expect(gate.problem(metadata("auc", 0.1, task: "buy"), besides: good) == nil)
        #expect(gate.problem(metadata("auc", 0.1, split: "train"), besides: good) == nil)
        var other = metadata("auc", 0.1, executor: "float")
        #expect(gate.problem(other, besides: good) != nil, "each version by the program it runs")
        other.executor = "int8"
        #expect(gate.problem(other, besides: good) == nil, "the figure is of a program that rests")
    }

    @Test func `leaves the better version serving, and the worse one can be loaded by number`()
        throws
    {
        let running = try RunningRegistry(gate: gate)
        running.source.rate(1, 0.8)
        running.source.rate(2, 0.7)
        running.source.publish(1)
        _ = running.rescan()
        running.source.publish(2)
        _ = running.rescan()
        let states = running.registry.index()
        #expect(states.map(\.state) == [.ready, .failed])
        #expect(states[1].reason.contains("auc of task 'click' is 0.7, version 1 has 0.8"))
        #expect(try running.load(2).get().state == .ready)
        #expect(running.registry.index()[1].isCurrent)
    }

    @Test func `at the start keeps out what it kept out before`() throws {
        let running = try RunningRegistry(gate: gate)
        for (version, auc): (UInt64, Double) in [(1, 0.6), (2, 0.8), (3, 0.7), (4, 0.75)] {
            running.source.rate(version, auc)
            running.source.publish(version)
        }
        _ = running.rescan()
        let states = running.registry.index()
        #expect(states.map(\.state) == [.unavailable, .ready, .failed, .failed])
        #expect(states[3].reason.contains("auc of task 'click' is 0.75, version 2 has 0.8"))
    }

    @Test func `at the start takes what a label names`() throws {
        let running = try RunningRegistry(policy: .listed, gate: gate)
        for (version, auc): (UInt64, Double) in [(1, 0.8), (2, 0.7)] {
            running.source.rate(version, auc)
            running.source.publish(version)
        }
        running.source.label(["stable": 2])
        _ = running.rescan()
        #expect(running.registry.index().map(\.state) == [.unavailable, .ready])
    }
}
