// Design: a reader of protobuf's wire format, and no more.
//
//   tag      varint: field number << 3 | wire type
//   type 0   varint, at most 10 bytes, 7 bits each, lowest first
//   type 1   8 bytes, little-endian
//   type 2   varint length, then that many bytes
//   type 5   4 bytes, little-endian
//
// Types 3 and 4 (groups) died with proto2 and are refused, as are 6 and 7. A reader walks over one
// message's fields; a field that holds a message gives a reader one level deeper. All positions are
// those of the file, so that every refusal says where. Unknown fields are passed over.
// Source: protobuf.dev/programming-guides/encoding.

/// Walks over the fields of one protobuf message inside a mapped file.
struct ProtobufReader {
    let file: MappedFile
    /// How many messages this one is inside of.
    let depth: Int
    /// Position of the next byte.
    private(set) var offset: Int
    /// Position behind the message's last byte.
    let end: Int

    /// A reader of the whole file as one message.
    init(_ file: MappedFile) {
        self.init(file, 0..<file.byteCount, depth: 0)
    }

    /// A reader of a part of the file.
    ///
    /// - Precondition: The range lies in the file.
    init(_ file: MappedFile, _ range: Range<Int>, depth: Int) {
        precondition(range.lowerBound >= 0 && range.upperBound <= file.byteCount)
        self.file = file
        self.depth = depth
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next field, or nil at the message's end.
    ///
    /// - Throws: `ImportError` `cutFile` or `malformed`, with the offset.
    mutating func next() throws(ImportError) -> ProtobufField? {
        guard offset < end else { return nil }
        let start = offset
        let tag = try varint()
        guard tag >> 3 >= 1, tag >> 3 < 1 << 29 else {
            throw ImportError(.malformed, "field number \(tag >> 3)", offset: start)
        }
        let number = Int(tag >> 3)
        let content: ProtobufField.Content
        switch tag & 7 {
        case 0: content = .varint(try varint())
        case 1: content = .fixed64(try fixed(UInt64.self))
        case 2:
            let length = try varint()
            guard length <= UInt64(end - offset) else {
                throw cut("a field of \(length) bytes", start)
            }
            content = .bytes(offset..<offset + Int(length))
            offset += Int(length)
        case 5: content = .fixed32(try fixed(UInt32.self))
        default:
            throw ImportError(.malformed, "wire type \(tag & 7)", offset: start)
        }
        return ProtobufField(
            number: number, content: content, file: file, depth: depth, offset: start)
    }

    /// The next varint.
    ///
    /// - Throws: `ImportError` `cutFile`, or `malformed` when it does not fit 64 bits.
    mutating func varint() throws(ImportError) -> UInt64 {
        let start = offset
        let bytes = file.bytes
        var value: UInt64 = 0
        for position in 0..<10 {
            guard offset < end else { throw cut("a number", start) }
            let byte = bytes[offset]
            offset += 1
            if position == 9, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << UInt64(7 * position)
            if byte < 0x80 { return value }
        }
        throw ImportError(.malformed, "a number of more than 64 bits", offset: start)
    }

    /// The next little-endian number of fixed width.
    ///
    /// - Throws: `ImportError` `cutFile`.
    mutating func fixed<Number: FixedWidthInteger & BitwiseCopyable>(
        _ type: Number.Type
    ) throws(ImportError) -> Number {
        let size = MemoryLayout<Number>.size
        guard size <= end - offset else { throw cut("\(size) bytes", offset) }
        defer { offset += size }
        return Number(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// Whether everything was read.
    var isAtEnd: Bool { offset >= end }

    private func cut(_ what: String, _ start: Int) -> ImportError {
        let place = end == file.byteCount ? "the file" : "its message"
        return ImportError(
            .cutFile, "\(what) goes on behind the end of \(place) at byte \(end)",
            remedy: "fetch or export the file again", offset: start)
    }
}
