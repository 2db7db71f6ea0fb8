import Glibc
package import TandemGraph

// Design: what a weight's elements become.
//
//   FLOAT, INT64, INT32, INT8, UINT8, BOOL   the same bytes; in place if aligned to their size
//   FLOAT16, BFLOAT16, DOUBLE                f32; a double beyond f32's range is refused
//   INT16, UINT16, UINT32, UINT64            i64; beyond its range is refused
//
// NaN is refused. Infinity is refused too, but for what means something: a single element (a bound,
// a filler) and a mask, which holds nothing but 0 and -infinity.

extension ONNXTensor {
    /// The tensor with its elements: in the mapping where they can stay, else converted.
    ///
    /// O(elements). Pages of the file that were only copied from are given back.
    ///
    /// - Throws: `ImportError` naming the tensor: `unsupportedType`, `wrongSize`, `overflow`,
    ///   `limitExceeded`, `notFinite`, `outOfRange`, `externalFile` or `malformed`.
    package func tensor() throws(ImportError) -> Tensor {
        do throws(ImportError) {
            let (shape, dtype) = try structure()
            let tensor: Tensor
            switch content {
            case .missing(let problem): throw ImportError(problem)
            case .raw(let file, let range):
                tensor = try raw(file, range, dtype, shape)
            case .typed(let file, let range):
                tensor = try typed(ProtobufReader(file, range, depth: 0), dtype, shape)
            }
            try Self.check(tensor)
            return tensor
        } catch {
            throw named(error)
        }
    }

    /// Checks all that can be checked without touching the elements.
    ///
    /// - Throws: `ImportError` as `tensor()`.
    func structure() throws(ImportError) -> (shape: [Int], dtype: DataType) {
        let shape = try shape()
        guard let dtype = elementType.dtype, let width = elementType.byteCount else {
            let refusal = elementType.refusal ?? ("has no element type", "")
            throw ImportError(.unsupportedType, refusal.0, remedy: refusal.1, tensor: name)
        }
        if case .missing(let problem) = content { throw ImportError(problem) }
        guard case .raw(_, let range) = content else { return (shape, dtype) }
        // Elements are at most 2^34, so their bytes cannot overflow.
        let byteCount = shape.reduce(1, *) * width
        guard range.count == byteCount else {
            throw ImportError(
                .wrongSize,
                "\(shape) of \(elementType) takes \(byteCount) bytes, there are \(range.count)",
                remedy: "export the model again", tensor: name)
        }
        return (shape, dtype)
    }

    private func named(_ error: ImportError) -> ImportError {
        var problem = error.problems[0]
        problem.tensor = name
        return ImportError(problem)
    }

    // MARK: Dense bytes

    private func raw(
        _ file: MappedFile, _ range: Range<Int>, _ dtype: DataType, _ shape: [Int]
    ) throws(ImportError) -> Tensor {
        if elementType.isKept, range.lowerBound % dtype.byteCount == 0 {
            return Tensor(
                dtype: dtype, shape: shape, storage: file.storage, byteOffset: range.lowerBound)
        }
        let tensor = Tensor(zeros: dtype, shape: shape)
        if elementType.isKept {
            Self.copy(file, range, to: tensor.base)
        } else {
            try convert(UnsafeRawBufferPointer(rebasing: file.bytes[range]), into: tensor)
            file.releasePages(range)
        }
        return tensor
    }

    /// Copies a part of a file, and gives its pages back piece by piece: a table is not there twice.
    private static func copy(
        _ file: MappedFile, _ range: Range<Int>, to target: UnsafeMutableRawPointer
    ) {
        let pieceByteCount = 16 << 20
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + pieceByteCount, range.upperBound)
            let piece = UnsafeRawBufferPointer(rebasing: file.bytes[start..<end])
            UnsafeMutableRawBufferPointer(
                start: target + (start - range.lowerBound), count: end - start
            ).copyMemory(from: piece)
            file.releasePages(start..<end)
            start = end
        }
    }

    private func convert(
        _ source: UnsafeRawBufferPointer, into tensor: Tensor
    ) throws(ImportError) {
        switch elementType {
        case .float16:
            Self.map(source, UInt16.self, tensor) { HalfPrecision.float(bits: $0) }
        case .bfloat16:
            Self.map(source, UInt16.self, tensor) { Float(bitPattern: UInt32($0) << 16) }
        case .double:
            Self.map(source, UInt64.self, tensor) { Float(Double(bitPattern: $0)) }
        case .int16: Self.map(source, Int16.self, tensor) { Int64($0) }
        case .uint16: Self.map(source, UInt16.self, tensor) { Int64($0) }
        case .uint32: Self.map(source, UInt32.self, tensor) { Int64($0) }
        default:
            let large = Self.firstIndex(source, UInt64.self) { $0 > UInt64(Int64.max) }
            if let large { throw outOfRange("a UINT64", large) }
            Self.map(source, UInt64.self, tensor) { Int64(truncatingIfNeeded: $0) }
        }
    }

    private static func map<Source: BitwiseCopyable, Target: BitwiseCopyable>(
        _ source: UnsafeRawBufferPointer, _ type: Source.Type, _ tensor: Tensor,
        _ convert: (Source) -> Target
    ) {
        let target = tensor.elements(as: Target.self)
        let width = MemoryLayout<Source>.size
        for index in target.indices {
            target[index] = convert(source.loadUnaligned(fromByteOffset: index * width, as: type))
        }
    }

    private static func firstIndex<Source: BitwiseCopyable>(
        _ source: UnsafeRawBufferPointer, _ type: Source.Type, where test: (Source) -> Bool
    ) -> Int? {
        let width = MemoryLayout<Source>.size
        return (0..<source.count / width).first {
            test(source.loadUnaligned(fromByteOffset: $0 * width, as: type))
        }
    }

    private func outOfRange(_ what: String, _ index: Int) -> ImportError {
        ImportError(.outOfRange, "\(what) at index \(index) does not fit")
    }

    // MARK: Typed fields

    /// The number of the field that has elements of the type, by `TensorProto`'s comments.
    private var fieldNumber: Int {
        switch elementType {
        case .float: 4
        case .int64: 7
        case .double: 10
        case .uint32, .uint64: 11
        default: 5
        }
    }

    private func typed(
        _ reader: ProtobufReader, _ dtype: DataType, _ shape: [Int]
    ) throws(ImportError) -> Tensor {
        let count = shape.reduce(1, *)
        // Each element took at least one byte, so this bounds memory before it is taken.
        guard count <= reader.end - reader.offset else {
            throw ImportError(
                .wrongSize, "\(shape) has \(count) elements, the file has fewer",
                remedy: "export the model again")
        }
        let tensor = Tensor(zeros: dtype, shape: shape)
        var index = 0
        var reader = reader
        while let field = try reader.next() {
            guard field.number == fieldNumber else { continue }
            try field.eachScalar { (bits: UInt64) throws(ImportError) in
                if index < count { try store(bits, at: index, in: tensor) }
                index += 1
            }
        }
        guard index == count else {
            throw ImportError(
                .wrongSize, "\(shape) has \(count) elements, the file has \(index)",
                remedy: "export the model again")
        }
        return tensor
    }

    /// Stores an element of a typed field; integers below 64 bits come as int32 or uint64.
    private func store(_ bits: UInt64, at index: Int, in tensor: Tensor) throws(ImportError) {
        switch elementType {
        case .float:
            tensor.elements(as: Float.self)[index] = Float(
                bitPattern: UInt32(truncatingIfNeeded: bits))
        case .double:
            tensor.elements(as: Float.self)[index] = Float(Double(bitPattern: bits))
        case .float16, .bfloat16:
            guard let half = UInt16(exactly: bits) else { throw outOfRange("a half", index) }
            tensor.elements(as: Float.self)[index] =
                elementType == .float16
                ? HalfPrecision.float(bits: half) : Float(bitPattern: UInt32(half) << 16)
        default: try storeInteger(Int64(bitPattern: bits), at: index, in: tensor)
        }
    }

    private func storeInteger(
        _ value: Int64, at index: Int, in tensor: Tensor
    ) throws(ImportError) {
        switch tensor.dtype {
        case .int32:
            guard let fitting = Int32(exactly: value) else { throw outOfRange("an INT32", index) }
            tensor.elements(as: Int32.self)[index] = fitting
        case .int8:
            guard let fitting = Int8(exactly: value) else { throw outOfRange("an INT8", index) }
            tensor.elements(as: Int8.self)[index] = fitting
        case .uint8, .bool:
            guard let fitting = UInt8(exactly: value) else { throw outOfRange("a byte", index) }
            tensor.elements(as: UInt8.self)[index] = fitting
        default:
            let range: ClosedRange<Int64>
            switch elementType {
            case .int16: range = Int64(Int16.min)...Int64(Int16.max)
            case .uint16: range = 0...Int64(UInt16.max)
            case .uint32: range = 0...Int64(UInt32.max)
            case .uint64: range = 0...Int64.max
            default: range = Int64.min...Int64.max
            }
            guard range.contains(value) else { throw outOfRange("\(elementType)", index) }
            tensor.elements(as: Int64.self)[index] = value
        }
    }

    // MARK: Checks

    private static func check(_ tensor: Tensor) throws(ImportError) {
        if tensor.dtype == .bool {
            let wrong = tensor.elements(as: UInt8.self).firstIndex { $0 > 1 }
            if let wrong {
                throw ImportError(.outOfRange, "a BOOL at index \(wrong) is neither 0 nor 1")
            }
        }
        guard tensor.dtype == .float32 else { return }
        let values = tensor.elements(as: Float.self)
        guard let wrong = firstNotFinite(values) else { return }
        if values[wrong].isNaN || (values.count > 1 && !isMask(values)) {
            throw ImportError(
                .notFinite, "the element at index \(wrong) is \(values[wrong])",
                remedy: "the weights did not survive training or conversion; export a sound model")
        }
        let nan = values.firstIndex { $0.isNaN }
        if let nan { throw ImportError(.notFinite, "the element at index \(nan) is nan") }
    }

    private static func isMask(_ values: UnsafeMutableBufferPointer<Float>) -> Bool {
        values.allSatisfy { $0 == 0 || $0 == -.infinity }
    }

    /// The first element that is NaN or infinite: whole blocks first, since weights are many.
    private static func firstNotFinite(_ values: UnsafeMutableBufferPointer<Float>) -> Int? {
        let block = 4096
        for start in stride(from: 0, to: values.count, by: block) {
            let end = min(start + block, values.count)
            var largest: UInt32 = 0
            for index in start..<end { largest = max(largest, values[index].magnitude.bitPattern) }
            guard largest >= Float.infinity.bitPattern else { continue }
            return (start..<end).first { !values[$0].isFinite }
        }
        return nil
    }
}
