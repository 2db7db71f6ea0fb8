import TandemGraph
import TandemImport
import Testing

@Suite struct ONNXModelTests {
    @Test func `reads a model's structure`() throws {
        let model = try ONNXForge.linear.load()
        #expect(model.irVersion == 8)
        #expect(model.opsets == ["": 17, "com.microsoft": 1])
        #expect(model.producer == "forge 1.0")
        #expect(model.graph.nodes.map(\.name) == ["product", "Add_y"])
        #expect(model.graph.nodes.map(\.operator) == ["MatMul", "Add"])
        #expect(model.graph.nodes.map(\.opset) == [17, 17])
        #expect(model.graph.inputs.map(\.name) == ["x"])
        #expect(
            model.graph.inputs[0].kind == .tensor(.float, [.parameter("batch"), .fixed(2)]))
        #expect(model.graph.outputs.map(\.name) == ["y"])
        let weight = try model.graph.initializers[0].tensor()
        #expect(weight.shape == [2, 3])
        #expect(elements(weight, Float.self) == [1, 2, 3, 4, 5, 6])
    }

    @Test func `reads every kind of attribute`() throws {
        var forge = ONNXForge.linear
        forge.body.nodes[1].attributes = [
            .int("i", -3), .float("f", 0.25), .string("s", "text"), .ints("is", [1, -2, 3]),
            .tensor("t", .integers("t", [1], [9])), .graph("g", ONNXForge.Body()),
        ]
        let attributes = try forge.load().graph.nodes[1].attributes
        #expect(attributes.map(\.name) == ["i", "f", "s", "is", "t", "g"])
        guard case .int(-3) = attributes[0].content, case .float(0.25) = attributes[1].content,
            case .string("text") = attributes[2].content,
            case .ints([1, -2, 3]) = attributes[3].content,
            case .tensor(let tensor) = attributes[4].content, case .graph = attributes[5].content
        else {
            Issue.record("the attributes are \(attributes)")
            return
        }
        #expect(try elements(tensor.tensor(), Int64.self) == [9])
    }

    @Test func `takes weights out of the inputs, where old files list them`() throws {
        var forge = ONNXForge.linear
        forge.body.inputs.append(ONNXForge.Declaration("W", ["2", "3"]))
        #expect(try forge.load().graph.inputs.map(\.name) == ["x"])
    }

    @Test func `passes over fields it does not know`() throws {
        var forge = ONNXForge.linear
        forge.body.more = { writer in
            writer.integer(900, 7)
            writer.text(901, "news")
            writer.float(902, 1)
        }
        #expect(try forge.load().graph.nodes.count == 2)
    }

    @Test func `refuses what is not ONNX`() {
        for bytes in [[], Array("PK\u{3}\u{4}zip".utf8), [0x80, 2, 3], [8], [8, 0]] as [[UInt8]] {
            let error = #expect(throws: ImportError.self) { try ONNXModel(MappedFile(bytes)) }
            #expect(error?.code == .notONNX, "\(bytes)")
            #expect(error?.problems[0].offset == 0)
        }
    }

    @Test func `refuses a file that is cut at any byte`() {
        let bytes = ONNXForge.linear.bytes
        // The last operator set's message is not needed, so a cut right before it is sound.
        let allowed = bytes.count - ONNXForge(opsets: [("com.microsoft", 1)]).opsetByteCount
        for count in 0..<bytes.count where count != allowed {
            let error = #expect(throws: ImportError.self, "\(count)") {
                try ONNXModel(MappedFile(bytes[..<count])).checked()
            }
            let expected: Set<ImportProblem.Code> = [.cutFile, .notONNX, .undefinedValue]
            if let error { #expect(expected.contains(error.code), "\(count): \(error)") }
        }
    }

    @Test func `survives random bytes and random changes of sound ones`() {
        var random = SplitMix(seed: 7)
        let sound = ONNXForge.linear.bytes
        for _ in 0..<3000 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                bytes[position] = UInt8.random(in: 0...255, using: &random)
            }
            Self.tryToLoad(bytes)
            let noise = (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }
            Self.tryToLoad([8, 8] + noise)
        }
    }

    private static func tryToLoad(_ bytes: [UInt8]) {
        guard let model = try? ONNXModel(MappedFile(bytes)).checked() else { return }
        for weight in model.graph.initializers { _ = try? weight.tensor() }
    }

    @Test func `refuses a number of more than ten bytes`() {
        let bytes = [8, 8, 0x28] + [UInt8](repeating: 0xFF, count: 10) + [1]
        let error = #expect(throws: ImportError.self) { try ONNXModel(MappedFile(bytes)) }
        #expect(error?.code == .malformed)
        #expect(error?.problems[0].offset == 3)
    }

    @Test func `refuses groups, which ONNX never had`() {
        let error = #expect(throws: ImportError.self) {
            try ONNXModel(MappedFile([8, 8, 0x2B, 0x2C]))
        }
        #expect(error?.code == .malformed)
        #expect(error?.problems[0].offset == 2)
    }

    @Test func `refuses a field of another type than the schema's`() {
        let error = #expect(throws: ImportError.self) {
            try ONNXModel(MappedFile([8, 8, 0x38, 1]))
        }
        #expect(error?.code == .malformed)
    }

    @Test func `refuses names that are not UTF-8`() {
        var writer = ProtobufWriter()
        writer.integer(1, 8)
        writer.bytes(2, [0xC3, 0x28])
        let error = #expect(throws: ImportError.self) { try ONNXModel(MappedFile(writer.bytes)) }
        #expect(error?.code == .malformed)
    }

    @Test func `refuses messages nested without end`() {
        var body = ONNXForge.Body()
        for _ in 0..<100 {
            body = ONNXForge.Body(nodes: [
                ONNXForge.Node("If", [], ["y"], [.graph("then_branch", body)])
            ])
        }
        let error = #expect(throws: ImportError.self) { try ONNXForge(body: body).load() }
        #expect(error?.code == .limitExceeded)
    }

    @Test func `refuses a file that is not there, and a folder`() {
        for path in ["/nonexistent/model.onnx", "/"] {
            let error = #expect(throws: ImportError.self) { try ONNXModel.load(path) }
            #expect(error?.code == .unreadableFile)
            #expect(error?.file == path)
        }
    }
}

extension ONNXForge {
    /// Bytes that the messages of the operator sets take.
    var opsetByteCount: Int {
        opsets.reduce(0) { total, opset in
            var writer = ProtobufWriter()
            writer.message(8) {
                if !opset.domain.isEmpty { $0.text(1, opset.domain) }
                $0.integer(2, opset.version)
            }
            return total + writer.bytes.count
        }
    }
}

/// A small generator of random numbers with a seed.
///
/// Source: Steele et al., SplitMix64.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
