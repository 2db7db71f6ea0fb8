import TandemEngine
import TandemFeatures
import TandemGraph
import TandemPackage
import TandemTraining

/// What a training run becomes: a package with a float and an int8 program, both measured.
struct PackagedTraining {
    /// What is published.
    let contents: PackageContents
    private let model: TrainedModel
    private let figures: [(executor: ExecutorName, figures: [TaskFigures])]

    /// Compiles the programs, measures them on the test rows, and records golden vectors.
    ///
    /// - Throws: `EngineError`, `TrainingError`.
    init(_ model: TrainedModel, _ examples: Examples) throws {
        self.model = model
        var trace = PassTrace()
        let float = try ProgramCompiler.float(
            WeightedGraph(model.graph, model.parameters)
        ) { trace.add($0, $1, $2) }
        let int8 = try ProgramCompiler.int8(float)
        let programs = [(ExecutorName.float, float), (.int8, int8)]
        let rows = model.split.test.isEmpty ? model.split.validation : model.split.test
        let dataset = try FeaturePreparation(examples, threadCount: Processors.count)
            .encode(model.spec.features, model.signature, model.graph).dataset
        let evaluator = Evaluator(model.spec, examples, tasks: model.signature.tasks)
        var figures: [(ExecutorName, [TaskFigures])] = []
        for (name, program) in programs {
            Terminal.progress("train: measuring \(name.rawValue) ...")
            let executor = try Executor(name, program)
            figures.append(
                (
                    name,
                    try evaluator.evaluate(dataset, rows: rows) {
                        try executor.scores($0, rowCount: $1)
                    }
                ))
        }
        Terminal.clearProgress()
        self.figures = figures
        contents = PackageContents(
            model: PackagedModel(
                name: model.spec.model.name, createdWith: "tandem \(ToolVersion.text)",
                signature: model.signature,
                programs: programs.map {
                    Program(
                        name: $0.programName, graph: $1.graph,
                        numericsVersion: ProgramCompiler.numericsVersion)
                },
                goldens: try GoldenRecorder.vectors(model.samples, programs),
                quality: Self.quality(figures, isTest: !model.split.test.isEmpty),
                provenance: Self.provenance(model) + trace.provenance),
            tensors: float.tensors.merging(int8.tensors) { first, _ in first })
    }

    private static func quality(
        _ figures: [(ExecutorName, [TaskFigures])], isTest: Bool
    ) -> [QualityFigure] {
        figures.flatMap { name, tasks in
            tasks.flatMap { task in
                Figure.allCases.compactMap { figure in
                    task.values[figure].map {
                        QualityFigure(
                            program: name.programName, task: task.task, metric: figure.rawValue,
                            value: $0, rowCount: task.rowCount,
                            split: isTest ? "test" : "validation")
                    }
                }
            }
        }
    }

    private static func provenance(_ model: TrainedModel) -> [ProvenanceEntry] {
        [
            ProvenanceEntry("trainer", "tandem \(ToolVersion.text)"),
            ProvenanceEntry("seed", "\(model.spec.training.seed)"),
            ProvenanceEntry(PackageExamples.splitSeedKey, "\(model.spec.split.seed)"),
            ProvenanceEntry("threads", "\(model.threadCount)"),
            ProvenanceEntry("training_rows", "\(model.split.training.count)"),
            ProvenanceEntry("validation_rows", "\(model.split.validation.count)"),
            ProvenanceEntry("test_rows", "\(model.split.test.count)"),
            ProvenanceEntry("epochs", "\(model.history.epochs.count)"),
            ProvenanceEntry(PackageExamples.specificationKey, model.spec.text),
        ]
    }
}

extension PackagedTraining {
    private var table: FiguresTable { FiguresTable(sideBySide: figures) }

    /// The summary for people: epochs, figures, where it went.
    func text(path: String?) -> String {
        let history = model.history
        let best = history.bestEpoch.map { ", best after \($0)" } ?? ""
        let seconds = history.epochs.reduce(0.0) { $0 + $1.trainingSeconds }
        var lines = [
            "trained \(history.epochs.count) epoch(s)\(best), "
                + "\(Readable.grouped(model.split.training.count)) rows each, in "
                + "\(Readable.fixed(seconds, 1)) s on \(model.threadCount) thread(s)",
            "figures on \(model.split.test.isEmpty ? "validation" : "test") rows:", "",
        ]
        lines.append(table.text)
        lines.append(path.map { "published \($0)" } ?? "nothing was written; --out publishes it")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The same for programs.
    func json(path: String?) -> JSONText {
        .object([
            ("package", path.map(JSONText.string) ?? .null),
            ("epochs", .integer(model.history.epochs.count)),
            ("best_epoch", model.history.bestEpoch.map(JSONText.integer) ?? .null),
            ("training_rows", .integer(model.split.training.count)),
            ("threads", .integer(model.threadCount)), ("figures", .raw(table.json)),
        ])
    }
}
