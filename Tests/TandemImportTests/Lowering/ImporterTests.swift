import TandemGraph
import TandemImport
import Testing

@Suite struct ImporterTests {
    typealias Node = ONNXForge.Node
    typealias Weight = ONNXForge.Weight
    typealias Declaration = ONNXForge.Declaration

    static func graph(
        _ nodes: [Node], weights: [Weight] = [], inputs: [Declaration],
        outputs: [String] = ["y"], opset: Int64 = 17, sizes: [String: Int] = [:]
    ) throws(ImportError) -> Graph {
        var forge = ONNXForge(
            body: ONNXForge.Body(
                nodes: nodes, weights: weights, inputs: inputs,
                outputs: outputs.map { Declaration($0, nil) }))
        forge.opsets[0].version = opset
        return try Importer.importModel(try forge.load(), options: ImportOptions(sizes: sizes))
            .graph
    }

    static func type(of name: String, in graph: Graph) -> String {
        graph.value(named: name).map { graph[$0].type.description } ?? "nothing"
    }

    @Test func `lowers nodes to operations, with the model's names and sizes`() throws {
        let model = try Importer.importModel(try ONNXForge.linear.load())
        let graph = model.graph
        #expect(graph.inputs.map { graph[$0].name } == ["x"])
        #expect(graph.outputs.map { graph[$0].name } == ["y"])
        #expect(Self.type(of: "x", in: graph) == "f32 [batch, 2]")
        #expect(Self.type(of: "y", in: graph) == "f32 [batch, 3]")
        #expect(graph.nodes.map(\.operation) == [.matmul, .binary(.add)])
        #expect(Set(model.tensors.keys) == ["W", "b"])
    }

    @Test func `folds the arithmetic on shapes, so that the batch stays free`() throws {
        let graph = try Self.graph(
            [
                Node("Shape", ["x"], ["s"]),
                Node("Gather", ["s", "zero"], ["n"]),
                Node("Unsqueeze", ["n", "axes"], ["n1"]),
                Node("Mul", ["n1", "two"], ["twice"]),
                Node("Concat", ["twice", "minus"], ["shape"], [.int("axis", 0)]),
                Node("Reshape", ["x", "shape"], ["y"]),
            ],
            weights: [
                .integers("zero", [], [0]), .integers("axes", [1], [0]), .integers("two", [1], [2]),
                .integers("minus", [1], [-1]),
            ],
            inputs: [Declaration("x", ["batch", "8"])])
        #expect(graph.nodes.map(\.operation) == [.reshape([Dimension(text: "2*batch") ?? 0, 4])])
        #expect(graph.parameters.isEmpty)
    }

    @Test func `enters sizes into the graph where they are numbers of the result`() throws {
        let graph = try Self.graph(
            [
                Node("Shape", ["x"], ["s"]), Node("Cast", ["s"], ["f"], [.int("to", 1)]),
                Node("Sqrt", ["f"], ["y"]),
            ], inputs: [Declaration("x", ["batch", "8"])])
        #expect(graph.nodes.map(\.operation).contains(.size(.symbol("batch"))))
        #expect(Self.type(of: "y", in: graph) == "f32 [2]")
    }

    @Test func `binds named dimensions to sizes`() throws {
        let graph = try Self.graph(
            [Node("Relu", ["x"], ["y"])], inputs: [Declaration("x", ["batch", "sequence"])],
            sizes: ["sequence": 12])
        #expect(Self.type(of: "y", in: graph) == "f32 [batch, 12]")
        let error = #expect(throws: ImportError.self) {
            try Self.graph(
                [Node("Relu", ["x"], ["y"])], inputs: [Declaration("x", ["batch"])],
                sizes: ["bach": 12])
        }
        #expect(error?.code == .unknownInput)
        #expect(error?.problems[0].remedy.contains("'batch'") == true)
    }

    @Test func `takes inputs that are given now for constants`() throws {
        func model(_ constants: TensorSet) throws(ImportError) -> Graph {
            let forge = ONNXForge(
                body: ONNXForge.Body(
                    nodes: [Node("Reshape", ["x", "s"], ["y"])],
                    inputs: [Declaration("x", ["6"]), Declaration("s", ["2"], type: 7)],
                    outputs: [Declaration("y", nil)]))
            return try Importer.importModel(
                try forge.load(), options: ImportOptions(constants: constants)
            ).graph
        }
        let graph = try model(["s": Tensor(.int64, shape: [2], [3, -1] as [Int64])])
        #expect(Self.type(of: "y", in: graph) == "f32 [3, 2]")
        #expect(graph.inputs.count == 1)
        let unknown = #expect(throws: ImportError.self) {
            try model(["t": Tensor(.int64, shape: [1], [1] as [Int64])])
        }
        #expect(unknown?.code == .unknownInput)
        let wrong = #expect(throws: ImportError.self) {
            try model(["s": Tensor(.int64, shape: [3], [1, 1, 6] as [Int64])])
        }
        #expect(wrong?.code == .wrongShape)
        #expect(wrong?.problems[0].tensor == "s")
    }

    @Test func `takes nameless first dimensions for one batch`() throws {
        let model = try Importer.importModel(
            try ONNXForge(
                body: ONNXForge.Body(
                    nodes: [Node("Add", ["a", "b"], ["y"])],
                    inputs: [Declaration("a", ["", "3"]), Declaration("b", ["", "3"])],
                    outputs: [Declaration("y", nil)])
            ).load())
        #expect(Self.type(of: "y", in: model.graph) == "f32 [batch, 3]")
        #expect(model.notes.count == 1)
    }

    @Test func `takes first dimensions that an exporter counted for one batch`() throws {
        let model = try Importer.importModel(
            try ONNXForge(
                body: ONNXForge.Body(
                    nodes: [Node("Add", ["a", "b"], ["y"])],
                    inputs: [
                        Declaration("a", ["unk__98", "3"]), Declaration("b", ["unk__99", "3"]),
                    ],
                    outputs: [Declaration("y", nil)])
            ).load())
        #expect(Self.type(of: "y", in: model.graph) == "f32 [batch, 3]")
        #expect(model.notes == ["first dimensions 'unk__98', 'unk__99' are taken for one, 'batch'"])
    }

    @Test func `makes sizes' names of any text`() throws {
        let graph = try Self.graph(
            [Node("Concat", ["a", "b"], ["y"], [.int("axis", 0)])],
            inputs: [Declaration("a", ["länge 1"]), Declaration("b", ["l__nge 1"])])
        #expect(Self.type(of: "y", in: graph) == "f32 [l__nge_1_2+l__nge_1]")
    }

    @Test func `lowers a layer with its weight as it lies in the file`() throws {
        let model = try Importer.importModel(
            try ONNXForge(
                body: ONNXForge.Body(
                    nodes: [Node("Gemm", ["x", "W", "b"], ["y"], [.int("transB", 1)])],
                    weights: [
                        .floats("W", [3, 2], [1, 2, 3, 4, 5, 6]), .floats("b", [3], [1, 2, 3]),
                    ],
                    inputs: [Declaration("x", ["n", "2"])], outputs: [Declaration("y", nil)])
            ).load())
        #expect(model.graph.nodes.map(\.operation) == [.linear])
        let weight = try #require(model.tensors["W"])
        #expect(elements(weight, Float.self) == [1, 2, 3, 4, 5, 6])
    }

    @Test func `inlines the branch that a constant condition takes`() throws {
        func model(_ condition: Int64) throws(ImportError) -> Graph {
            func branch(_ operation: String) -> ONNXForge.Body {
                ONNXForge.Body(
                    nodes: [Node(operation, ["x"], ["inner"])],
                    outputs: [Declaration("inner", nil)])
            }
            return try Self.graph(
                [
                    Node("Cast", ["c"], ["cb"], [.int("to", 9)]),
                    Node(
                        "If", ["cb"], ["y"],
                        [
                            .graph("then_branch", branch("Relu")),
                            .graph("else_branch", branch("Tanh")),
                        ]),
                ],
                weights: [.integers("c", [], [condition])],
                inputs: [Declaration("x", ["n"])])
        }
        #expect(try model(1).nodes.map(\.operation) == [.unary(.relu)])
        #expect(try model(0).nodes.map(\.operation) == [.unary(.tanh)])
    }

    @Test func `refuses a condition that a request decides`() {
        let branch = ONNXForge.Body(outputs: [Declaration("x", nil)])
        let error = #expect(throws: ImportError.self) {
            try Self.graph(
                [
                    Node(
                        "If", ["c"], ["y"],
                        [.graph("then_branch", branch), .graph("else_branch", branch)],
                        name: "choice")
                ],
                inputs: [Declaration("x", ["n"]), Declaration("c", [], type: 9)])
        }
        #expect(error?.code == .dynamicControlFlow)
        #expect(error?.problems[0].node == "choice")
        #expect(error?.problems[0].remedy.contains("Where") == true)
    }

    @Test func `lists all operators it does not know, and what follows from none`() {
        let error = #expect(throws: ImportError.self) {
            try Self.graph(
                [
                    Node("Scan", ["x"], ["a"]), Node("StringSplit", ["x"], ["b"]),
                    Node("Frobnicate", ["a"], ["c"]), Node("Add", ["a", "c"], ["d"]),
                    Node("Relu", ["d"], ["y"], [.float("slope", 1)]),
                ], inputs: [Declaration("x", ["n"])])
        }
        #expect(
            error?.problems.map(\.code) == [
                .dynamicControlFlow, .unsupportedOperator, .unsupportedOperator, .unknownAttribute,
            ])
        #expect(error?.problems.map(\.operator) == ["Scan", "StringSplit", "Frobnicate", "Relu"])
        #expect(error?.problems.allSatisfy { !$0.remedy.isEmpty || $0.operator == "Relu" } == true)
    }

    @Test func `refuses shapes and types that clash, with the node's name`() {
        func refusal(_ nodes: [Node], _ inputs: [Declaration]) -> ImportProblem? {
            #expect(throws: ImportError.self) { try Self.graph(nodes, inputs: inputs) }?.problems[0]
        }
        let shapes = refusal(
            [Node("Add", ["a", "b"], ["y"], name: "sum")],
            [Declaration("a", ["n", "3"]), Declaration("b", ["n", "4"])])
        #expect(shapes?.code == .wrongShape)
        #expect(shapes?.node == "sum")
        let types = refusal(
            [Node("Add", ["a", "b"], ["y"], name: "sum")],
            [Declaration("a", ["n"]), Declaration("b", ["n"], type: 7)])
        #expect(types?.code == .wrongType)
        let counts = refusal([Node("Add", ["a"], ["y"])], [Declaration("a", ["n"])])
        #expect(counts?.code == .wrongArity)
        let outputs = refusal([Node("Relu", ["a"], ["y", "z"])], [Declaration("a", ["n"])])
        #expect(outputs?.code == .unsupported)
    }

    @Test func `refuses a shape that a request computes`() {
        let error = #expect(throws: ImportError.self) {
            try Self.graph(
                [Node("Reshape", ["x", "s"], ["y"], name: "fold")],
                inputs: [Declaration("x", ["6"]), Declaration("s", ["2"], type: 7)])
        }
        #expect(error?.code == .dynamicShape)
        #expect(error?.problems[0].node == "fold")
    }

    @Test func `lists weights with NaN together with everything else`() {
        let error = #expect(throws: ImportError.self) {
            try Self.graph(
                [Node("Add", ["x", "w"], ["a"]), Node("Frobnicate", ["a"], ["y"])],
                weights: [.floats("w", [2], [1, .nan]), .floats("v", [2], [.infinity, 1])],
                inputs: [Declaration("x", ["2"])])
        }
        #expect(error?.problems.map(\.code) == [.notFinite, .notFinite, .unsupportedOperator])
        #expect(error?.problems.map(\.tensor) == ["w", "v", nil])
    }

    @Test func `answers an input, a weight, and one result twice`() throws {
        let graph = try Self.graph(
            [
                Node("Identity", ["x"], ["a"]), Node("Relu", ["x"], ["b"]),
                Node("Identity", ["b"], ["c"]), Node("Identity", ["w"], ["d"]),
            ], weights: [.floats("w", [1], [2])], inputs: [Declaration("x", ["n"])],
            outputs: ["a", "b", "c", "d"])
        #expect(graph.outputs.map { graph[$0].name } == ["a", "b", "c", "d"])
    }

    @Test func `reads softmax by the version of its operator set`() throws {
        func operations(_ opset: Int64) throws -> [TandemGraph.Operation] {
            try Self.graph(
                [Node("Softmax", ["x"], ["y"])], inputs: [Declaration("x", ["n", "3", "4"])],
                opset: opset
            ).nodes.map(\.operation)
        }
        #expect(try operations(13) == [.softmax])
        #expect(
            try operations(11) == [
                .reshape([.symbol("n"), 12]), .softmax, .reshape([.symbol("n"), 3, 4]),
            ])
    }
}
