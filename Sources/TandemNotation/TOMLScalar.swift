/// Values that are one word: truth values, numbers, dates.
enum TOMLScalar {
    /// The value that a word spells; nil if it is none.
    static func value(_ word: String) -> NotationValue? {
        switch word {
        case "true": return .truth(true)
        case "false": return .truth(false)
        default: break
        }
        let bytes = Array(word.utf8)
        if isDate(bytes[...]) || isTime(bytes[...]) { return .date }
        let digits =
            bytes.first.map { "+-".utf8.contains($0) } == true ? bytes.dropFirst() : bytes[...]
        switch String(decoding: digits, as: UTF8.self) {
        case "inf": return .number(bytes.first == UInt8(ascii: "-") ? -.infinity : .infinity)
        case "nan": return .number(.nan)
        default: break
        }
        guard isUnderscored(digits) else { return nil }
        let plain = word.filter { $0 != "_" }
        return prefixed(plain) ?? decimal(plain)
    }

    /// Hexadecimal, octal and binary; they have no sign.
    private static func prefixed(_ word: String) -> NotationValue? {
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
            let digits = word.dropFirst(2)
            guard digits.first?.isHexDigit == true else { return nil }
            return Int(digits, radix: radix).map { .integer($0) }
        }
        return nil
    }

    private static func decimal(_ word: String) -> NotationValue? {
        var digits = word[...]
        if digits.first == "-" || digits.first == "+" { digits = digits.dropFirst() }
        let whole = digits.prefix { $0 != "." && $0 != "e" && $0 != "E" }
        guard isDigits(whole), whole.count == 1 || whole.first != "0" else { return nil }
        var rest = digits.dropFirst(whole.count)
        if rest.isEmpty { return Int(word).map { .integer($0) } }
        if rest.first == "." {
            let fraction = rest.dropFirst().prefix { $0 != "e" && $0 != "E" }
            guard isDigits(fraction) else { return nil }
            rest = rest.dropFirst(fraction.count + 1)
        }
        if let mark = rest.first {
            guard mark == "e" || mark == "E" else { return nil }
            rest = rest.dropFirst()
            if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
            guard isDigits(rest) else { return nil }
        }
        return Double(word).map { .number($0) }
    }

    private static func isDigits(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isDigit)
    }

    /// Whether every underscore stands between two digits or letters.
    private static func isUnderscored(_ bytes: ArraySlice<UInt8>) -> Bool {
        for index in bytes.indices where bytes[index] == UInt8(ascii: "_") {
            guard index > bytes.startIndex, index + 1 < bytes.endIndex, isHex(bytes[index - 1]),
                isHex(bytes[index + 1])
            else { return false }
        }
        return true
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f")
    }
}

/// Whether bytes begin as `1979-05-27` does.
func isDate(_ bytes: ArraySlice<UInt8>) -> Bool { matches(bytes, "dddd-dd-dd") }

/// Whether bytes begin as `07:32` does.
func isTime(_ bytes: ArraySlice<UInt8>) -> Bool { matches(bytes, "dd:dd") }

private func matches(_ bytes: ArraySlice<UInt8>, _ form: String) -> Bool {
    bytes.count >= form.utf8.count
        && zip(bytes, form.utf8).allSatisfy { byte, mark in
            mark == UInt8(ascii: "d") ? isDigit(byte) : byte == mark
        }
}

/// Whether a byte may stand in a key without quotes.
func isBareKey(_ byte: UInt8) -> Bool {
    let letter = byte | 0x20
    return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z") || isDigit(byte)
        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
}

/// Whether a byte ends a value that is one word.
func isValueEnd(_ byte: UInt8) -> Bool {
    isBlank(byte) || byte == newline || byte == 0x0D || ",]}#=[{\"'".utf8.contains(byte)
}
