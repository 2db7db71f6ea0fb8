import TandemGraph
import Testing

@Suite struct GraphBuilderTests {
    @Test func `prints a graph that people can read`() throws {
        var builder = try GraphBuilder(name: "small")
        let x = try builder.input("x", TensorType(.float32, .candidate, sizes: [3]))
        let id = try builder.input("id", TensorType(.int32, .context, []))
        let table = try builder.parameter("table", .float32, [10, 2])
        let weight = try builder.parameter("weight", .float32, [4, 5])
        let row = try builder.node("row", .embedding, [id, table])
        let joined = try builder.node("joined", .concat(axis: 0), [row, x])
        let linear = try builder.node("hidden", .linear, [joined, weight])
        try builder.output(try builder.node("y", .unary(.sigmoid), [linear]))
        #expect(
            builder.finished().text == """
                graph small {
                  input x: f32 candidate [3]
                  input id: i32 context []
                  parameter table: f32 [10, 2]
                  parameter weight: f32 [4, 5]
                  row = embedding(id, table): f32 context [2]
                  joined = concat(row, x) {axis=0}: f32 candidate [5]
                  hidden = linear(joined, weight): f32 candidate [4]
                  y = sigmoid(hidden): f32 candidate [4]
                  output y
                }

                """)
        #expect(builder.finished().work.perRequest == 0)
        #expect(builder.finished().work.perCandidate == 20)
    }

    @Test(arguments: ["", "a b", "ä", "x\n", String(repeating: "n", count: 201)])
    func `refuses a name that is not plain`(name: String) throws {
        var builder = try GraphBuilder(name: "g")
        let error = #expect(throws: GraphError.self) {
            try builder.input(name, TensorType(.float32, .candidate, sizes: [1]))
        }
        #expect(error?.code == .invalidName)
    }

    @Test func `takes the longest name there may be`() throws {
        var builder = try GraphBuilder(name: "g")
        let name = String(repeating: "n", count: GraphName.byteCountMax)
        _ = try builder.input(name, TensorType(.float32, .candidate, sizes: [1]))
        #expect(builder.value(named: name) != nil)
    }

    @Test func `refuses two values of one name`() throws {
        var builder = try GraphBuilder(name: "g")
        _ = try builder.parameter("w", .float32, [1])
        let error = #expect(throws: GraphError.self) { try builder.parameter("w", .float32, [2]) }
        #expect(error?.code == .duplicateName)
        #expect(error?.subject == "w")
    }

    @Test func `rebuilds a graph from its stored parts`() throws {
        let model = try ModelBuilder.build(
            name: "m",
            inputs: ModelInputs(contextDenseWidth: 2, candidateDenseWidth: 3, embeddings: []),
            architecture: ModelArchitecture(
                trunk: .mixtureOfExperts(expertCount: 2, expertLayers: [4]), towerLayers: [],
                heads: [TaskHead("a", .binary)]), seed: 1)
        let graph = model.graph
        let nodes = try graph.nodes.map { node in
            let name = graph[node.output].name
            let operation = try Operation(
                name: node.operation.name, attributes: node.operation.attributes, node: name)
            return (operation: operation, inputs: node.inputs.map { graph[$0].name }, output: name)
        }
        let rebuilt = try Graph(
            name: graph.name, inputs: graph.inputs.map { graph[$0] },
            parameters: graph.parameters.map { graph[$0] }, nodes: nodes,
            outputs: graph.outputs.map { graph[$0].name })
        #expect(rebuilt.text == graph.text)
    }

    @Test func `names a node that reads what is made later`() throws {
        let error = #expect(throws: GraphError.self) {
            try Graph(
                name: "g",
                inputs: [Value(name: "x", type: TensorType(.float32, .candidate, sizes: [1]))],
                parameters: [],
                nodes: [(.unary(.relu), ["b"], "a"), (.unary(.relu), ["x"], "b")], outputs: ["a"])
        }
        #expect(error?.code == .notTopological)
        #expect(error?.subject == "a")
    }

    @Test func `names an output that nothing makes`() throws {
        let error = #expect(throws: GraphError.self) {
            try Graph(name: "g", inputs: [], parameters: [], nodes: [], outputs: ["gone"])
        }
        #expect(error?.code == .unknownValue)
        #expect(error?.subject == "gone")
    }

}
