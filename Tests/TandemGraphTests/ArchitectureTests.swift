import TandemGraph
import TandemTestSupport
import Testing

@Suite struct ArchitectureTests {
    @Test(arguments: SampleArchitectures.names)
    func `is built with probabilities for outputs, and reads back from its text`(
        name: String
    ) throws {
        let model = try SampleArchitectures.model(name)
        let graph = model.graph
        #expect(graph.outputs.map { graph[$0].name } == ["click", "buy", "class"])
        #expect(try Graph(text: graph.text).text == graph.text)
        let inputs = SampleModels.inputs(for: graph, rowCount: 7, seed: 2)
        let outputs = try ReferenceExecutor(graph, model.parameters).run(inputs, rowCount: 7)
        for task in ["click", "buy"] {
            #expect(outputs[task]?.floats.allSatisfy { $0 > 0 && $0 < 1 } == true)
        }
        #expect(abs((outputs["class"]?.floats.prefix(3).reduce(0, +) ?? 0) - 1) < 1e-6)
    }

    @Test(arguments: SampleArchitectures.names)
    func `computes the same in its plain form`(name: String) throws {
        let model = try SampleArchitectures.model(name)
        let whole = WeightedGraph(model.graph, model.parameters)
        let plain = try Canonicalization.applied(to: whole)
        #expect(try Canonicalization.applied(to: plain).graph == plain.graph)
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 5, seed: 4)
        let before = try ReferenceExecutor(whole.graph, whole.tensors).run(inputs, rowCount: 5)
        let after = try ReferenceExecutor(plain.graph, plain.tensors).run(inputs, rowCount: 5)
        for (task, tensor) in before {
            for (a, b) in zip(tensor.floats, after[task]?.floats ?? []) {
                #expect(abs(a - b) <= 1e-6, "\(task)")
            }
        }
    }

    @Test(arguments: ["sum", "din", "din-normalized", "lstm", "gru", "encoder", "encoder-class"])
    func `nothing behind a list's length counts`(name: String) throws {
        let model = try SampleArchitectures.model(name)
        let executor = try ReferenceExecutor(model.graph, model.parameters)
        for length in 0...5 {
            var inputs = SampleModels.inputs(for: model.graph, rowCount: 3, seed: 6)
            inputs["history.length"] = ReferenceTensor(
                rowCount: 1, shape: [], .int32([Int32(length)]))
            func answer(_ padding: Int32) throws -> [Float] {
                let ids = (0..<5).map { $0 < length ? Int32($0 + 2) : padding }
                inputs["history"] = ReferenceTensor(rowCount: 1, shape: [5], .int32(ids))
                return try executor.run(inputs, rowCount: 3)["click"]?.floats ?? []
            }
            let answers = try answer(0)
            #expect(answers.allSatisfy { $0.isFinite } && answers.count == 3)
            #expect(try answer(7) == answers, "a list of \(length)")
        }
    }

    @Test func `a list that attends to a candidate is the candidates'`() throws {
        let model = try SampleArchitectures.model("din")
        let graph = model.graph
        let pooled = try #require(graph.value(named: "embedding/history"))
        #expect(graph[pooled].type.rows == .candidate)
        let rows = try #require(graph.value(named: "embedding/history/rows"))
        #expect(graph[rows].type.rows == .context)
    }

    @Test func `the experts and gates of a second level read what the paper says`() throws {
        let model = try SampleArchitectures.model("ple")
        func reads(_ name: String) -> String? {
            let graph = model.graph
            let node = graph.nodes.first { graph[$0.output].name == name }
            return node.map { graph[$0.inputs[0]].name }
        }
        #expect(reads("task/click/level0/gate") == "trunk/input")
        #expect(reads("trunk/level0/gate") == "trunk/input")
        #expect(reads("task/click/level1/gate") == "task/click/level0/mixture")
        #expect(reads("task/click/level1/expert0/layer0") == "task/click/level0/mixture")
        #expect(reads("trunk/level1/expert0/layer0") == "trunk/level0/mixture")
        #expect(reads("task/click/tower0") == "task/click/level1/mixture")
        #expect(model.graph.value(named: "trunk/level1/gate") == nil)
        func mixed(_ name: String) -> [String] {
            let graph = model.graph
            let node = graph.nodes.first { graph[$0.output].name == name }
            return node.map { $0.inputs.dropFirst().map { graph[$0].name } } ?? []
        }
        #expect(
            mixed("task/buy/level0/mixture") == [
                "task/buy/level0/expert0/layer1/relu", "trunk/level0/expert0/layer1/relu",
                "trunk/level0/expert1/layer1/relu",
            ])
        #expect(mixed("trunk/level0/mixture").count == 5)
    }

    @Test func `the loss of a conversion reads the logits of the click and its own`() throws {
        let model = try SampleArchitectures.model("ple")
        let joint = try #require(model.heads["buy"])
        let node = try #require(model.graph.nodes.first { $0.output == joint })
        #expect(
            node.inputs.map { model.graph[$0].name } == ["task/click/head", "task/buy/head"])
        #expect(model.graph[joint].type.shape == [2])
    }

    @Test func `the two-task model over an LSTM of 128 units has the sizes it says`() throws {
        let words = EmbeddedFeature(
            input: "words", side: .candidate, idCount: 1000, dimension: 128, listLengthMax: 32,
            reading: .recurrent(.lstm, width: 128))
        let model = try ModelBuilder.build(
            name: "classic",
            inputs: ModelInputs(
                contextDenseWidth: 0, candidateDenseWidth: 0, embeddings: [words]),
            architecture: ModelArchitecture(
                trunk: .sharedBottom(layers: []), towerLayers: [],
                heads: [
                    TaskHead("intent", .binary), TaskHead("topic", .multiclass(classCount: 5)),
                ]), seed: 1)
        let graph = model.graph
        #expect(graph.inputs.map { graph[$0].name } == ["words", "words.length"])
        #expect(graph.outputs.map { graph[$0].type.shape } == [[1], [5]])
        let weights = 4 * 128 * (128 + 128)
        #expect(graph.work.perCandidate == 32 * weights + 128 * 6)
        let count = model.parameters.values.reduce(0) { $0 + $1.elementCount }
        #expect(count == 1000 * 128 + weights + 2 * 4 * 128 + 128 * 6 + 6)
    }

    @Test func `refuses a product with what is no binary task`() {
        let error = #expect(throws: GraphError.self) {
            try ModelBuilder.build(
                name: "m", inputs: SampleModels.inputs,
                architecture: ModelArchitecture(
                    trunk: .sharedBottom(layers: []), towerLayers: [],
                    heads: [
                        TaskHead("class", .multiclass(classCount: 3)),
                        TaskHead("buy", .binary, conditions: ["class"]),
                    ]), seed: 1)
        }
        #expect(error?.subject == "buy")
    }

    @Test func `refuses a target that is a list or has another width`() {
        for target in ["other", "tags", "item_id"] {
            var inputs = SampleModels.inputs
            inputs.embeddings[1].reading = .targetAttention(
                TargetAttention(target: target, layers: []))
            let error = #expect(throws: GraphError.self) {
                try ModelBuilder.build(
                    name: "m", inputs: inputs,
                    architecture: ModelArchitecture(
                        trunk: .sharedBottom(layers: []), towerLayers: [],
                        heads: [TaskHead("a", .binary)]), seed: 1)
            }
            #expect(error?.subject == "history")
            #expect(error?.message.contains(target) == true)
        }
    }

    @Test(arguments: 0..<4) func `refuses a trunk without parts`(form: Int) {
        let trunks: [ModelArchitecture.Trunk] = [
            .mixtureOfExperts(expertCount: 0, expertLayers: [3]),
            .progressiveExtraction(
                ProgressiveExtraction(
                    levelCount: 0, sharedExpertCount: 1, taskExpertCount: 1, expertLayers: [3])),
            .progressiveExtraction(
                ProgressiveExtraction(
                    levelCount: 1, sharedExpertCount: 1, taskExpertCount: 1, expertLayers: [])),
            .crossNetwork(CrossNetwork(crossCount: 0, deepLayers: [], arrangement: .stacked)),
        ]
        let error = #expect(throws: GraphError.self) {
            try ModelBuilder.build(
                name: "m", inputs: SampleModels.inputs,
                architecture: ModelArchitecture(
                    trunk: trunks[form], towerLayers: [], heads: [TaskHead("a", .binary)]),
                seed: 1)
        }
        #expect(error?.code == .invalidAttribute)
    }
}
