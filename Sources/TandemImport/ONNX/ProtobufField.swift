/// One field of a message, with what is needed to read its content.
struct ProtobufField {
    /// What stands behind the tag.
    enum Content {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case bytes(Range<Int>)
    }

    let number: Int
    let content: Content
    let file: MappedFile
    let depth: Int
    /// Position of the tag.
    let offset: Int

    /// The content as a signed integer (protobuf's int32, int64 and enumerations).
    func integer() throws(ImportError) -> Int64 {
        guard case .varint(let value) = content else { throw wrongKind("a number") }
        return Int64(bitPattern: value)
    }

    /// The content as a number that fits 32 bits.
    func smallInteger() throws(ImportError) -> Int {
        let value = try integer()
        guard let small = Int32(exactly: value) else {
            throw ImportError(
                .malformed, "field \(number): \(value) does not fit 32 bits", offset: offset)
        }
        return Int(small)
    }

    /// The content as a float.
    func float() throws(ImportError) -> Float {
        guard case .fixed32(let bits) = content else { throw wrongKind("a float") }
        return Float(bitPattern: bits)
    }

    /// The content's position and length.
    func range() throws(ImportError) -> Range<Int> {
        guard case .bytes(let range) = content else { throw wrongKind("bytes") }
        return range
    }

    /// The content as text.
    func text() throws(ImportError) -> String {
        let range = try range()
        guard range.count <= ImportLimits.textByteCountMax else {
            throw ImportError(
                .limitExceeded,
                "a text of \(range.count) bytes is longer than \(ImportLimits.textByteCountMax)",
                offset: offset)
        }
        let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[range])
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ImportError(.malformed, "a text is not UTF-8", offset: offset)
        }
        return text
    }

    /// A reader of the content as a message.
    func message() throws(ImportError) -> ProtobufReader {
        let range = try range()
        guard depth < ImportLimits.depthMax else {
            throw ImportError(
                .limitExceeded, "messages are nested deeper than \(ImportLimits.depthMax)",
                offset: offset)
        }
        return ProtobufReader(file, range, depth: depth + 1)
    }

    /// Appends the integers of a repeated field, packed or single.
    func append(to integers: inout [Int64]) throws(ImportError) {
        guard case .bytes(let range) = content else {
            integers.append(try integer())
            return
        }
        var reader = ProtobufReader(file, range, depth: depth)
        while !reader.isAtEnd { integers.append(Int64(bitPattern: try reader.varint())) }
    }

    /// Appends the floats of a repeated field, packed or single.
    func append(to floats: inout [Float]) throws(ImportError) {
        guard case .bytes(let range) = content else {
            floats.append(try float())
            return
        }
        var reader = ProtobufReader(file, range, depth: depth)
        while !reader.isAtEnd { floats.append(Float(bitPattern: try reader.fixed(UInt32.self))) }
    }

    private func wrongKind(_ wanted: String) -> ImportError {
        ImportError(
            .malformed, "field \(number) is not \(wanted), as ONNX's schema says", offset: offset)
    }
}

extension Array {
    /// Appends an item of a repeated field.
    ///
    /// - Throws: `ImportError` `limitExceeded` when there are more than `limit`.
    mutating func append(
        _ item: Element, upTo limit: Int, _ what: String, at offset: Int
    ) throws(ImportError) {
        guard count < limit else {
            throw ImportError(.limitExceeded, "more than \(limit) \(what)", offset: offset)
        }
        append(item)
    }
}

extension ProtobufField {
    /// Calls a closure with each number of a repeated field, packed or single, as its bits.
    ///
    /// Packed numbers have the wire type that ONNX's schema gives `TensorProto`'s field: 4 bytes in
    /// field 4, 8 in field 10, varints else.
    func eachScalar(
        _ body: (UInt64) throws(ImportError) -> Void
    ) throws(ImportError) {
        switch content {
        case .varint(let value):
            guard number != 4, number != 10 else { throw wrongScalar }
            try body(value)
        case .fixed32(let bits):
            guard number == 4 else { throw wrongScalar }
            try body(UInt64(bits))
        case .fixed64(let bits):
            guard number == 10 else { throw wrongScalar }
            try body(bits)
        case .bytes(let range):
            var reader = ProtobufReader(file, range, depth: depth)
            while !reader.isAtEnd {
                switch number {
                case 4: try body(UInt64(try reader.fixed(UInt32.self)))
                case 10: try body(try reader.fixed(UInt64.self))
                default: try body(try reader.varint())
                }
            }
        }
    }

    private var wrongScalar: ImportError {
        ImportError(.malformed, "field \(number) has another wire type than ONNX's", offset: offset)
    }
}
