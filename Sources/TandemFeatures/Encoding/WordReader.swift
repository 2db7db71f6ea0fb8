/// Cuts a text into words, the same on every machine and in every version.
///
/// A word is a longest run of bytes that are ASCII letters, ASCII digits or at least 0x80 (so any
/// UTF-8 beyond ASCII belongs to words, whatever it means). ASCII letters are taken in lower case,
/// nothing else is changed. Of a word longer than `FeatureLimits.wordByteCountMax` only the first
/// bytes count.
enum WordReader {
    /// Passes the text's words on, one after the other, in lower case.
    ///
    /// - Parameters:
    ///   - text: Any bytes.
    ///   - body: Gets a word, valid during the call; false stops the reading.
    /// - Returns: Whether `body` stopped it: there was at least one word more than it took.
    /// - Complexity: O(bytes up to where it stopped). Allocates nothing.
    static func words(
        of text: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Bool
    ) -> Bool {
        let most = FeatureLimits.wordByteCountMax
        return withUnsafeTemporaryAllocation(byteCount: most, alignment: 8) { word in
            var index = 0
            while index < text.count {
                guard isWordByte(text[index]) else {
                    index += 1
                    continue
                }
                var byteCount = 0
                while index < text.count, isWordByte(text[index]) {
                    if byteCount < most {
                        word[byteCount] = lowered(text[index])
                        byteCount += 1
                    }
                    index += 1
                }
                let bytes = UnsafeRawBufferPointer(rebasing: word[..<byteCount])
                if !body(bytes) { return true }
            }
            return false
        }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...0xFF:
            true
        default: false
        }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
        default: byte
        }
    }
}
