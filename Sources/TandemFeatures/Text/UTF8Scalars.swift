/// Unicode scalars as the bytes of UTF-8 and back.
enum UTF8Scalars {
    /// Overwrites an array with a text's scalars.
    ///
    /// - Returns: False if the bytes are not UTF-8; the array then holds a part.
    /// - Complexity: O(bytes). Allocates only to grow the array.
    static func read(_ text: UnsafeRawBufferPointer, into scalars: inout [UInt32]) -> Bool {
        scalars.removeAll(keepingCapacity: true)
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x80 {
                scalars.append(UInt32(byte))
                index += 1
                continue
            }
            guard let (scalar, count) = longScalar(text, index) else { return false }
            scalars.append(scalar)
            index += count
        }
        return true
    }

    /// The scalar of two to four bytes at a place, or nil if there is none.
    ///
    /// Source: The Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences".
    private static func longScalar(
        _ text: UnsafeRawBufferPointer, _ index: Int
    ) -> (scalar: UInt32, count: Int)? {
        let lead = text[index]
        let count: Int
        // The second byte's range keeps out forms that are longer than needed, surrogates, and
        // what lies above U+10FFFF.
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: count = 2
        case 0xE0...0xEF:
            count = 3
            if lead == 0xE0 { second = 0xA0...0xBF }
            if lead == 0xED { second = 0x80...0x9F }
        case 0xF0...0xF4:
            count = 4
            if lead == 0xF0 { second = 0x90...0xBF }
            if lead == 0xF4 { second = 0x80...0x8F }
        default: return nil
        }
        guard text.count - index >= count, second.contains(text[index + 1]) else { return nil }
        var scalar = UInt32(lead) & (0x7F >> UInt32(count))
        scalar = scalar << 6 | UInt32(text[index + 1] & 0x3F)
        var offset = 2
        while offset < count {
            let byte = text[index + offset]
            guard byte & 0xC0 == 0x80 else { return nil }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
            offset += 1
        }
        return (scalar, count)
    }

    /// Appends a scalar's bytes.
    @inline(__always)
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        if scalar < 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: scalar))
            return
        }
        if scalar < 0x800 {
            bytes.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
        } else {
            if scalar < 0x10000 {
                bytes.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            } else {
                bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
                bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
            }
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
        }
        bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
    }
}
