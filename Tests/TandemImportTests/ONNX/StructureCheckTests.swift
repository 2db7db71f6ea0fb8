import TandemImport
import Testing

@Suite struct StructureCheckTests {
    static func refusal(_ change: (inout ONNXForge) -> Void) -> ImportError? {
        var forge = ONNXForge.linear
        change(&forge)
        return #expect(throws: ImportError.self) { try forge.load() }
    }

    @Test func `puts nodes in order, and keeps those that stand right`() throws {
        var forge = ONNXForge.linear
        forge.body.nodes.reverse()
        forge.body.nodes.append(ONNXForge.Node("Relu", ["x"], ["other"]))
        #expect(
            try forge.load().graph.nodes.map(\.operator) == ["MatMul", "Add", "Relu"])
    }

    @Test func `lists everything that is wrong at once`() {
        let error = Self.refusal { forge in
            forge.body.nodes.append(ONNXForge.Node("Relu", ["nowhere"], ["a"], name: "lost"))
            forge.body.nodes.append(ONNXForge.Node("Thing", ["x"], ["d"], domain: "acme"))
            forge.body.weights.append(.floats("b", [1], [0]))
            forge.body.outputs.append(ONNXForge.Declaration("c", ["1"]))
            forge.opsets[0].version = 7
        }
        let codes = error?.problems.map(\.code) ?? []
        #expect(
            codes == [
                .unsupportedVersion, .duplicateName, .undefinedValue, .unknownDomain,
                .undefinedValue,
            ])
        let lost = error?.problems.first { $0.node == "lost" }
        #expect(lost?.operator == "Relu")
        #expect(lost?.message.contains("'nowhere'") == true)
        #expect(error?.problems.allSatisfy { !$0.description.contains("\n") } == true)
    }

    @Test func `refuses a cycle and names its nodes`() {
        let error = Self.refusal { forge in
            forge.body.nodes = [
                ONNXForge.Node("Add", ["x", "q"], ["p"], name: "first"),
                ONNXForge.Node("Add", ["p", "x"], ["q"], name: "second"),
                ONNXForge.Node("Add", ["q", "x"], ["y"], name: "after"),
            ]
        }
        #expect(error?.problems.map(\.code) == [.cycle])
        #expect(error?.problems[0].message.contains("'second'") == true)
        #expect(error?.problems[0].message.contains("'after'") == false)
    }

    @Test func `refuses two nodes of one name`() {
        let error = Self.refusal { $0.body.nodes[1].name = "product" }
        #expect(error?.code == .duplicateName)
        #expect(error?.problems[0].node == "product")
        #expect(error?.problems[0].operator == "Add")
    }

    @Test func `refuses two nodes that make one value`() {
        let error = Self.refusal { $0.body.nodes[0].outputs = ["y"] }
        #expect(error?.problems.map(\.code).contains(.duplicateValue) == true)
    }

    @Test func `refuses a missing weight`() {
        let error = Self.refusal { $0.body.weights.removeLast() }
        #expect(error?.problems.map(\.code) == [.undefinedValue])
        #expect(error?.problems[0].node == "Add_y")
    }

    @Test func `refuses operator sets outside the range`() {
        for (version, isAccepted) in [(10, false), (11, true), (23, true), (24, false)] {
            var forge = ONNXForge.linear
            forge.opsets[0].version = Int64(version)
            let error = (try? forge.load()) == nil
            #expect(error == !isAccepted)
        }
        let missing = Self.refusal { $0.opsets.removeFirst() }
        #expect(missing?.code == .unsupportedVersion)
    }

    @Test func `refuses inputs that are no tensors, have text or no rank`() {
        func refusal(_ declaration: ONNXForge.Declaration) -> ImportProblem? {
            Self.refusal { $0.body.inputs.append(declaration) }?.problems[0]
        }
        #expect(refusal(ONNXForge.Declaration("s", ["1"], type: 8))?.code == .unsupportedType)
        #expect(refusal(ONNXForge.Declaration("s", ["1"], kind: 4))?.code == .unsupportedType)
        #expect(refusal(ONNXForge.Declaration("s", nil))?.code == .dynamicShape)
        #expect(refusal(ONNXForge.Declaration("s", ["-1"]))?.code == .wrongShape)
        #expect(refusal(ONNXForge.Declaration("x", ["1"]))?.code == .duplicateName)
        #expect(refusal(ONNXForge.Declaration("s", ["1"], type: 8))?.tensor == "s")
    }

    @Test func `refuses sparse weights`() {
        let error = Self.refusal { forge in
            forge.body.more = { writer in
                writer.message(15) { sparse in
                    sparse.message(1) { $0.text(8, "thin") }
                }
            }
        }
        #expect(error?.code == .sparseTensor)
        #expect(error?.problems[0].tensor == "thin")
    }

    @Test func `refuses a model without outputs`() {
        #expect(Self.refusal { $0.body.outputs = [] }?.code == .undefinedValue)
    }

    @Test func `sees what a branch reads from outside`() throws {
        var forge = ONNXForge.linear
        let branch = ONNXForge.Body(
            nodes: [ONNXForge.Node("Add", ["y", "b"], ["inner"])],
            outputs: [ONNXForge.Declaration("inner", nil)])
        forge.body.nodes.insert(
            ONNXForge.Node("If", ["c"], ["z"], [.graph("then_branch", branch)], name: "if"), at: 0)
        forge.body.inputs.append(ONNXForge.Declaration("c", [], type: 9))
        #expect(try forge.load().graph.nodes.map(\.operator) == ["MatMul", "Add", "If"])
        forge.body.nodes.removeLast()
        let error = #expect(throws: ImportError.self) { try forge.load() }
        #expect(error?.problems.contains { $0.node == "if" } == true)
    }
}

@Suite struct FunctionInliningTests {
    static func scaled(_ body: [ONNXForge.Node]) -> ONNXForge {
        var forge = ONNXForge.linear
        forge.body.nodes[1] = ONNXForge.Node(
            "Shift", ["xW", "b"], ["y"], [.int("axis", 1)], name: "call", domain: "own")
        forge.opsets.append(("own", 1))
        forge.functions = [
            ONNXForge.Function(
                name: "Shift", domain: "own", inputs: ["a", "b"], outputs: ["c"], nodes: body,
                attributes: ["axis"])
        ]
        return forge
    }

    @Test func `replaces a call by the body, with names of its own`() throws {
        let forge = Self.scaled([
            ONNXForge.Node("Add", ["a", "b"], ["t"]),
            ONNXForge.Node(
                "Softmax", ["t"], ["c"],
                [
                    .reference("axis", type: 2, to: "axis"),
                    .reference("other", type: 2, to: "absent"),
                ]),
        ])
        let nodes = try forge.load().graph.nodes
        #expect(nodes.map(\.operator) == ["MatMul", "Add", "Softmax"])
        #expect(nodes[1].inputs == ["xW", "b"])
        #expect(nodes[1].outputs == ["call/t"])
        #expect(nodes[1].name == "call/Add_t")
        #expect(nodes[2].outputs == ["y"])
        #expect(nodes[2].attributes.map(\.name) == ["axis"])
        #expect(nodes[2].opset == 17)
        guard case .int(1) = nodes[2].attributes[0].content else {
            Issue.record("axis is \(nodes[2].attributes)")
            return
        }
    }

    @Test func `refuses functions that call each other without end`() {
        let forge = Self.scaled([ONNXForge.Node("Shift", ["a", "b"], ["c"], domain: "own")])
        let error = #expect(throws: ImportError.self) { try forge.load() }
        #expect(error?.code == .limitExceeded)
    }

    @Test func `refuses functions that multiply into too many nodes`() {
        var forge = Self.scaled([ONNXForge.Node("Relu", ["a"], ["c"])])
        for level in 0..<10 {
            let inner = level == 0 ? "Shift" : "Shift\(level - 1)"
            var nodes = (0..<8).map {
                ONNXForge.Node(inner, ["a", "b"], ["c\($0)"], domain: "own")
            }
            nodes.append(ONNXForge.Node("Relu", ["c7"], ["c"]))
            forge.functions.append(
                ONNXForge.Function(
                    name: "Shift\(level)", domain: "own", inputs: ["a", "b"], outputs: ["c"],
                    nodes: nodes))
        }
        forge.body.nodes[1].operator = "Shift9"
        let error = #expect(throws: ImportError.self) { try forge.load() }
        #expect(error?.problems.contains { $0.code == .limitExceeded } == true)
    }

    @Test func `refuses a call with more inputs than the function has`() {
        var forge = Self.scaled([ONNXForge.Node("Relu", ["a"], ["c"])])
        forge.body.nodes[1].inputs = ["xW", "b", "b"]
        let error = #expect(throws: ImportError.self) { try forge.load() }
        #expect(error?.problems[0].code == .wrongArity)
        #expect(error?.problems[0].node == "call")
    }
}
