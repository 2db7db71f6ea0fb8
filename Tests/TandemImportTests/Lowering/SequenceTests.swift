import TandemGraph
import TandemImport
import Testing

@Suite struct SequenceTests {
    typealias Node = ONNXForge.Node
    typealias Declaration = ONNXForge.Declaration
    typealias Body = ONNXForge.Body

    private static let weights: [ONNXForge.Weight] = [
        .integers("zero", [], [0]), .integers("one", [], [1]), .integers("two", [], [2]),
        .integers("three", [], [3]), .integers("minus", [], [-1]), .integers("far", [], [9]),
        .integers("parts", [2], [1, 2]), .integers("long", [2], [3, 2]),
        .integers("many", [1], [4097]), .floats("half", [2], [0.5, 0.25]),
        .integers("sizes", [2], [-1, 3]), .integers("flat", [1], [-1]),
        .integers("axis", [1], [0]),
        .floats("table", [4, 2], [1, 2, 10, 20, 100, 200, 1000, 2000]),
        .floats("nothing", [1, 2], [0, 0]),
    ]

    private static func model(
        _ nodes: [Node], inputs: [Declaration] = [Declaration("x", ["3", "2"])]
    ) throws(ImportError) -> ImportedModel {
        let body = Body(
            nodes: nodes, weights: weights, inputs: inputs, outputs: [Declaration("y", nil)])
        return try Importer.importModel(try ONNXForge(body: body).load())
    }

    private static func y(
        _ nodes: [Node], inputs: [Declaration] = [Declaration("x", ["3", "2"])]
    ) throws -> ReferenceTensor? {
        let model = try model(nodes, inputs: inputs)
        let x = ReferenceTensor(shape: [3, 2], .float32([1, 2, 3, 4, 5, 6]))
        return try ReferenceExecutor(model.graph, model.tensors)
            .run(["x": x], rowCount: 1)["y"]
    }

    private static func problem(_ nodes: [Node]) -> ImportProblem? {
        let error = #expect(throws: ImportError.self) { try model(nodes) }
        return error?.problems.first
    }

    /// The rows of `x` as a sequence of `[2]`, then what is done to it.
    private static func rows(_ nodes: Node...) -> [Node] {
        [Node("SplitToSequence", ["x"], ["rows"], [.int("keepdims", 0)], name: "split")] + nodes
    }

    private static let stack = Node(
        "ConcatFromSequence", ["s"], ["y"], [.int("axis", 0), .int("new_axis", 1)], name: "stack")

    @Test func `inserts at a place from either end, or behind`() throws {
        for (place, wanted) in [
            ([], [1, 2, 3, 4, 5, 6, 0.5, 0.25]), (["three"], [1, 2, 3, 4, 5, 6, 0.5, 0.25]),
            (["zero"], [0.5, 0.25, 1, 2, 3, 4, 5, 6]), (["minus"], [1, 2, 3, 4, 0.5, 0.25, 5, 6]),
        ] as [([String], [Double])] {
            let insert = Node("SequenceInsert", ["rows", "half"] + place, ["s"])
            #expect(try Self.y(Self.rows(insert, Self.stack))?.numbers == wanted, "\(place)")
        }
    }

    @Test func `erases at a place from either end, or the last`() throws {
        for (place, wanted) in [
            ([], [1, 2, 3, 4]), (["zero"], [3, 4, 5, 6]), (["minus"], [1, 2, 3, 4]),
        ] as [([String], [Double])] {
            let erase = Node("SequenceErase", ["rows"] + place, ["s"])
            #expect(try Self.y(Self.rows(erase, Self.stack))?.numbers == wanted, "\(place)")
        }
    }

    @Test func `takes a member and the length`() throws {
        let taken = try Self.y(Self.rows(Node("SequenceAt", ["rows", "minus"], ["y"])))
        #expect(taken?.numbers == [5, 6])
        #expect(taken?.shape == [2])
        let length = try Self.y(Self.rows(Node("SequenceLength", ["rows"], ["y"])))
        #expect(length?.numbers == [3])
        #expect(length?.shape == [])
    }

    @Test func `splits by sizes and in parts of one size`() throws {
        for (split, place, wanted) in [
            ("parts", "zero", [1, 2]), ("parts", "one", [3, 4, 5, 6]),
            ("two", "zero", [1, 2, 3, 4]),
            ("two", "one", [5, 6]),
        ] as [(String, String, [Double])] {
            let result = try Self.y([
                Node("SplitToSequence", ["x", split], ["s"]),
                Node("SequenceAt", ["s", place], ["y"]),
            ])
            #expect(result?.numbers == wanted, "\(split), \(place)")
            #expect(result?.shape == [wanted.count / 2, 2])
        }
    }

    @Test func `concatenates along any axis`() throws {
        let concat = Node("ConcatFromSequence", ["s"], ["y"], [.int("axis", 1)])
        let result = try Self.y([Node("SequenceConstruct", ["x", "x"], ["s"]), concat])
        #expect(result?.shape == [3, 4])
        #expect(result?.numbers == [1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 5, 6])
        let empty = Self.problem([Node("SequenceEmpty", [], ["s"]), concat])
        #expect(empty?.message.contains("no member") == true)
    }

    @Test func `splits and joins a batch of any size`() throws {
        let batch = [Declaration("x", ["batch", "2"])]
        let split = Node("SplitToSequence", ["x"], ["s"])
        let joined = try Self.y(
            [split, Node("ConcatFromSequence", ["s"], ["y"], [.int("axis", 0)])], inputs: batch)
        #expect(joined?.shape == [3, 2])
        #expect(joined?.numbers == [1, 2, 3, 4, 5, 6])
        let length = try Self.y([split, Node("SequenceLength", ["s"], ["y"])], inputs: batch)
        #expect(length?.numbers == [3])
        let error = #expect(throws: ImportError.self) {
            try Self.model([split, Node("SequenceAt", ["s", "zero"], ["y"])], inputs: batch)
        }
        #expect(error?.code == .dynamicShape)
    }

    @Test func `appends in a loop`() throws {
        let body = Body(
            nodes: [
                Node("Identity", ["go_in"], ["go"]), Node("Add", ["v", "half"], ["next"]),
                Node("SequenceInsert", ["before", "next"], ["after"]),
            ],
            inputs: [
                Declaration("i", [], type: 7), Declaration("go_in", [], type: 9),
                Declaration("v", ["2"]), Declaration("before", nil, kind: 4),
            ],
            outputs: ["go", "next", "after"].map { Declaration($0, nil) })
        let result = try Self.y([
            Node("SequenceEmpty", [], ["none"]),
            Node("Loop", ["two", "", "half", "none"], ["last", "s"], [.graph("body", body)]),
            Self.stack,
        ])
        #expect(result?.numbers == [1, 0.5, 1.5, 0.75])
    }

    @Test func `refuses places and splits that are not there`() {
        for node in [
            Node("SequenceAt", ["rows", "three"], ["y"], name: "at"),
            Node("SequenceErase", ["rows", "far"], ["y"], name: "at"),
            Node("SequenceInsert", ["rows", "half", "far"], ["y"], name: "at"),
        ] {
            let problem = Self.problem(Self.rows(node))
            #expect(problem?.node == "at")
            #expect(problem?.message.contains("outside a sequence of 3") == true)
        }
        for split in ["long", "zero", "minus"] {
            let problem = Self.problem([Node("SplitToSequence", ["x", split], ["y"])])
            #expect(problem?.message.contains("does not fit a size of 3") == true)
        }
    }

    @Test func `refuses a sequence where a tensor is wanted`() {
        for node in [
            Node("Relu", ["rows"], ["y"], name: "here"),
            Node("SequenceConstruct", ["rows"], ["y"], name: "here"),
            Node("SequenceInsert", ["rows", "rows"], ["y"], name: "here"),
        ] {
            let problem = Self.problem(Self.rows(node))
            #expect(problem?.code == .wrongType)
            #expect(problem?.node == "here")
        }
        let output = Self.problem(Self.rows(Node("Identity", ["rows"], ["y"])))
        #expect(output?.tensor == "y")
        #expect(output?.remedy == "concatenate it")
        let tensor = Self.problem([Node("SequenceLength", ["x"], ["y"], name: "here")])
        #expect(tensor?.message == "takes a sequence, not a tensor")
    }

    @Test func `refuses a sequence of too many`() {
        let problem = Self.problem([
            Node("ConstantOfShape", ["many"], ["zeros"]),
            Node("SplitToSequence", ["zeros"], ["y"], [.int("keepdims", 0)], name: "split"),
        ])
        #expect(problem?.code == .limitExceeded)
        #expect(problem?.node == "split")
    }
}

// MARK: Bags

extension SequenceTests {
    /// PyTorch's EmbeddingBag as its newer exporter writes it, over bags of 3 ids.
    private static func bags(
        isMean: Bool, end: String = "rest1", last: String = "final", offsets: String = "offsets",
        lastMean: String = "last_mean", isSequenceFirst: Bool = false
    ) throws(ImportError) -> ImportedModel {
        func order<Item>(_ pair: [Item]) -> [Item] { isSequenceFirst ? pair.reversed() : pair }
        let sum = Node("ReduceSum", ["bag", "axis"], ["sum"])
        let quotient = Body(
            nodes: [
                Node("Cast", ["rest"], ["divisor"], [.int("to", 1)]),
                Node("Div", ["sum", "divisor"], ["quotient"]),
            ], outputs: [Declaration("quotient", nil)])
        let whole = Body(
            nodes: [Node("Identity", ["sum"], ["whole"])], outputs: [Declaration("whole", nil)])
        let atLast = Body(
            nodes: [
                sum, Node("Sub", [end, "start"], ["rest"]),
                Node("Greater", ["rest", "zero"], ["is_some"]),
                Node(
                    "If", ["is_some"], [lastMean],
                    [.graph("then_branch", quotient), .graph("else_branch", whole)]),
            ], outputs: [Declaration(lastMean, nil)])
        let before = Body(
            nodes: [Node("ReduceMean", ["bag"], ["mean"], [.ints("axes", [0])])],
            outputs: [Declaration("mean", nil)])
        let bag = Node("Slice", ["rows", "start", "end"], ["bag"])
        let mean = [
            Node("Sub", ["count", "one"], ["final"]), Node("Equal", ["i", last], ["is_last"]),
            Node(
                "If", ["is_last"], ["result"],
                [.graph("then_branch", atLast), .graph("else_branch", before)]),
        ]
        let full = Body(
            nodes: [bag] + (isMean ? mean : [sum]),
            outputs: [Declaration(isMean ? "result" : "sum", nil)])
        let empty = Body(outputs: [Declaration("nothing", nil)])
        let loop = Body(
            nodes: [
                Node("Reshape", ["i", "flat"], ["at"]), Node("CastLike", ["one", "at"], ["step"]),
                Node("Add", ["at", "step"], ["next"]), Node("Add", ["at", "two"], ["behind"]),
                Node("Slice", [offsets, "at", "next"], ["start"]),
                Node("Slice", [offsets, "next", "behind"], ["end"]),
                Node("Equal", ["start", "end"], ["is_empty"]),
                Node(
                    "If", ["is_empty"], ["row"],
                    [.graph("then_branch", empty), .graph("else_branch", full)]),
                Node("SequenceInsert", ["before", "row"], ["after"]),
                Node("Add", ["i", "one"], ["i_next"]), Node("Less", ["i_next", "count"], ["go"]),
            ],
            inputs: [
                Declaration("endless", [], type: 7), Declaration("go_in", [], type: 9),
            ] + order([Declaration("i", [], type: 7), Declaration("before", nil, kind: 4)]),
            outputs: (["go"] + order(["i_next", "after"])).map { Declaration($0, nil) })
        return try model(
            [
                Node("Reshape", ["ids", "flat"], ["list"]), Node("Size", ["list"], ["total"]),
                Node("Range", ["zero", "total", "three"], ["starts"]),
                Node("Size", ["starts"], ["count"]), Node("Shape", ["list"], ["rest1"]),
                Node("Concat", ["starts", "rest1"], ["offsets"], [.int("axis", 0)]),
                Node("Gather", ["table", "list"], ["rows"]),
                Node("Less", ["zero", "count"], ["any"]), Node("SequenceEmpty", [], ["none"]),
                Node(
                    "Loop", ["", "any"] + order(["zero", "none"]), order(["n", "s"]),
                    [.graph("body", loop)], name: "bags"),
                Node("ConcatFromSequence", ["s"], ["y"], [.int("axis", 0)]),
            ],
            inputs: [
                Declaration("ids", ["batch", "3"], type: 7),
                Declaration("given", ["bags"], type: 7),
            ])
    }

    @Test(arguments: [false, true], [false, true])
    func `makes one reduction of a loop that appends bags, for any number of them`(
        isMean: Bool, isSequenceFirst: Bool
    ) throws {
        let model = try Self.bags(isMean: isMean, isSequenceFirst: isSequenceFirst)
        let type = model.graph.value(named: "y").map { model.graph[$0].type.description }
        #expect(type == "f32 [batch, 2]")
        let results = try ReferenceExecutor(model.graph, model.tensors).run(
            [
                "ids": ReferenceTensor(shape: [2, 3], .int64([0, 1, 1, 3, 0, 2])),
                "given": ReferenceTensor(shape: [1], .int64([0])),
            ], rowCount: 1)
        #expect(results["y"]?.numbers == (isMean ? [7, 14, 367, 734] : [21, 42, 1101, 2202]))
    }

    @Test func `refuses a loop that appends something else than bags of one size`() {
        for (end, last, offsets, lastMean) in [
            ("rest1", "final", "given", "last_mean"), ("two", "final", "offsets", "last_mean"),
            ("rest1", "one", "offsets", "last_mean"), ("rest1", "final", "offsets", "mean"),
        ] {
            let error = #expect(throws: ImportError.self) {
                try Self.bags(
                    isMean: true, end: end, last: last, offsets: offsets, lastMean: lastMean)
            }
            let form = "\(end) \(last) \(offsets) \(lastMean)"
            #expect(error?.problems.map(\.node) == ["If_row"], "\(form)")
            #expect(error?.code == .dynamicControlFlow)
        }
    }
}
