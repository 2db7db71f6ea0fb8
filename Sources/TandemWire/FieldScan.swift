/// Looks at a message's own fields without decoding it: for what needs one or two of them, or of a
/// message that cannot be decoded as a whole.
package enum FieldScan {
    /// Hands over the fields in order, until the bytes end or stop making sense.
    ///
    /// Fixed-width fields are passed over, since no message of ours has one that is looked for.
    ///
    /// - Parameters:
    ///   - bytes: An encoded message; hostile ones do no harm.
    ///   - take: Gets a field's number, its value if it is a varint, and otherwise its content.
    package static func fields(
        _ bytes: UnsafeRawBufferPointer,
        _ take: (_ number: UInt64, _ value: UInt64, _ content: UnsafeRawBufferPointer?) -> Void
    ) {
        var index = 0
        while index < bytes.count, let tag = varint(bytes, &index) {
            switch tag & 7 {
            case 0:
                guard let value = varint(bytes, &index) else { return }
                take(tag >> 3, value, nil)
            case 1: index += 8
            case 2:
                guard let length = varint(bytes, &index), length <= UInt64(bytes.count - index)
                else { return }
                let content = UnsafeRawBufferPointer(
                    rebasing: bytes[index..<index + Int(length)])
                take(tag >> 3, 0, content)
                index += Int(length)
            case 5: index += 4
            default: return
            }
        }
    }

    private static func varint(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard index < bytes.count else { return nil }
            let byte = bytes[index]
            index += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
