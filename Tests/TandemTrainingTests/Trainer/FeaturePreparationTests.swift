import TandemFeatures
import TandemGraph
import TandemTraining
import Testing

@Suite struct FeaturePreparationTests {
    @Test func `learns from training rows alone, the same on any number of threads`() throws {
        let problem = try ClinicProblem(rowCount: 300)
        let one = try FeaturePreparation(problem.examples, threadCount: 1)
            .learn(problem.spec.features)
        let three = try FeaturePreparation(problem.examples, threadCount: 3)
            .learn(problem.spec.features)
        #expect(one == three)
        let training = problem.examples.rows(.training).count
        #expect(one.map(\.statistics.rows) == [training, training, training, training])
        #expect(training < 300)
    }

    @Test func `learns and encodes in blocks what it would in one`() throws {
        // More rows than a block, and not a multiple of one.
        let rowCount = 1 << 14 + 37
        let spec = try TrainingSpec(
            """
            [model]
            name = "m"
            [[feature]]
            column = "x"
            kind = "categorical"
            min_count = 1
            [[task]]
            name = "t"
            kind = "binary"
            label = "y"
            [training]
            epochs = 1
            threads = 1
            """)
        var text = "x,y\n"
        for row in 0..<rowCount { text += "v\(row % 7),\(row % 2)\n" }
        let file = try TemporaryFile(text)
        let examples = try Examples.read(spec, paths: [file.path])
        let model = try TrainingRun(spec, examples).run()
        let (dataset, counts) = try FeaturePreparation(examples, threadCount: 1)
            .encode(spec.features, model.signature, model.graph)
        #expect(counts.map(\.rows) == [rowCount])
        #expect(counts.map(\.unknownValues) == [0])
        let ids = dataset.columns[0].storage.base.assumingMemoryBound(to: Int32.self)
        #expect((0..<7).allSatisfy { ids[$0] >= 2 })
        #expect((7..<rowCount).allSatisfy { ids[$0] == ids[$0 % 7] })
    }
}
