import TandemGraph
import TandemImport
import Testing

@Suite struct LoopTests {
    typealias Node = ONNXForge.Node
    typealias Declaration = ONNXForge.Declaration
    typealias Body = ONNXForge.Body

    private static func model(
        _ nodes: [Node], weights: [ONNXForge.Weight], inputs: [Declaration], outputs: [String]
    ) throws(ImportError) -> ImportedModel {
        let body = Body(
            nodes: nodes, weights: weights, inputs: inputs,
            outputs: outputs.map { Declaration($0, nil) })
        return try Importer.importModel(try ONNXForge(body: body).load())
    }

    /// A loop that doubles `x` and gives each step.
    private static func doubling(
        count: String, inputs: [Declaration] = [Declaration("x", ["2"])]
    ) throws(ImportError) -> ImportedModel {
        let body = Body(
            nodes: [
                Node("Identity", ["go_in"], ["go_out"]), Node("Add", ["v", "v"], ["twice"]),
                Node("Identity", ["twice"], ["step"]),
            ],
            inputs: [
                Declaration("i", [], type: 7), Declaration("go_in", [], type: 9),
                Declaration("v", ["2"]),
            ],
            outputs: [
                Declaration("go_out", []), Declaration("twice", ["2"]), Declaration("step", ["2"]),
            ])
        return try model(
            [
                Node(
                    "Loop", [count, "", "x"], ["y", "steps"], [.graph("body", body)], name: "loop")
            ],
            weights: [.integers("three", [], [3]), .integers("million", [], [1_000_000])],
            inputs: inputs, outputs: ["y", "steps"])
    }

    private static func results(
        _ model: ImportedModel, _ inputs: [String: ReferenceTensor]
    ) throws -> [String: ReferenceTensor] {
        try ReferenceExecutor(model.graph, model.tensors).run(inputs, rowCount: 1)
    }

    @Test func `unrolls a loop whose trip count is known`() throws {
        let results = try Self.results(
            try Self.doubling(count: "three"),
            ["x": ReferenceTensor(shape: [2], .float32([1, 10]))])
        #expect(results["y"]?.numbers == [8, 80])
        #expect(results["steps"]?.shape == [3, 2])
        #expect(results["steps"]?.numbers == [2, 20, 4, 40, 8, 80])
    }

    @Test func `refuses a trip count that a request decides`() {
        let error = #expect(throws: ImportError.self) {
            try Self.doubling(
                count: "n", inputs: [Declaration("x", ["2"]), Declaration("n", [], type: 7)])
        }
        #expect(error?.code == .dynamicControlFlow)
        #expect(error?.problems.map(\.node) == ["loop"])
        #expect(error?.problems[0].message.contains("trip count") == true)
        #expect(error?.problems[0].remedy.contains("--dim") == true)
    }

    @Test func `refuses a loop of a million iterations`() {
        let error = #expect(throws: ImportError.self) { try Self.doubling(count: "million") }
        #expect(error?.code == .limitExceeded)
        #expect(error?.problems[0].node == "loop")
    }

    // MARK: Bags

    /// PyTorch's EmbeddingBag as TorchScript writes it, over bags of 3 ids, or of a flat array.
    private static func bags(
        starts: String = "offsets", weighted: Bool = false
    ) throws(ImportError) -> ImportedModel {
        var body = [
            Node("Gather", ["starts", "i"], ["from"]), Node("Gather", ["ends", "i"], ["to"]),
            Node("Unsqueeze", ["from", "zero"], ["from1"]),
            Node("Unsqueeze", ["to", "zero"], ["to1"]),
            Node("Slice", ["flat", "from1", "to1", "zero"], ["bag"]),
            Node("Gather", ["table", "bag"], ["rows"]),
        ]
        if weighted {
            body += [
                Node("Slice", ["weights", "from1", "to1", "zero"], ["share"]),
                Node("Unsqueeze", ["share", "one"], ["column"]),
                Node("Mul", ["rows", "column"], ["scaled"]),
            ]
        }
        body += [
            Node(
                "ReduceSum", [weighted ? "scaled" : "rows", "zero"], ["sum"], [.int("keepdims", 0)]),
            Node("Cast", ["true"], ["go"], [.int("to", 9)]),
        ]
        let inputs = [Declaration("i", [], type: 7), Declaration("c", [], type: 9)]
        let outputs = [Declaration("go", []), Declaration("sum", ["2"])]
        let loop = Body(nodes: body, inputs: inputs, outputs: outputs)
        return try model(
            [
                Node("Shape", ["ids"], ["shape"]),
                Node("ReduceProd", ["shape"], ["total"], [.int("keepdims", 0)]),
                Node("Range", ["null", "total", "step"], ["offsets"]),
                Node("Reshape", ["ids", "minus"], ["flat"]),
                Node("Reshape", ["shares", "minus"], ["weights"]),
                Node("Unsqueeze", ["total", "zero"], ["total1"]),
                Node("Concat", [starts, "total1"], ["starts"], [.int("axis", 0)]),
                Node("Slice", ["starts", "one", "end", "zero"], ["ends"]),
                Node("Shape", ["ends"], ["count1"]),
                Node("Squeeze", ["count1", "zero"], ["count"]),
                Node("Cast", ["yes"], ["true"], [.int("to", 9)]),
                Node("Loop", ["count", "true"], ["y"], [.graph("body", loop)], name: "bags"),
            ],
            weights: [
                .floats("table", [4, 2], [1, 2, 10, 20, 100, 200, 1000, 2000]),
                .integers("null", [], [0]), .integers("step", [], [3]),
                .integers("zero", [1], [0]), .integers("one", [1], [1]),
                .integers("minus", [1], [-1]), .integers("end", [1], [.max]),
                .integers("yes", [], [1]),
            ],
            inputs: [
                Declaration("ids", ["batch", "3"], type: 7), Declaration("shares", ["batch", "3"]),
                Declaration("given", ["bags"], type: 7),
            ], outputs: ["y"])
    }

    @Test(arguments: [false, true])
    func `makes one lookup of a loop over bags, for any number of them`(weighted: Bool) throws {
        let model = try Self.bags(weighted: weighted)
        #expect(
            model.graph.value(named: "y").map { model.graph[$0].type.description }
                == "f32 [batch, 2]")
        let results = try Self.results(
            model,
            [
                "ids": ReferenceTensor(shape: [2, 3], .int64([0, 1, 1, 3, 0, 2])),
                "shares": ReferenceTensor(shape: [2, 3], .float32([1, 2, 0.5, 1, 0, -1])),
                "given": ReferenceTensor(shape: [1], .int64([0])),
            ])
        let wanted: [Double] = weighted ? [26, 52, 900, 1800] : [21, 42, 1101, 2202]
        #expect(results["y"]?.numbers == wanted)
    }

    @Test func `refuses bags whose sizes a request decides`() {
        let error = #expect(throws: ImportError.self) { try Self.bags(starts: "given") }
        #expect(error?.problems.map(\.node) == ["bags"])
        #expect(error?.code == .dynamicControlFlow)
    }
}
