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

    static let impossible: [(TensorType, GraphError.Code)] = [
        (TensorType(.float32, .candidate, sizes: [-1]), .wrongShape),
        (TensorType(.float32, .none, [2, .fixed(-3)]), .wrongShape),
        (TensorType(.float32, .context, sizes: [Int](repeating: 1, count: 9)), .wrongShape),
        (TensorType(.float32, .candidate, sizes: [1 << 40, 1 << 40]), .overflow),
    ]

    @Test(arguments: impossible.indices)
    func `refuses an input of an impossible shape, by name`(index: Int) throws {
        let (type, code) = Self.impossible[index]
        var builder = try GraphBuilder(name: "g")
        let error = #expect(throws: GraphError.self) { try builder.input("x", type) }
        #expect(error?.code == code)
        #expect(error?.subject == "x")
        guard let sizes = type.fixedSizes else { return }
        let parameter = #expect(throws: GraphError.self) {
            try builder.parameter("w", .float32, sizes)
        }
        #expect(parameter?.code == code)
    }

    @Test func `refuses a value that is not made, and a value twice as an answer`() throws {
        var builder = try GraphBuilder(name: "g")
        let x = try builder.input("x", TensorType(.float32, .candidate, sizes: [1]))
        let unmade = #expect(throws: GraphError.self) {
            try builder.node("y", .unary(.relu), [ValueID(7)])
        }
        #expect(unmade?.code == .unknownValue)
        #expect(unmade?.subject == "y")
        #expect(throws: GraphError.self) { try builder.output(ValueID(-1)) }
        try builder.output(x)
        let twice = #expect(throws: GraphError.self) { try builder.output(x) }
        #expect(twice?.code == .duplicateName)
        #expect(twice?.subject == "x")
    }

    @Test func `refuses a parameter on a row axis or of an open size`() throws {
        for type in [
            TensorType(.float32, .context, sizes: [1]), TensorType(.float32, .none, [.symbol("s")]),
        ] {
            let error = #expect(throws: GraphError.self) {
                try Graph(
                    name: "g", inputs: [], parameters: [Value(name: "w", type: type)], nodes: [],
                    outputs: [])
            }
            #expect(error?.code == .rowsMixed)
            #expect(error?.subject == "w")
        }
    }

    @Test func `refuses more values than a graph may have`() throws {
        let value = Value(name: "x", type: TensorType(.float32, .none, []))
        let error = #expect(throws: GraphError.self) {
            try Graph(
                name: "g",
                inputs: [Value](repeating: value, count: Graph.valueCountMax + 1),
                parameters: [], nodes: [], outputs: [])
        }
        #expect(error?.code == .overflow)
    }

    @Test func `refuses tensors that are missing or of another type, by name`() throws {
        var builder = try GraphBuilder(name: "g")
        _ = try builder.parameter("w", .float32, [2])
        let graph = builder.finished()
        let missing = #expect(throws: GraphError.self) { try graph.check([:]) }
        #expect(missing?.code == .missingTensor)
        for tensor in [Tensor(zeros: .float32, shape: [3]), Tensor(zeros: .int32, shape: [2])] {
            let error = #expect(throws: GraphError.self) { try graph.check(["w": tensor]) }
            #expect(error?.code == .wrongTensor)
            #expect(error?.subject == "w")
        }
        try graph.check(["w": Tensor(zeros: .float32, shape: [2])])
    }

    @Test func `names an output that nothing makes`() throws {
        let error = #expect(throws: GraphError.self) {
            try Graph(name: "g", inputs: [], parameters: [], nodes: [], outputs: ["gone"])
        }
        #expect(error?.code == .unknownValue)
        #expect(error?.subject == "gone")
    }

}
