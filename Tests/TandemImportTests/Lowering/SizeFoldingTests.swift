import TandemGraph
import TandemImport
import Testing

/// Arithmetic on shapes as exporters write it, by what becomes of the shape of a reshape.
@Suite struct SizeFoldingTests {
    typealias Node = ONNXForge.Node

    /// The graph that reshapes `x` [batch, 8] to what the nodes make of its shape `s`.
    static func graph(_ nodes: [Node]) throws(ImportError) -> Graph {
        try ImporterTests.graph(
            [Node("Shape", ["x"], ["s"])] + nodes + [Node("Reshape", ["x", "t"], ["y"])],
            weights: [
                .integers("m1", [1], [-1]), .integers("0", [1], [0]), .integers("1", [1], [1]),
                .integers("2", [1], [2]), .integers("8", [1], [8]), .integers("3", [1], [3]),
                .integers("zero", [], [0]), .integers("minus", [], [-1]),
            ], inputs: [ONNXForge.Declaration("x", ["batch", "8"])])
    }

    static let batch = Node("Slice", ["s", "0", "1", "0"], ["b"])

    @Test(arguments: [
        ([Node("Identity", ["s"], ["t"])], "[batch, 8]"),
        ([Node("ReduceProd", ["s"], ["t"], [.int("keepdims", 1)])], "[8*batch]"),
        ([batch, Node("Mul", ["b", "8"], ["t"])], "[8*batch]"),
        (
            [batch, Node("Mul", ["b", "8"], ["p"]), Node("Div", ["p", "b"], ["q"])]
                + [Node("Concat", ["b", "q"], ["t"], [.int("axis", 0)])], "[batch, 8]"
        ),
        (
            [batch, Node("Mul", ["b", "8"], ["p"]), Node("Mod", ["p", "8"], ["r"])]
                + [Node("Add", ["r", "8"], ["q"])]
                + [Node("Concat", ["b", "q"], ["t"], [.int("axis", 0)])], "[batch, 8]"
        ),
        (
            [batch, Node("Max", ["b", "1"], ["q"])]
                + [Node("Concat", ["q", "m1"], ["t"], [.int("axis", 0)])], "[batch, 8]"
        ),
        (
            [Node("Equal", ["s", "m1"], ["e"]), Node("Where", ["e", "1", "s"], ["t"])],
            "[batch, 8]"
        ),
        (
            [Node("Gather", ["s", "minus"], ["g"]), Node("Unsqueeze", ["g", "0"], ["u"])]
                + [Node("Concat", ["m1", "u"], ["t"], [.int("axis", 0)])], "[batch, 8]"
        ),
        (
            [Node("Cast", ["s"], ["i"], [.int("to", 6)])]
                + [Node("Cast", ["i"], ["t"], [.int("to", 7)])], "[batch, 8]"
        ),
        (
            [batch, Node("Add", ["b", "b"], ["d"]), Node("Sub", ["d", "b"], ["q"])]
                + [Node("Less", ["q", "1"], ["e"]), Node("Where", ["e", "1", "q"], ["w"])]
                + [Node("Concat", ["w", "2", "m1"], ["t"], [.int("axis", 0)])], "[batch, 2, 4]"
        ),
    ])
    func `folds a chain of operators into sizes`(nodes: [Node], shape: String) throws {
        let graph = try Self.graph(nodes)
        #expect(ImporterTests.type(of: "y", in: graph) == "f32 \(shape)")
        #expect(graph.nodes.count == 1, "\(graph.text)")
        #expect(graph.parameters.isEmpty)
    }

    @Test func `does not fold what depends on the size's value`() {
        for nodes in [
            [Self.batch, Node("Div", ["b", "2"], ["t"])],
            [Self.batch, Node("Max", ["b", "8"], ["t"])],
            [
                Self.batch, Node("Equal", ["b", "8"], ["e"]),
                Node("Where", ["e", "1", "b"], ["t"]),
            ],
        ] {
            let error = #expect(throws: ImportError.self) { try Self.graph(nodes) }
            #expect(error?.code == .dynamicShape)
            #expect(error?.problems[0].operator == "Reshape")
            #expect(error?.problems[0].remedy.contains("--dim") == true)
        }
    }

    @Test func `refuses a shape that does not divide the elements`() {
        let error = #expect(throws: ImportError.self) {
            try Self.graph([Node("Concat", ["3", "m1"], ["t"], [.int("axis", 0)])])
        }
        #expect(error?.code == .wrongShape)
    }
}
