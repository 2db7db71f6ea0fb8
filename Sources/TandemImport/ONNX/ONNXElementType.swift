package import TandemGraph

/// An element type of ONNX, by its number in `TensorProto.DataType`, and what it becomes here.
package struct ONNXElementType: Hashable, Sendable, CustomStringConvertible {
    /// The number in the file.
    package let number: Int

    /// Makes a type from its number; any number is one, known or not.
    package init(_ number: Int) { self.number = number }

    /// ONNX FLOAT.
    package static let float = ONNXElementType(1)
    /// ONNX UINT8.
    package static let uint8 = ONNXElementType(2)
    /// ONNX INT8.
    package static let int8 = ONNXElementType(3)
    /// ONNX UINT16.
    package static let uint16 = ONNXElementType(4)
    /// ONNX INT16.
    package static let int16 = ONNXElementType(5)
    /// ONNX INT32.
    package static let int32 = ONNXElementType(6)
    /// ONNX INT64.
    package static let int64 = ONNXElementType(7)
    /// ONNX STRING.
    package static let string = ONNXElementType(8)
    /// ONNX BOOL.
    package static let bool = ONNXElementType(9)
    /// ONNX FLOAT16.
    package static let float16 = ONNXElementType(10)
    /// ONNX DOUBLE.
    package static let double = ONNXElementType(11)
    /// ONNX UINT32.
    package static let uint32 = ONNXElementType(12)
    /// ONNX UINT64.
    package static let uint64 = ONNXElementType(13)
    /// ONNX BFLOAT16.
    package static let bfloat16 = ONNXElementType(16)

    private static let names = [
        "UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING",
        "BOOL", "FLOAT16", "DOUBLE", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16",
        "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4", "INT4",
        "FLOAT4E2M1",
    ]

    /// The dtype that carries it here, or nil if none does.
    ///
    /// Floats of every width become f32; integers that neither i32, i8 nor u8 holds become i64.
    package var dtype: DataType? {
        switch self {
        case .float, .float16, .bfloat16, .double: .float32
        case .int64, .int16, .uint16, .uint32, .uint64: .int64
        case .int32: .int32
        case .int8: .int8
        case .uint8: .uint8
        case .bool: .bool
        default: nil
        }
    }

    /// Bytes an element takes in `raw_data` and external files, or nil if it is not read.
    package var byteCount: Int? {
        switch self {
        case .int8, .uint8, .bool: 1
        case .float16, .bfloat16, .int16, .uint16: 2
        case .float, .int32, .uint32: 4
        case .double, .int64, .uint64: 8
        default: nil
        }
    }

    /// Whether the file's elements are the dtype's, bit for bit.
    package var isKept: Bool {
        switch self {
        case .float, .int64, .int32, .int8, .uint8, .bool: true
        default: false
        }
    }

    package var description: String {
        Self.names.indices.contains(number) ? Self.names[number] : "element type \(number)"
    }

    /// Why values of this type cannot be imported; nil if they can.
    package var refusal: (why: String, remedy: String)? {
        guard dtype == nil else { return nil }
        if self == .string {
            return (
                "holds text (STRING)",
                "look texts up outside of the graph: export ids and give vocabularies by --features"
            )
        }
        return (
            "has element type \(self)",
            "export with float, double, half, bool or integers of 8 to 64 bits"
        )
    }
}
