import CTandemProto

/// UTF-8 text inside of a message, borrowed.
///
/// Valid until the message's arena is reset. It has been checked to be UTF-8 unless said otherwise.
package struct TextView {
    /// The bytes; base address nil where empty.
    package let bytes: UnsafeRawBufferPointer

    /// A view of bytes that the caller keeps alive.
    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    init(_ bytes: ProtobufCBinaryData) {
        self.bytes = UnsafeRawBufferPointer(start: bytes.data, count: bytes.len)
    }

    /// Whether there is no text.
    package var isEmpty: Bool { bytes.isEmpty }

    /// The text as a string; allocates.
    ///
    /// Bytes that are not UTF-8 are replaced.
    package var string: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the bytes are the same.
    ///
    /// Allocates nothing.
    package func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        bytes.count == other.count && bytes.elementsEqual(other)
    }

    /// Whether the bytes are the string's UTF-8.
    package func equals(_ other: String) -> Bool { bytes.elementsEqual(other.utf8) }

    /// Whether the bytes are well-formed UTF-8.
    ///
    /// Allocates nothing.
    ///
    /// Source: The Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences".
    package var isUTF8: Bool {
        var index = 0
        while index < bytes.count {
            let first = bytes[index]
            if first < 0x80 {
                index += 1
                continue
            }
            let count: Int
            // The second byte's range depends on the first: no overlong forms, no surrogates, and
            // nothing past U+10FFFF.
            let second: ClosedRange<UInt8>
            switch first {
            case 0xC2...0xDF: (count, second) = (2, 0x80...0xBF)
            case 0xE0: (count, second) = (3, 0xA0...0xBF)
            case 0xED: (count, second) = (3, 0x80...0x9F)
            case 0xE1...0xEF: (count, second) = (3, 0x80...0xBF)
            case 0xF0: (count, second) = (4, 0x90...0xBF)
            case 0xF1...0xF3: (count, second) = (4, 0x80...0xBF)
            case 0xF4: (count, second) = (4, 0x80...0x8F)
            default: return false
            }
            guard index + count <= bytes.count, second ~= bytes[index + 1] else { return false }
            for next in (index + 2)..<max(index + 2, index + count)
            where bytes[next] & 0xC0 != 0x80 {
                return false
            }
            index += count
        }
        return true
    }
}

/// A list of texts inside of a message, borrowed as `TextView` is.
package struct TextListView: RandomAccessCollection {
    private let entries: UnsafeBufferPointer<ProtobufCBinaryData>

    init(_ entries: UnsafeMutablePointer<ProtobufCBinaryData>?, count: Int) {
        self.entries = UnsafeBufferPointer(start: entries, count: count)
    }

    /// 0.
    package var startIndex: Int { 0 }
    /// The number of texts.
    package var endIndex: Int { entries.count }
    /// The text at an index.
    package subscript(index: Int) -> TextView { TextView(entries[index]) }
}
