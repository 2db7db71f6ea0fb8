import TandemGraph

@testable import TandemImport

/// A tensor of a test's data, as ONNX stores it: one `TensorProto` in a file.
///
/// Unlike weights, data may hold NaN and infinities.
struct TensorFile {
    let name: String
    let elementType: ONNXElementType
    let tensor: ReferenceTensor

    init(path: String) throws {
        let reader = ProtobufReader(try MappedFile(path: path))
        let stored = try ONNXTensor(reader, ExternalFiles(model: path))
        name = stored.name
        elementType = stored.elementType
        tensor = try Self.tensor(stored)
    }

    private static func tensor(_ stored: ONNXTensor) throws -> ReferenceTensor {
        guard case .raw(let file, let range) = stored.content else {
            return ReferenceTensor(try stored.tensor())
        }
        let shape = try stored.shape()
        let source = UnsafeRawBufferPointer(rebasing: file.bytes[range])
        func values<Number: BitwiseCopyable>(_ type: Number.Type) -> [Number] {
            let width = MemoryLayout<Number>.size
            return (0..<source.count / width).map {
                source.loadUnaligned(fromByteOffset: $0 * width, as: type)
            }
        }
        switch stored.elementType {
        case .float: return ReferenceTensor(shape: shape, .float32(values(Float.self)))
        case .double:
            return ReferenceTensor(shape: shape, .float32(values(Double.self).map { Float($0) }))
        case .float16:
            let halves = values(UInt16.self).map { HalfPrecision.float(bits: $0) }
            return ReferenceTensor(shape: shape, .float32(halves))
        default: return ReferenceTensor(try stored.tensor())
        }
    }
}

extension ReferenceTensor {
    /// The tensor as a constant of a graph.
    var constant: Tensor {
        switch elements {
        case .float32(let values): Tensor(.float32, shape: shape, values)
        case .int32(let values): Tensor(.int32, shape: shape, values)
        case .int64(let values): Tensor(.int64, shape: shape, values)
        case .bool(let values): Tensor(.bool, shape: shape, values.map { UInt8($0 ? 1 : 0) })
        case .int8(let values): Tensor(.int8, shape: shape, values)
        case .uint8(let values): Tensor(.uint8, shape: shape, values)
        }
    }

    /// The numbers, of any dtype.
    var numbers: [Double] {
        switch elements {
        case .float32(let values): values.map(Double.init)
        case .int32(let values): values.map(Double.init)
        case .int64(let values): values.map(Double.init)
        case .bool(let values): values.map { $0 ? 1 : 0 }
        case .int8(let values): values.map(Double.init)
        case .uint8(let values): values.map(Double.init)
        }
    }

    /// Where and how it differs from what is expected; nil if nowhere by more than allowed.
    ///
    /// Floats may differ by `absolute + relative * |expected|`, other numbers not at all.
    func difference(
        from expected: ReferenceTensor, relative: Double, absolute: Double
    ) -> String? {
        guard dtype == expected.dtype, shape == expected.shape else {
            return "is \(dtype.name) \(shape), not \(expected.dtype.name) \(expected.shape)"
        }
        if dtype != .float32 {
            return elements == expected.elements
                ? nil : Self.place(numbers, expected.numbers) { $0 == $1 }
        }
        return Self.place(numbers, expected.numbers) { actual, wanted in
            actual == wanted || (actual.isNaN && wanted.isNaN)
                || (actual - wanted).magnitude <= absolute + relative * wanted.magnitude
        }
    }

    private static func place(
        _ actual: [Double], _ expected: [Double], _ isEqual: (Double, Double) -> Bool
    ) -> String? {
        let wrong = actual.indices.filter { !isEqual(actual[$0], expected[$0]) }
        guard let first = wrong.first else { return nil }
        return "element \(first) is \(actual[first]), not \(expected[first])"
            + " (\(wrong.count) of \(actual.count))"
    }
}
