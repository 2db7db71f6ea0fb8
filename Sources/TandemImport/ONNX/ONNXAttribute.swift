/// A named constant of an ONNX node (`AttributeProto`).
package struct ONNXAttribute: Sendable {
    /// What an attribute holds.
    package enum Content: Sendable {
        /// INT.
        case int(Int64)
        /// FLOAT.
        case float(Float)
        /// STRING; bytes that are not UTF-8 are repaired.
        case string(String)
        /// TENSOR.
        case tensor(ONNXTensor)
        /// GRAPH.
        case graph(ONNXGraph)
        /// INTS.
        case ints([Int64])
        /// FLOATS.
        case floats([Float])
        /// STRINGS; bytes that are not UTF-8 are repaired.
        case strings([String])
        /// The attribute of that name of the call, in the body of a function.
        case reference(String)
        /// A type that is not read, by ONNX's word for it.
        case other(String)
    }

    /// The attribute's name.
    package var name: String
    /// Its content.
    package var content: Content

    /// Makes an attribute.
    package init(name: String, content: Content) {
        self.name = name
        self.content = content
    }
}

extension ONNXAttribute {
    /// The fields of an `AttributeProto`, until its type is known.
    private struct Parts {
        var name = ""
        var type: Int?
        var reference: String?
        var int: Int64?
        var float: Float?
        var string: String?
        var tensor: ONNXTensor?
        var graph: ONNXGraph?
        var ints: [Int64] = []
        var floats: [Float] = []
        var strings: [String] = []
        var other: String?

        /// The content by the declared type; by what is there in files that declare none.
        var content: Content? {
            if let reference { return .reference(reference) }
            switch type ?? 0 {
            case 0: return undeclared
            case 1: return .float(float ?? 0)
            case 2: return .int(int ?? 0)
            case 3: return .string(string ?? "")
            case 4: return tensor.map { .tensor($0) }
            case 5: return graph.map { .graph($0) }
            case 6: return .floats(floats)
            case 7: return .ints(ints)
            case 8: return .strings(strings)
            default: return .other(other ?? "attribute type \(type ?? 0)")
            }
        }

        private var undeclared: Content? {
            if let float { return .float(float) }
            if let int { return .int(int) }
            if let string { return .string(string) }
            if let tensor { return .tensor(tensor) }
            if let graph { return .graph(graph) }
            if !floats.isEmpty { return .floats(floats) }
            if !ints.isEmpty { return .ints(ints) }
            if !strings.isEmpty { return .strings(strings) }
            return other.map { .other($0) }
        }
    }

    /// Reads an `AttributeProto`.
    init(_ reader: ProtobufReader, _ files: ExternalFiles) throws(ImportError) {
        var reader = reader
        let start = reader.offset
        var parts = Parts()
        while let field = try reader.next() { try Self.read(field, files, &parts) }
        guard let content = parts.content else {
            throw ImportError(
                .malformed, "attribute '\(parts.name)' has no value", offset: start)
        }
        self.init(name: parts.name, content: content)
    }

    private static func read(
        _ field: ProtobufField, _ files: ExternalFiles, _ parts: inout Parts
    ) throws(ImportError) {
        switch field.number {
        case 1: parts.name = try field.text()
        case 20: parts.type = try field.smallInteger()
        case 21:
            let name = try field.text()
            parts.reference = name.isEmpty ? nil : name
        case 2: parts.float = try field.float()
        case 3: parts.int = try field.integer()
        case 4: parts.string = try text(field)
        case 5: parts.tensor = try ONNXTensor(try field.message(), files)
        case 6: parts.graph = try ONNXGraph(try field.message(), files)
        case 7: try field.append(to: &parts.floats)
        case 8: try field.append(to: &parts.ints)
        case 9: parts.strings.append(try text(field))
        case 10: parts.other = "a list of tensors"
        case 11: parts.other = "a list of graphs"
        case 14, 15: parts.other = "a type"
        case 22, 23: parts.other = "a sparse tensor"
        default: break
        }
    }

    private static func text(_ field: ProtobufField) throws(ImportError) -> String {
        let range = try field.range()
        guard range.count <= ImportLimits.textByteCountMax else {
            throw ImportError(
                .limitExceeded,
                "a text of \(range.count) bytes is longer than \(ImportLimits.textByteCountMax)",
                offset: field.offset)
        }
        return String(decoding: field.file.bytes[range], as: UTF8.self)
    }
}
