import TandemFeatures
import TandemGraph
import TandemTraining
import Testing

@Suite struct EvaluatorTests {
    @Test func `hands rows out in blocks and measures the answers in order`() throws {
        let rowCount = Evaluator.blockRows + 10
        let spec = try TrainingSpec(
            """
            [model]
            name = "m"
            [[feature]]
            column = "x"
            kind = "numeric"
            transform = []
            [[task]]
            name = "t"
            kind = "regression"
            label = "y"
            sample_weight = "w"
            """)
        var text = "x,y,w\n"
        for row in 0..<rowCount { text += "\(row),\(row * 2),\(row == 0 ? 0 : 1)\n" }
        let file = try TemporaryFile(text)
        let examples = try Examples.read(spec, paths: [file.path])
        var builder = try GraphBuilder(name: "g")
        let x = try builder.input(
            ModelInputs.candidateDense, TensorType(.float32, .candidate, sizes: [1]))
        try builder.output(try builder.node("t", .affine(scale: 1, offset: 0), [x]))
        let signature = Signature(
            features: [
                Feature(
                    name: "x", side: .candidate, rawType: .float32,
                    encoding: .number(NumberEncoding(transforms: [])),
                    slot: FeatureSlot(input: ModelInputs.candidateDense))
            ], tasks: [Task("t", .regression)])
        let (dataset, _) = try FeaturePreparation(examples, threadCount: 1)
            .encode(spec.features, signature, builder.finished())
        let evaluator = Evaluator(spec, examples, tasks: signature.tasks)
        var blocks: [Int] = []
        let rows = (0..<Int32(rowCount)).reversed().map { $0 }
        let figures = evaluator.evaluate(dataset, rows: rows) { inputs, count in
            blocks.append(count)
            let base = inputs.inputs[0].base.assumingMemoryBound(to: Float.self)
            return [(0..<count).map { base[$0] * 2 + 3 }]
        }
        #expect(blocks == [Evaluator.blockRows, 10])
        #expect(figures[0].rowCount == rowCount - 1)
        #expect(figures[0].values[.rmse] == 3)
    }
}
