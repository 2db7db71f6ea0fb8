import Glibc
import TandemGraph

/// An array of a .npy file, checked against an input of a graph.
///
/// Source: NumPy enhancement proposal 1, "A Simple File Format for NumPy Arrays"; versions 1 to 3.
struct NumpyArray {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// The largest file that is read, in bytes.
    private static let fileBytesMax = 8 << 30

    let path: String
    let rowCount: Int
    /// Bytes of one row.
    let rowBytes: Int
    /// Whether one row may serve all.
    let isContext: Bool
    private let data: [UInt8]
    private let dataStart: Int

    /// Reads a file as rows of an input.
    ///
    /// - Throws: `Failure` naming the file and what it should hold.
    init(path: String, type: TensorType) throws(Failure) {
        self.path = path
        isContext = type.rows != .candidate
        data = try Self.read(path)
        let (header, start) = try Self.header(data, path)
        dataStart = start
        let wanted = type.dtype == .float32 ? "<f4" : "<i4"
        guard header.contains("'descr': '\(wanted)'"), header.contains("'fortran_order': False")
        else {
            throw Failure(
                .dataError, "\(path): must be \(wanted) in C order; its header is \(header)")
        }
        let shape = try Self.shape(header, path)
        let rowShape = type.fixedSizes ?? []
        guard shape.count == rowShape.count + 1, Array(shape.dropFirst()) == rowShape,
            let count = TensorType.product(shape), count <= Self.fileBytesMax / 4,
            data.count - start == count * 4
        else {
            throw Failure(
                .dataError,
                "\(path): has shape \(shape) in \(data.count - start) bytes, the input is "
                    + "[rows] + \(rowShape)")
        }
        rowCount = shape[0]
        rowBytes = rowShape.reduce(4, *)
    }

    /// Copies a row.
    func copy(row: Int, to memory: UnsafeMutableRawPointer) {
        data.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            memory.copyMemory(from: base + dataStart + row * rowBytes, byteCount: rowBytes)
        }
    }

    /// The bytes of some rows.
    func bytes(rows: Range<Int>) -> [UInt8] {
        Array(data[dataStart + rows.lowerBound * rowBytes..<dataStart + rows.upperBound * rowBytes])
    }

    /// Refuses ids and lengths that are negative or too large for what they are looked up in.
    ///
    /// - Throws: `Failure` naming the file and the element.
    func checkIdentifiers(below limit: UInt32) throws(Failure) {
        for element in 0..<(data.count - dataStart) / 4 {
            let value = data.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: dataStart + element * 4, as: Int32.self)
            }
            guard value >= 0, UInt32(value) < limit else {
                throw Failure(
                    .dataError, "\(path): element \(element) is \(value), must be 0 ..< \(limit)")
            }
        }
    }

    /// A file's bytes for numbers of a shape.
    static func bytes(_ values: [Float], shape: [Int]) -> [UInt8] {
        header(.float32, shape: shape) + values.withUnsafeBytes { Array($0) }
    }

    /// The beginning of a file, up to the numbers.
    static func header(_ dtype: DataType, shape: [Int]) -> [UInt8] {
        let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        let description =
            switch dtype {
            case .float32: "<f4"
            case .int32: "<i4"
            case .int64: "<i8"
            case .bool: "|b1"
            case .int8: "|i1"
            case .uint8: "|u1"
            }
        var header = Array(
            "{'descr': '\(description)', 'fortran_order': False, 'shape': (\(sizes)), }".utf8)
        while (magic.count + 4 + header.count + 1) % 64 != 0 { header.append(UInt8(ascii: " ")) }
        header.append(UInt8(ascii: "\n"))
        let length = UInt16(header.count)
        return magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + header
    }

    private static func read(_ path: String) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(.noInput, "\(path): cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = piece.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(
                    .inputOutput, "\(path): reading failed: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= fileBytesMax else {
                throw Failure(.dataError, "\(path): is larger than \(fileBytesMax) bytes")
            }
            bytes += piece[..<count]
        }
    }

    /// The header's text and where the numbers begin.
    private static func header(
        _ data: [UInt8], _ path: String
    ) throws(Failure) -> (text: String, end: Int) {
        guard data.count >= 12, Array(data[..<6]) == magic, (1...3).contains(data[6]) else {
            throw Failure(.dataError, "\(path): is not a .npy file of version 1 to 3")
        }
        let lengthBytes = data[6] == 1 ? 2 : 4
        var length = 0
        for index in (0..<lengthBytes).reversed() { length = length << 8 | Int(data[8 + index]) }
        let start = 8 + lengthBytes
        guard length <= data.count - start else {
            throw Failure(.dataError, "\(path): is cut off in its header")
        }
        return (String(decoding: data[start..<start + length], as: UTF8.self), start + length)
    }

    private static func shape(_ header: String, _ path: String) throws(Failure) -> [Int] {
        guard let marker = header.firstRange(of: "'shape': ("),
            let end = header[marker.upperBound...].firstIndex(of: ")")
        else { throw Failure(.dataError, "\(path): its header states no shape") }
        let parts = header[marker.upperBound..<end].split(separator: ",")
            .map { part in part.filter { $0 != " " } }.filter { !$0.isEmpty }
        let sizes = parts.compactMap { Int($0) }
        guard sizes.count == parts.count, sizes.allSatisfy({ $0 >= 0 }) else {
            throw Failure(.dataError, "\(path): its header's shape is not made of numbers")
        }
        return sizes
    }
}
