import TandemFeatures
import TandemGraph
import TandemTraining
import Testing

@Suite struct FrozenEncoderTests {
    private static let spec = """
        [model]
        name = "desk"
        architecture = "shared-bottom"
        bottom_layers = []
        tower_layers = []
        [[feature]]
        column = "message"
        kind = "text"
        encoder = "words/1"
        [[feature]]
        column = "age"
        kind = "numeric"
        [[task]]
        name = "angry"
        label = "angry"
        kind = "binary"
        [training]
        epochs = 40
        learning_rate = 0.05
        threads = 2
        """

    /// Sums the rows of a table that a text's words are hashed to.
    private func encoder() throws -> FrozenEncoder {
        var builder = try GraphBuilder(name: "words")
        let ids = try builder.input("ids", TensorType(.int32, .candidate, sizes: [8]))
        let length = try builder.input("count", TensorType(.int32, .candidate, []))
        let table = try builder.parameter("table", .float32, [65, 6])
        try builder.output(
            try builder.node("vector", .embeddingPool(.sum), [ids, length, table]))
        var random = RandomSource(seed: 3)
        let weights = WeightedGraph(
            builder.finished(),
            [
                "table": Tensor(
                    .float32, shape: [65, 6], (0..<65 * 6).map { _ in random.uniform() - 0.5 })
            ])
        let signature = Signature(
            features: [
                Feature(
                    name: "text", side: .candidate, rawType: .text, listLengthMax: 8,
                    encoding: .hashedWords(HashEncoding(bucketCount: 64)),
                    slot: FeatureSlot(input: "ids", lengthInput: "count"))
            ], tasks: [Task("vector", .vector(width: 6))])
        return try FrozenEncoder(weights, signature, EncoderSpec(path: "words/1", output: nil)) {
            let reference = try ReferenceExecutor(weights.graph, weights.tensors)
            return { inputs, rowCount in
                let ids = inputs.inputs[0].base.assumingMemoryBound(to: Int32.self)
                let counts = inputs.inputs[1].base.assumingMemoryBound(to: Int32.self)
                let outputs = try reference.run(
                    [
                        "ids": ReferenceTensor(
                            rowCount: rowCount, shape: [8],
                            .int32((0..<rowCount * 8).map { ids[$0] })),
                        "count": ReferenceTensor(
                            rowCount: rowCount, shape: [],
                            .int32((0..<rowCount).map { counts[$0] })),
                    ], rowCount: rowCount)
                return outputs["vector"]?.floats ?? []
            }
        }
    }

    private func examples(_ spec: TrainingSpec) throws -> Examples {
        let messages = ["where is it", "this is a scandal", "thank you", "scandal again", ""]
        var text = "message,age,angry\n"
        for row in 0..<400 {
            let message = messages[row % 5]
            text += "\(message),\(row % 7),\(message.contains("scandal") ? 1 : 0)\n"
        }
        let file = try TemporaryFile(text)
        return try Examples.read(spec, paths: [file.path])
    }

    @Test func `heads learn over an encoder that joins the graph afterwards`() throws {
        let spec = try TrainingSpec(Self.spec)
        let examples = try examples(spec)
        let model = try TrainingRun(spec, examples, encoders: [0: try encoder()]).run()
        #expect(model.figures[0].values[.auc] == 1)
        #expect(
            model.graph.inputs.map { model.graph[$0].name } == [
                "encoder/message/ids", "encoder/message/count", "candidate.dense",
            ])
        try model.signature.validate(against: model.graph)
        let feature = model.signature.features[0]
        #expect(feature.name == "message" && feature.rawType == .text)
        #expect(feature.slot.input == "encoder/message/ids")
        #expect(feature.slot.lengthInput == "encoder/message/count")
        // Its six columns are gone, so the number behind them has moved to the front.
        #expect(model.signature.features[1].slot == FeatureSlot(input: "candidate.dense"))
    }

    @Test func `the joined graph answers as the trained one did`() throws {
        let spec = try TrainingSpec(Self.spec)
        let examples = try examples(spec)
        let model = try TrainingRun(spec, examples, encoders: [0: try encoder()]).run()
        let reference = try ReferenceExecutor(model.graph, model.parameters)
        let dataset = try FeaturePreparation(examples, threadCount: 1)
            .encode(spec.features, model.signature, model.graph).dataset
        let evaluator = Evaluator(spec, examples, tasks: model.signature.tasks)
        let figures = try evaluator.evaluate(dataset, rows: model.split.test) { inputs, count in
            let outputs = try reference.run(
                TrainingRunTests.tensors(model.graph, inputs, count), rowCount: count)
            return model.graph.outputs.map { outputs[model.graph[$0].name]?.floats ?? [] }
        }
        let loss = try #require(figures[0].values[.logLoss])
        let trained = try #require(model.figures[0].values[.logLoss])
        #expect(abs(loss - trained) < 1e-5)
    }

    @Test func `refuses a model that takes more than a text, and an output it lacks`() throws {
        let encoder = try encoder()
        func code(_ signature: Signature, output: String?) -> TrainingError.Code? {
            do throws(TrainingError) {
                _ = try FrozenEncoder(
                    encoder.model, signature, EncoderSpec(path: "words/1", output: output)
                ) { { _, _ in [] } }
                return nil
            } catch { return error.code }
        }
        #expect(code(encoder.signature, output: "vector") == nil)
        #expect(code(encoder.signature, output: "other") == .unknownName)
        var twice = encoder.signature
        twice.features.append(twice.features[0])
        #expect(code(twice, output: nil) == .unusableFeature)
        var number = encoder.signature
        number.features[0].rawType = .float32
        #expect(code(number, output: nil) == .unusableFeature)
        var two = encoder.signature
        two.tasks.append(Task("b", .binary))
        #expect(code(two, output: nil) == .unknownName)
    }

    @Test func `a failing encoder ends the run with its words`() throws {
        let spec = try TrainingSpec(Self.spec)
        let examples = try examples(spec)
        let good = try encoder()
        let bad = try FrozenEncoder(
            good.model, good.signature, EncoderSpec(path: "words/1", output: nil)
        ) { { _, _ in throw TrainingError(.cancelled, "the disk is on fire") } }
        let error = try #require(throws: TrainingError.self) {
            try TrainingRun(spec, examples, encoders: [0: bad]).run()
        }
        #expect(error.code == .unusableFeature && error.message.contains("on fire"))
    }
}
