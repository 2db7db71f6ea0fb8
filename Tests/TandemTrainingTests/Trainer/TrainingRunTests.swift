import TandemFeatures
import TandemGraph
import TandemTraining
import Testing

@Suite struct TrainingRunTests {
    @Test func `trains all kinds of tasks over all kinds of features`() throws {
        let problem = try ClinicProblem()
        let model = try TrainingRun(problem.spec, problem.examples).run()
        #expect(model.figures.map(\.task) == ["ill", "ward", "cost"])
        #expect(model.figures[0].values[.auc] ?? 0 > 0.95)
        #expect(model.figures[1].values[.accuracy] ?? 0 > 0.95)
        #expect(model.figures[2].values[.r2] ?? 0 > 0.9)
        #expect(model.figures[2].values[.r2Log1p] ?? 0 > 0.9)
        #expect(model.figures[0].rowCount == model.split.test.count)
        #expect(model.figures[2].rowCount < model.split.test.count)
        #expect(
            model.signature.tasks.map(\.kind) == [
                .binary, .multiclass(classCount: 3), .regression,
            ])
        #expect(model.signature.tasks[1].labels == ["eye", "heart", "skin"])
        #expect(model.signature.tasks[2].given == "ill")
        #expect(model.signature.features[0].isRequired)
        #expect(model.targets["cost"]?.usesLog1p == true)
        #expect(model.statistics[0].missingRows > 0)
        #expect(model.threadCount == 2)
        try model.signature.validate(against: model.graph)
        try model.graph.check(model.parameters)
    }

    @Test func `the figures are those of the graph's outputs in raw units`() throws {
        let problem = try ClinicProblem(rowCount: 600)
        let model = try TrainingRun(problem.spec, problem.examples).run()
        let preparation = FeaturePreparation(problem.examples, threadCount: 1)
        let (dataset, counts) = try preparation.encode(
            problem.spec.features, model.signature, model.graph)
        #expect(counts.map(\.rows) == [600, 600, 600, 600])
        let reference = try ReferenceExecutor(model.graph, model.parameters)
        let evaluator = Evaluator(
            problem.spec, problem.examples, tasks: model.signature.tasks)
        let figures = try evaluator.evaluate(dataset, rows: model.split.test) { inputs, count in
            let outputs = try reference.run(
                Self.tensors(model.graph, inputs, count), rowCount: count)
            return model.graph.outputs.map { outputs[model.graph[$0].name]?.floats ?? [] }
        }
        for (measured, expected) in zip(figures, model.figures) {
            #expect(measured.rowCount == expected.rowCount)
            #expect(
                measured.values.keys.sorted { $0.rawValue < $1.rawValue }
                    == expected.values.keys.sorted { $0.rawValue < $1.rawValue })
            for (figure, value) in measured.values {
                let other = try #require(expected.values[figure])
                #expect(abs(value - other) <= 1e-4 * max(1, abs(other)), "\(figure)")
            }
        }
    }

    static func tensors(
        _ graph: Graph, _ inputs: EncodedInputs, _ rowCount: Int
    ) -> [String: ReferenceTensor] {
        var tensors: [String: ReferenceTensor] = [:]
        for (id, input) in zip(graph.inputs, inputs.inputs) {
            let type = graph[id].type
            let count = rowCount * (type.rowElementCount ?? 0)
            let elements: ReferenceTensor.Elements =
                type.dtype == .int32
                ? .int32(
                    (0..<count).map { input.base.assumingMemoryBound(to: Int32.self)[$0] })
                : .float32(
                    (0..<count).map { input.base.assumingMemoryBound(to: Float.self)[$0] })
            tensors[graph[id].name] = ReferenceTensor(
                rowCount: rowCount, shape: type.fixedSizes ?? [], elements)
        }
        return tensors
    }

    @Test func `the same spec, rows and threads give the same bytes`() throws {
        let problem = try ClinicProblem(rowCount: 400)
        func run() throws -> [String: [UInt8]] {
            let model = try TrainingRun(problem.spec, problem.examples).run()
            return model.parameters.mapValues { Array($0.bytes) }
        }
        let first = try run()
        #expect(try run() == first)
        let other = ClinicProblem.spec.replacing("threads = 2", with: "threads = 2\nseed = 5")
        let reseeded = try ClinicProblem(rowCount: 400, spec: other)
        let model = try TrainingRun(reseeded.spec, reseeded.examples).run()
        #expect(model.parameters.mapValues { Array($0.bytes) } != first)
    }

    @Test func `stops by the area under the curve when told to`() throws {
        let spec = ClinicProblem.spec + "monitor = \"auc\"\n"
        let problem = try ClinicProblem(rowCount: 600, spec: spec)
        let model = try TrainingRun(problem.spec, problem.examples).run()
        let measures = model.history.epochs.compactMap(\.measure)
        #expect(measures.count == model.history.epochs.count)
        #expect(measures.allSatisfy { $0 < 0 && $0 >= -1 })
        let best = try #require(model.history.bestEpoch)
        #expect(measures[best - 1] == measures.min())
    }

    @Test func `measures validation rows where there are no test rows`() throws {
        let spec = ClinicProblem.spec + "[split]\ntest_permille = 0\n"
        let problem = try ClinicProblem(rowCount: 300, spec: spec)
        let model = try TrainingRun(problem.spec, problem.examples).run()
        #expect(model.split.test.isEmpty)
        #expect(model.figures[0].rowCount == model.split.validation.count)
        #expect(model.figures[0].rowCount > 0)
    }

    @Test func `takes samples as requests: one context, some candidates`() throws {
        let problem = try ClinicProblem(rowCount: 300)
        let model = try TrainingRun(problem.spec, problem.examples).run()
        #expect(model.samples.map(\.candidateRowCount) == [1, 5, 16])
        let sample = model.samples[1]
        #expect(sample.inputs.map(\.name) == model.graph.inputs.map { model.graph[$0].name })
        for (input, id) in zip(sample.inputs, model.graph.inputs) {
            let type = model.graph[id].type
            let rows = type.rows == .candidate ? 5 : 1
            #expect(input.bytes.count == rows * (type.rowElementCount ?? 0) * 4)
            #expect(input.rowShape == type.fixedSizes)
        }
    }

    @Test func `names the feature of which nothing can be learnt, with its line`() throws {
        let spec = ClinicProblem.spec.replacing("column = \"age\"", with: "column = \"blank\"")
        let parsed = try TrainingSpec(spec)
        let file = try TemporaryFile(
            "blank,city,signs,note,ill,ward,cost\n"
                + String(repeating: ",Ulm,rash,seen,1,eye,3\n,Bonn,none,seen,0,skin,4\n", count: 9))
        let examples = try Examples.read(parsed, paths: [file.path])
        let error = #expect(throws: TrainingError.self) {
            try TrainingRun(parsed, examples).run()
        }
        #expect(error?.code == .unusableFeature)
        #expect(error?.text == "blank")
        #expect(error?.line == 7)
    }
}
