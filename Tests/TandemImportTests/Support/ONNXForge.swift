import TandemGraph
import TandemImport

/// Makes the bytes of small ONNX models, sound ones and broken ones.
struct ONNXForge: Sendable {
    /// A tensor's message.
    struct Weight: Sendable {
        var name: String
        var type = 1
        var dimensions: [Int64]
        /// Content of `raw_data`, if that is where the elements are.
        var raw: [UInt8]?
        /// Writes other fields: typed elements, external locations.
        var more: @Sendable (inout ProtobufWriter) -> Void = { _ in }

        static func floats(_ name: String, _ dimensions: [Int64], _ values: [Float]) -> Weight {
            Weight(name: name, dimensions: dimensions, raw: littleEndianBytes(values))
        }

        static func integers(_ name: String, _ dimensions: [Int64], _ values: [Int64]) -> Weight {
            Weight(name: name, type: 7, dimensions: dimensions, raw: littleEndianBytes(values))
        }

        func write(_ writer: inout ProtobufWriter) {
            for dimension in dimensions { writer.integer(1, dimension) }
            writer.integer(2, Int64(type))
            writer.text(8, name)
            if let raw { writer.bytes(9, raw) }
            more(&writer)
        }
    }

    /// An attribute's message.
    enum Attribute: Sendable {
        case int(String, Int64)
        case float(String, Float)
        case string(String, String)
        case ints(String, [Int64])
        case tensor(String, Weight)
        case graph(String, Body)
        case reference(String, type: Int64, to: String)

        func write(_ writer: inout ProtobufWriter) {
            switch self {
            case .int(let name, let value):
                writer.text(1, name)
                writer.integer(3, value)
                writer.integer(20, 2)
            case .float(let name, let value):
                writer.text(1, name)
                writer.float(2, value)
                writer.integer(20, 1)
            case .string(let name, let value):
                writer.text(1, name)
                writer.text(4, value)
                writer.integer(20, 3)
            case .ints(let name, let values):
                writer.text(1, name)
                for value in values { writer.integer(8, value) }
                writer.integer(20, 7)
            case .tensor(let name, let weight):
                writer.text(1, name)
                writer.message(5) { weight.write(&$0) }
                writer.integer(20, 4)
            case .graph(let name, let body):
                writer.text(1, name)
                writer.message(6) { body.write(&$0) }
                writer.integer(20, 5)
            case .reference(let name, let type, let target):
                writer.text(1, name)
                writer.integer(20, type)
                writer.text(21, target)
            }
        }
    }

    /// A node's message.
    struct Node: Sendable {
        var name = ""
        var `operator`: String
        var domain = ""
        var inputs: [String]
        var outputs: [String]
        var attributes: [Attribute] = []

        init(
            _ operator: String, _ inputs: [String], _ outputs: [String],
            _ attributes: [Attribute] = [], name: String = "", domain: String = ""
        ) {
            self.operator = `operator`
            self.inputs = inputs
            self.outputs = outputs
            self.attributes = attributes
            self.name = name
            self.domain = domain
        }

        func write(_ writer: inout ProtobufWriter) {
            for input in inputs { writer.text(1, input) }
            for output in outputs { writer.text(2, output) }
            if !name.isEmpty { writer.text(3, name) }
            writer.text(4, `operator`)
            for attribute in attributes { writer.message(5) { attribute.write(&$0) } }
            if !domain.isEmpty { writer.text(7, domain) }
        }
    }

    /// A value's declaration; a dimension is a size, or a name.
    struct Declaration: Sendable {
        var name: String
        var type = 1
        var dimensions: [String]?
        /// The number of the type's field; 1 is a tensor.
        var kind = 1

        init(_ name: String, _ dimensions: [String]?, type: Int = 1, kind: Int = 1) {
            self.name = name
            self.type = type
            self.dimensions = dimensions
            self.kind = kind
        }

        func write(_ writer: inout ProtobufWriter) {
            writer.text(1, name)
            writer.message(2) { outer in
                outer.message(kind) { tensor in
                    tensor.integer(1, Int64(type))
                    guard let dimensions else { return }
                    tensor.message(2) { shape in
                        for dimension in dimensions {
                            shape.message(1) {
                                if let size = Int64(dimension) {
                                    $0.integer(1, size)
                                } else if !dimension.isEmpty {
                                    $0.text(2, dimension)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// A graph's message.
    struct Body: Sendable {
        var nodes: [Node] = []
        var weights: [Weight] = []
        var inputs: [Declaration] = []
        var outputs: [Declaration] = []
        var more: @Sendable (inout ProtobufWriter) -> Void = { _ in }

        func write(_ writer: inout ProtobufWriter) {
            for node in nodes { writer.message(1) { node.write(&$0) } }
            writer.text(2, "body")
            for weight in weights { writer.message(5) { weight.write(&$0) } }
            for input in inputs { writer.message(11) { input.write(&$0) } }
            for output in outputs { writer.message(12) { output.write(&$0) } }
            more(&writer)
        }
    }

    /// A function's message.
    struct Function: Sendable {
        var name: String
        var domain: String
        var inputs: [String]
        var outputs: [String]
        var nodes: [Node]
        var attributes: [String] = []

        func write(_ writer: inout ProtobufWriter) {
            writer.text(1, name)
            for input in inputs { writer.text(4, input) }
            for output in outputs { writer.text(5, output) }
            for attribute in attributes { writer.text(6, attribute) }
            for node in nodes { writer.message(7) { node.write(&$0) } }
            writer.message(9) { $0.integer(2, 17) }
            writer.text(10, domain)
        }
    }

    var opsets: [(domain: String, version: Int64)] = [("", 17), ("com.microsoft", 1)]
    var body = Body()
    var functions: [Function] = []

    /// The file's bytes.
    var bytes: [UInt8] {
        var writer = ProtobufWriter()
        writer.integer(1, 8)
        writer.text(2, "forge")
        writer.text(3, "1.0")
        writer.message(7) { body.write(&$0) }
        for opset in opsets {
            writer.message(8) {
                if !opset.domain.isEmpty { $0.text(1, opset.domain) }
                $0.integer(2, opset.version)
            }
        }
        for function in functions { writer.message(25) { function.write(&$0) } }
        return writer.bytes
    }

    /// The model, its structure checked.
    func load() throws(ImportError) -> ONNXModel { try ONNXModel(MappedFile(bytes)).checked() }

    /// A sound model: `y = x W + b`, with a free batch.
    static var linear: ONNXForge {
        ONNXForge(
            body: Body(
                nodes: [
                    Node("MatMul", ["x", "W"], ["xW"], name: "product"),
                    Node("Add", ["xW", "b"], ["y"]),
                ],
                weights: [
                    .floats("W", [2, 3], [1, 2, 3, 4, 5, 6]), .floats("b", [3], [0.5, 1, 2]),
                ],
                inputs: [Declaration("x", ["batch", "2"])],
                outputs: [Declaration("y", ["batch", "3"])]))
    }
}

/// A tensor's elements, which outlive it.
func elements<Number: BitwiseCopyable>(_ tensor: Tensor, _ type: Number.Type) -> [Number] {
    withExtendedLifetime(tensor) { Array(tensor.elements(as: type)) }
}
