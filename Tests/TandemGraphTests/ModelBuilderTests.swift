import TandemGraph
import TandemTestSupport
import Testing

@Suite struct ModelBuilderTests {
    @Test func `the same seed gives the same bytes and another seed others`() throws {
        let first = try SampleModels.mixtureOfExperts(seed: 5)
        let again = try SampleModels.mixtureOfExperts(seed: 5)
        let other = try SampleModels.mixtureOfExperts(seed: 6)
        #expect(first.graph == again.graph)
        #expect(Set(first.parameters.keys) == Set(again.parameters.keys))
        for (name, tensor) in first.parameters {
            let twin = try #require(again.parameters[name])
            #expect(tensor.bytes.elementsEqual(twin.bytes))
        }
        let weight = "trunk/expert0/layer0/weight"
        let a = try #require(first.parameters[weight])
        let b = try #require(other.parameters[weight])
        #expect(!a.bytes.elementsEqual(b.bytes))
    }

    @Test func `each task has an output of its kind in the order of the heads`() throws {
        let model = try SampleModels.sharedBottom()
        #expect(
            model.graph.outputs.map { model.graph[$0].name } == [
                "click", "class", "dwell", "rating",
            ])
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 9, seed: 2)
        let outputs = try ReferenceExecutor(model.graph, model.parameters)
            .run(inputs, rowCount: 9)
        let click = try #require(outputs["click"])
        #expect(click.floats.allSatisfy { $0 > 0 && $0 < 1 })
        let classes = try #require(outputs["class"])
        #expect(classes.shape == [5])
        for row in 0..<9 {
            let sum = classes.floats[row * 5..<row * 5 + 5].reduce(0, +)
            #expect(abs(sum - 1) < 1e-6)
        }
    }

    @Test func `a regression answers in the label's raw unit`() throws {
        let model = try SampleModels.sharedBottom()
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 4, seed: 2)
        let values = try ReferenceExecutor(model.graph, model.parameters)
            .runAll(inputs, rowCount: 4)
        let rating = try #require(model.heads["rating"])
        let head = try #require(values[rating.index]).floats
        let output = try #require(values[model.graph.outputs[3].index]).floats
        for (z, y) in zip(head, output) { #expect(y == (3 as Float).addingProduct(z, 1.2)) }
    }

    @Test func `parameters are grouped by owner in their names`() throws {
        let model = try SampleModels.mixtureOfExperts()
        let owners = Set(model.parameters.keys.map { $0.prefix { $0 != "/" } })
        #expect(owners == ["trunk", "task", "embedding"])
    }

    @Test func `refuses a model without features`() {
        let error = #expect(throws: GraphError.self) {
            try ModelBuilder.build(
                name: "m",
                inputs: ModelInputs(contextDenseWidth: 0, candidateDenseWidth: 0, embeddings: []),
                architecture: ModelArchitecture(
                    trunk: .sharedBottom(layers: [4]), towerLayers: [],
                    heads: [TaskHead("a", .binary)]), seed: 0)
        }
        #expect(error?.message.contains("no features") == true)
    }

    @Test func `refuses a task named as a feature`() {
        let error = #expect(throws: GraphError.self) {
            try ModelBuilder.build(
                name: "m", inputs: SampleModels.inputs,
                architecture: ModelArchitecture(
                    trunk: .sharedBottom(layers: [4]), towerLayers: [],
                    heads: [TaskHead("item_id", .binary)]), seed: 0)
        }
        #expect(error?.code == .duplicateName)
        #expect(error?.subject == "item_id")
    }
}
