// Design: JSON that is pulled, not built.
//
// Files that come with models hold a vocabulary of a million entries beside a dozen settings. So
// the reader is asked for what stands next: an object's keys and an array's elements go one by one
// into memory of the caller's choice, and what is small is taken as a whole (`node`), in the form in
// which TOML documents are read. The bytes are strangers': they are checked to be UTF-8 first, every
// byte is looked at by position, nesting is bounded, and the first thing that is wrong is refused
// with its line. Foundation's reader was rejected: it builds everything, and keeps no lines.
//
// Source: RFC 8259. Stricter than it in one thing: a key that stands twice is refused.

/// Reads a JSON document from its beginning to its end.
///
/// A value is read by exactly one of the calls, which leaves the reader behind it.
package struct JSONReader {
    /// Objects and arrays inside each other.
    private static let depthMax = 64

    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private var line = 1
    // One an open object or array: whether it had no member yet.
    private var isEmpty: [Bool] = []

    /// Stands before a document's value.
    ///
    /// - Parameter bytes: The document; borrowed while it is read.
    /// - Throws: `NotationError` `invalidDocument` if they are not UTF-8.
    package init(_ bytes: UnsafeRawBufferPointer) throws(NotationError) {
        self.bytes = bytes
        do {
            _ = try UTF8Span(validating: bytes.bindMemory(to: UInt8.self).span)
        } catch {
            throw NotationError(
                .invalidDocument, "is not UTF-8, from byte \(error.byteOffsets.lowerBound) on",
                remedy: "save it in that encoding")
        }
    }

    /// A whole document as one value.
    ///
    /// - Throws: `NotationError` `invalidDocument` with the line.
    package static func parse(_ bytes: UnsafeRawBufferPointer) throws(NotationError) -> NotationNode
    {
        var reader = try JSONReader(bytes)
        let node = try reader.node()
        try reader.finish()
        return node
    }

    /// What a value begins with.
    package enum Kind: Sendable {
        /// An object.
        case object
        /// An array.
        case array
        /// A string.
        case text
        /// A number, true, false or null.
        case word
    }

    /// What the next value is.
    package mutating func kind() throws(NotationError) -> Kind {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .text
        default: return .word
        }
    }

    // MARK: - Objects and arrays

    /// Enters an object.
    package mutating func beginObject() throws(NotationError) {
        try open(UInt8(ascii: "{"), "an object")
    }

    /// Enters an array.
    package mutating func beginArray() throws(NotationError) {
        try open(UInt8(ascii: "["), "an array")
    }

    /// Appends the next key's bytes and stands before its value; false at the object's end, which
    /// it leaves.
    package mutating func nextKey(into text: inout [UInt8]) throws(NotationError) -> Bool {
        guard try nextMember(until: UInt8(ascii: "}")) else { return false }
        _ = try self.text(into: &text)
        try expect(UInt8(ascii: ":"), "a colon")
        return true
    }

    /// The next key, before its value; nil at the object's end, which it leaves.
    package mutating func nextKey() throws(NotationError) -> String? {
        var text: [UInt8] = []
        guard try nextKey(into: &text) else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether another element follows; at the array's end it leaves it.
    package mutating func nextElement() throws(NotationError) -> Bool {
        try nextMember(until: UInt8(ascii: "]"))
    }

    private mutating func open(_ byte: UInt8, _ what: String) throws(NotationError) {
        try expect(byte, what)
        guard isEmpty.count < Self.depthMax else {
            throw failure("it nests deeper than \(Self.depthMax)", "")
        }
        isEmpty.append(true)
    }

    private mutating func nextMember(until end: UInt8) throws(NotationError) -> Bool {
        skipSpace()
        if current == end {
            index += 1
            isEmpty.removeLast()
            return false
        }
        let last = isEmpty.count - 1
        if isEmpty[last] {
            isEmpty[last] = false
        } else {
            try expect(UInt8(ascii: ","), "a comma")
        }
        return true
    }

    // MARK: - Values

    /// Appends a string's bytes, its escapes resolved.
    ///
    /// - Returns: How many bytes.
    package mutating func text(into text: inout [UInt8]) throws(NotationError) -> Int {
        try expect(UInt8(ascii: "\""), "a text in double quotes")
        let count = text.count
        while true {
            let start = index
            while let byte = current, byte >= 0x20, byte != UInt8(ascii: "\""),
                byte != UInt8(ascii: "\\")
            {
                index += 1
            }
            text.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
            switch current {
            case UInt8(ascii: "\""):
                index += 1
                return text.count - count
            case UInt8(ascii: "\\"): try escape(into: &text)
            case nil: throw failure("a text has no end", "")
            default: throw failure("a text has a control character", "write it as \\u00XX")
            }
        }
    }

    /// A whole number.
    package mutating func integer() throws(NotationError) -> Int {
        let word = word()
        guard isNumber(word), let integer = Int(word) else {
            throw failure("\(shown(word)) stands where a whole number is wanted", "")
        }
        return integer
    }

    /// The next value with all that is in it; keys with null are left out.
    package mutating func node() throws(NotationError) -> NotationNode {
        guard let node = try optionalNode() else {
            throw failure("null stands where a value is wanted", "")
        }
        return node
    }

    /// Passes over the next value.
    package mutating func skip() throws(NotationError) {
        var text: [UInt8] = []
        switch try kind() {
        case .object:
            try beginObject()
            while try nextKey(into: &text) {
                text.removeAll(keepingCapacity: true)
                try skip()
            }
        case .array:
            try beginArray()
            while try nextElement() { try skip() }
        case .text: _ = try self.text(into: &text)
        case .word: _ = try optionalNode()
        }
    }

    /// Checks that nothing follows.
    package mutating func finish() throws(NotationError) {
        skipSpace()
        guard index == bytes.count else { throw failure("something follows its end", "") }
    }

    /// The next value with all that is in it, nil for null.
    package mutating func optionalNode() throws(NotationError) -> NotationNode? {
        let kind = try kind()
        let line = line
        switch kind {
        case .object:
            var members: [String: NotationNode] = [:]
            var keys: Set<String> = []
            try beginObject()
            while let key = try nextKey() {
                guard keys.insert(key).inserted else {
                    throw failure("the key '\(key.cutShort)' stands there twice", "drop one")
                }
                if let node = try optionalNode() { members[key] = node }
            }
            return NotationNode(value: .table(members), line: line)
        case .array:
            var elements: [NotationNode] = []
            try beginArray()
            while try nextElement() { elements.append(try node()) }
            return NotationNode(value: .array(elements), line: line)
        case .text:
            var text: [UInt8] = []
            _ = try self.text(into: &text)
            return NotationNode(
                value: .text(String(decoding: text, as: UTF8.self)), line: line)
        case .word:
            let word = word()
            if word == "null" { return nil }
            guard let value = value(word) else {
                throw failure("\(shown(word)) is no value", "write texts in double quotes")
            }
            return NotationNode(value: value, line: line)
        }
    }

    private func value(_ word: String) -> NotationValue? {
        switch word {
        case "true": return .truth(true)
        case "false": return .truth(false)
        default: break
        }
        guard isNumber(word) else { return nil }
        if let integer = Int(word) { return .integer(integer) }
        return Double(word).flatMap { $0.isFinite ? .number($0) : nil }
    }

    // MARK: - Bytes

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = current, isBlank(byte) || byte == newline || byte == 0x0D {
            if byte == newline { line += 1 }
            index += 1
        }
    }

    private mutating func expect(_ byte: UInt8, _ what: String) throws(NotationError) {
        skipSpace()
        guard current == byte else {
            let found = current.map { shown(String(UnicodeScalar($0))) } ?? "its end"
            throw failure("\(found) stands where \(what) is wanted", "")
        }
        index += 1
    }

    /// The letters, digits and signs that stand next.
    private mutating func word() -> String {
        skipSpace()
        let start = index
        while let byte = current, Self.isWordByte(byte), index - start < Self.wordByteCountMax {
            index += 1
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    /// As long as any number that says something.
    private static let wordByteCountMax = 64

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// Whether a word is spelt as JSON spells numbers.
    private func isNumber(_ word: String) -> Bool {
        var rest = word.utf8[...]
        func digits() -> Int {
            let count = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let isZero = rest.first == UInt8(ascii: "0")
        let count = digits()
        guard count == 1 || count > 1 && !isZero else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") {
                rest = rest.dropFirst()
            }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    private mutating func escape(into text: inout [UInt8]) throws(NotationError) {
        index += 1
        guard let letter = current else { throw failure("a text has no end", "") }
        index += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): try unicodeEscape(into: &text)
        default: throw failure("a text has an unknown escape", "write the backslash twice")
        }
    }

    /// `\uXXXX`, or two of them that make one scalar.
    private mutating func unicodeEscape(into text: inout [UInt8]) throws(NotationError) {
        var value = try hexadecimal()
        if 0xD800..<0xDC00 ~= value, current == UInt8(ascii: "\\") {
            index += 1
            guard current == UInt8(ascii: "u") else { throw surrogate() }
            index += 1
            let low = try hexadecimal()
            guard 0xDC00..<0xE000 ~= low else { throw surrogate() }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw surrogate() }
        text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private mutating func hexadecimal() throws(NotationError) -> UInt32 {
        guard bytes.count - index >= 4,
            bytes[index..<index + 4].allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let value = UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else { throw failure("\\u has not four hexadecimal digits", "") }
        index += 4
        return value
    }

    private func surrogate() -> NotationError {
        failure("a text has half of a surrogate pair", "write both halves, or the letter itself")
    }

    private func shown(_ text: String) -> String {
        text.isEmpty
            ? (current.map { "'\(UnicodeScalar($0))'" } ?? "its end") : "'\(text.cutShort)'"
    }

    private func failure(_ problem: String, _ remedy: String) -> NotationError {
        NotationError(.invalidDocument, "is not valid JSON: \(problem)", remedy: remedy)
            .with(\.line, line)
    }
}
