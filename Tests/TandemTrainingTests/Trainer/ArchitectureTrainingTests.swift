import TandemFeatures
import TandemGraph
import TandemTraining
import Testing

/// `[model]` and `pooling` in every form, trained from a table whose rule needs the list.
@Suite struct ArchitectureTrainingTests {
    private static func spec(
        model: String = "architecture = \"shared-bottom\"\nbottom_layers = [16]", tower: Int? = nil,
        pooling: String = "", entireSpace: Bool = false
    ) -> String {
        """
        [model]
        name = "street"
        \(model)
        tower_layers = \(tower.map { [$0] } ?? [])
        [[feature]]
        column = "item"
        kind = "categorical"
        embedding_dim = 8
        min_count = 1
        [[feature]]
        column = "history"
        kind = "list"
        side = "context"
        max_length = 4
        embedding_dim = 8
        min_count = 1
        \(pooling)
        [[task]]
        name = "click"
        kind = "binary"
        label = "click"
        [[task]]
        name = "buy"
        kind = "binary"
        label = "buy"
        given = "click"
        \(entireSpace ? "entire_space = true" : "")
        [training]
        epochs = 30
        patience = 10
        batch_size = 32
        learning_rate = 0.01
        gradient_norm_max = 5
        threads = 2
        """
    }

    /// Clicked is what is of the kind of the first thing seen; bought of that, what is even.
    private static func text(_ rowCount: Int = 1200) -> String {
        var random = RandomSource(seed: 3)
        var text = "item,history,click,buy\n"
        for _ in 0..<rowCount {
            let item = random.next() % 6
            let history = (0..<1 + random.next() % 4).map { _ in random.next() % 6 }
            let clicked = item % 3 == (history.first ?? 0) % 3
            let bought = clicked && item % 2 == 0
            text += "i\(item),\(history.map { "i\($0)" }.joined(separator: "|"))"
            text += ",\(clicked ? 1 : 0),\(bought ? 1 : 0)\n"
        }
        return text
    }

    private static func train(_ spec: String) throws -> TrainedModel {
        let spec = try TrainingSpec(spec)
        let file = try TemporaryFile(text())
        let examples = try Examples.read(spec, paths: [file.path])
        return try TrainingRun(spec, examples).run()
    }

    @Test(
        arguments: [
            "architecture = \"ple\"\nlevels = 2\nexpert_layers = [16]",
            "architecture = \"aitm\"\ntask_layers = [16]",
            "architecture = \"cross-stitch\"\ntask_layers = [16]",
            "architecture = \"dcn\"\ncrosses = 2\ndeep_layers = [16]",
            "architecture = \"dcn\"\ncrosses = 1\ndeep_layers = [16]\narrangement = \"stacked\"",
            "architecture = \"esmm\"",
        ])
    func `every trunk learns with a list read in order`(model: String) throws {
        let trained = try Self.train(
            Self.spec(
                model: model, tower: model.contains("esmm") ? 32 : nil,
                pooling: "pooling = \"gru\""))
        #expect(trained.figures[0].values[.auc] ?? 0 > 0.9, "\(trained.figures)")
        #expect(trained.figures[1].values[.auc] ?? 0 > 0.9)
        try trained.signature.validate(against: trained.graph)
        try trained.graph.check(trained.parameters)
    }

    @Test(
        arguments: [
            ("lstm", "units = 12", 0.9), ("gru", "", 0.9),
            ("transformer", "heads = 2\nblocks = 1", 0.85),
            ("transformer", "heads = 1\nblocks = 1\nanswer = \"class\"", 0.85),
            ("target-attention", "target = \"item\"", 0.7),
            ("target-attention", "target = \"item\"\nnormalized = true", 0.6), ("sum", "", 0.6),
        ])
    func `every reading of a list learns`(pooling: String, keys: String, area: Double) throws {
        let spec = Self.spec(pooling: "pooling = \"\(pooling)\"\n\(keys)")
        let trained = try Self.train(spec)
        #expect(trained.figures[0].values[.auc] ?? 0 > area, "\(trained.figures)")
        try trained.signature.validate(against: trained.graph)
    }

    @Test func `a task over all rows answers the probability given the other`() throws {
        let trained = try Self.train(Self.spec(pooling: "pooling = \"gru\"", entireSpace: true))
        // Only losses read the joint logits; they are not served.
        #expect(trained.graph.value(named: "task/buy/joint") == nil)
        #expect(trained.graph.outputs.map { trained.graph[$0].name } == ["click", "buy"])
        #expect(trained.figures[1].rowCount < trained.figures[0].rowCount)
        #expect(trained.figures[1].values[.auc] ?? 0 > 0.9)
        #expect(trained.signature.tasks[1].given == "click")
    }
}
