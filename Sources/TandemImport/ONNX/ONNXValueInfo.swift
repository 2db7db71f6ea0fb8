/// A dimension of an ONNX value's declared shape.
package enum ONNXDimension: Hashable, Sendable {
    /// A declared size.
    case fixed(Int64)
    /// A size that each request brings, by name.
    case parameter(String)
    /// Nothing is declared.
    case unknown
}

/// The declared name, type and shape of an ONNX value (`ValueInfoProto`).
package struct ONNXValueInfo: Hashable, Sendable {
    /// What kind of value it is.
    package enum Kind: Hashable, Sendable {
        /// A dense tensor; nil shape if even the rank is not declared.
        case tensor(ONNXElementType, [ONNXDimension]?)
        /// A sequence, map, optional or sparse tensor, by ONNX's word for it.
        case other(String)
        /// No type is declared.
        case undeclared
    }

    /// The value's name.
    package var name: String
    /// Its type.
    package var kind: Kind

    /// Makes a declaration.
    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

extension ONNXValueInfo {
    /// Reads a `ValueInfoProto`.
    init(_ reader: ProtobufReader) throws(ImportError) {
        var reader = reader
        self.init(name: "", kind: .undeclared)
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try field.text()
            case 2: kind = try Self.kind(try field.message())
            default: break
            }
        }
    }

    private static func kind(_ reader: ProtobufReader) throws(ImportError) -> Kind {
        var reader = reader
        var kind = Kind.undeclared
        while let field = try reader.next() {
            switch field.number {
            case 1: kind = try tensor(try field.message())
            case 4: kind = .other("sequence")
            case 5: kind = .other("map")
            case 8: kind = .other("sparse tensor")
            case 9: kind = .other("optional")
            default: break
            }
        }
        return kind
    }

    private static func tensor(_ reader: ProtobufReader) throws(ImportError) -> Kind {
        var reader = reader
        var type = ONNXElementType(0)
        var shape: [ONNXDimension]?
        while let field = try reader.next() {
            switch field.number {
            case 1: type = ONNXElementType(try field.smallInteger())
            case 2: shape = try dimensions(try field.message())
            default: break
            }
        }
        return .tensor(type, shape)
    }

    private static func dimensions(
        _ reader: ProtobufReader
    ) throws(ImportError) -> [ONNXDimension] {
        var reader = reader
        var dimensions: [ONNXDimension] = []
        while let field = try reader.next() {
            guard field.number == 1 else { continue }
            var inner = try field.message()
            var dimension = ONNXDimension.unknown
            while let part = try inner.next() {
                switch part.number {
                case 1: dimension = .fixed(try part.integer())
                case 2: dimension = .parameter(try part.text())
                default: break
                }
            }
            try dimensions.append(
                dimension, upTo: ImportLimits.rankMax, "dimensions", at: field.offset)
        }
        return dimensions
    }
}
