import TandemGraph
import TandemImport
import Testing

/// What a broken or foreign model is told: where, why, and what to do.
@Suite struct BadInputTests {
    typealias Node = ONNXForge.Node
    typealias Weight = ONNXForge.Weight
    typealias Declaration = ONNXForge.Declaration

    /// A model's bytes, and what its refusal says.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let code: ImportProblem.Code
        /// The node or tensor at fault; nil where the whole file is.
        var place: String?

        init(
            _ name: String, _ bytes: [UInt8], _ code: ImportProblem.Code, at place: String? = nil
        ) {
            testDescription = name
            self.bytes = bytes
            self.code = code
            self.place = place
        }
    }

    private static func bytes(
        _ nodes: [Node], weights: [Weight] = [],
        inputs: [Declaration] = [Declaration("x", ["n", "2"])], opset: Int64 = 17
    ) -> [UInt8] {
        var forge = ONNXForge(
            body: ONNXForge.Body(
                nodes: nodes, weights: weights, inputs: inputs, outputs: [Declaration("y", nil)]))
        forge.opsets[0].version = opset
        return forge.bytes
    }

    private static let relu = Node("Relu", ["x"], ["y"], name: "relu")

    private static func weighted(_ weight: Weight) -> [UInt8] {
        bytes([Node("Add", ["x", "w"], ["y"], name: "sum")], weights: [weight])
    }

    static let cases: [Case] = [
        Case("not an ONNX file", Array("PK zip archive".utf8), .notONNX),
        Case("a cut file", Array(ONNXForge.linear.bytes.dropLast(9)), .cutFile),
        Case(
            "a cycle",
            bytes([
                Node("Add", ["x", "b"], ["a"], name: "one"),
                Node("Relu", ["a"], ["b"], name: "two"),
                Node("Relu", ["b"], ["y"]),
            ]), .cycle, at: "one"),
        Case(
            "a missing initialiser", bytes([Node("Add", ["x", "w"], ["y"], name: "sum")]),
            .undefinedValue, at: "sum"),
        Case(
            "a clash of types",
            bytes(
                [Node("Add", ["x", "k"], ["y"], name: "sum")],
                inputs: [Declaration("x", ["n"]), Declaration("k", ["n"], type: 7)]),
            .wrongType, at: "sum"),
        Case(
            "a clash of shapes",
            bytes(
                [Node("Add", ["x", "k"], ["y"], name: "sum")],
                inputs: [Declaration("x", ["n", "3"]), Declaration("k", ["n", "4"])]),
            .wrongShape, at: "sum"),
        Case(
            "two nodes of one name",
            bytes([
                Node("Relu", ["x"], ["a"], name: "twin"), Node("Relu", ["a"], ["y"], name: "twin"),
            ]), .duplicateName, at: "twin"),
        Case(
            "an unknown domain",
            bytes([Node("Add", ["x", "x"], ["y"], name: "odd", domain: "com.example")]),
            .unknownDomain, at: "odd"),
        Case("an opset too new", bytes([relu], opset: 24), .unsupportedVersion),
        Case(
            "text", bytes([relu], inputs: [Declaration("x", ["n"], type: 8)]), .unsupportedType,
            at: "x"),
        Case(
            "a weight of text", weighted(Weight(name: "w", type: 8, dimensions: [1])),
            .unsupportedType, at: "w"),
        Case(
            "a weight with NaN", weighted(.floats("w", [2], [1, .nan])), .notFinite, at: "w"),
        Case(
            "a weight with infinity", weighted(.floats("w", [2], [1, .infinity])), .notFinite,
            at: "w"),
        Case(
            "sizes whose product overflows",
            weighted(Weight(name: "w", dimensions: [1 << 40, 1 << 40], raw: [0])), .overflow,
            at: "w"),
        Case(
            "a tensor of 2^40 elements",
            weighted(Weight(name: "w", dimensions: [1 << 40], raw: [0])), .limitExceeded, at: "w"),
    ]

    @Test(arguments: cases)
    func `says where, why and what to do`(of bad: Case) {
        let error = #expect(throws: ImportError.self) {
            _ = try Importer.importModel(try ONNXModel(MappedFile(bad.bytes)).checked())
        }
        let problem = error?.problems.first { $0.code == bad.code }
        #expect(problem != nil, "\(error?.description ?? "")")
        guard let problem else { return }
        #expect(bad.place == nil || [problem.node, problem.tensor].contains(bad.place))
        #expect(!problem.message.isEmpty)
        #expect(!problem.remedy.isEmpty, "\(problem)")
    }
}
