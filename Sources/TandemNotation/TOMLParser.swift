// Design: our own reader of TOML 1.0, for lines and for calm.
//
// A message about a document needs the line of its key, and libraries keep none. The one that was tried
// before (TOMLKit over toml++ 3.4) also stops the whole program with an assertion on slips that
// people make, such as two commas in a list or a header without a name. So a document is read here
// in one pass over its bytes: every byte is looked at by position, nothing is trusted, nesting is
// bounded, and the first thing that is wrong is refused with its line.
//
// All of TOML 1.0 is read, but dates are only recognised (no key of ours takes one).
// Source: TOML v1.0.0, https://toml.io/en/v1.0.0

/// Reads a TOML document.
package struct TOMLParser {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var depth = 0
    private let root = TOMLTable(.header, line: 1)

    /// The document as one table.
    ///
    /// - Throws: `NotationError` `invalidDocument` with the line.
    package static func parse(_ text: String) throws(NotationError) -> NotationNode {
        var parser = TOMLParser(bytes: Array(text.utf8))
        try parser.document()
        return parser.root.node
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    // MARK: - Lines

    private mutating func document() throws(NotationError) {
        var table = root
        while true {
            try skipSpaceAndComments()
            guard let byte = current else { return }
            if byte == UInt8(ascii: "[") {
                table = try header()
            } else {
                try keyAndValue(in: table)
            }
            try endOfLine()
        }
    }

    /// `[a.b]` or `[[a.b]]`; returns the table that the following lines are of.
    private mutating func header() throws(NotationError) -> TOMLTable {
        let isArray = isAt("[[")
        index += isArray ? 2 : 1
        let names = try key()
        guard isAt(isArray ? "]]" : "]") else {
            throw failure("a table's header is not closed", "write [name] or [[name]]")
        }
        index += isArray ? 2 : 1
        var parent = root
        for name in names.dropLast() { parent = try descend(to: name, in: parent, by: .implied) }
        return try open(names[names.count - 1], in: parent, isArray: isArray)
    }

    private func open(
        _ name: String, in parent: TOMLTable, isArray: Bool
    ) throws(NotationError) -> TOMLTable {
        let table = TOMLTable(.header, line: line)
        switch parent.entries[name] {
        case nil:
            parent.entries[name] = isArray ? .tables([table]) : .table(table)
        case .tables(let tables) where isArray:
            parent.entries[name] = .tables(tables + [table])
        case .table(let other) where !isArray && other.origin == .implied:
            other.origin = .header
            return other
        default:
            throw failure(
                "'\(name.cutShort)' stands twice",
                "write each table once; lists of tables have [[two brackets]]")
        }
        return table
    }

    /// The table of a name, made if there is none.
    private func descend(
        to name: String, in parent: TOMLTable, by origin: TOMLTable.Origin
    ) throws(NotationError) -> TOMLTable {
        switch parent.entries[name] {
        case nil:
            let table = TOMLTable(origin, line: line)
            parent.entries[name] = .table(table)
            return table
        case .table(let table):
            let mayAdd = origin == .dotted ? table.origin == .dotted : table.origin != .inline
            if mayAdd { return table }
        case .tables(let tables):
            if origin != .dotted, let last = tables.last { return last }
        case .value: break
        }
        throw failure("'\(name.cutShort)' is complete already", "put its keys in one place")
    }

    private mutating func keyAndValue(in table: TOMLTable) throws(NotationError) {
        let names = try key()
        let keyLine = line
        guard current == UInt8(ascii: "=") else {
            throw failure("'\(names[0].cutShort)' has no value", "write key = value")
        }
        index += 1
        skipBlanks()
        var parent = table
        for name in names.dropLast() { parent = try descend(to: name, in: parent, by: .dotted) }
        let name = names[names.count - 1]
        guard parent.entries[name] == nil else {
            throw failure("'\(name.cutShort)' stands twice", "keep one")
        }
        let entry = try value()
        if case .table(let inline) = entry {
            parent.entries[name] = .table(inline)
        } else if case .value(let node) = entry {
            parent.entries[name] = .value(NotationNode(value: node.value, line: keyLine))
        }
    }

    /// A dotted key's names, at least one, with the blanks around them.
    private mutating func key() throws(NotationError) -> [String] {
        var names: [String] = []
        repeat {
            if !names.isEmpty { index += 1 }
            skipBlanks()
            switch current {
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                guard !isAt("\"\"\""), !isAt("'''") else {
                    throw failure("a key has three quotes", "write it on one line in one pair")
                }
                names.append(try text())
            case let byte? where isBareKey(byte):
                let start = index
                while let byte = current, isBareKey(byte) { index += 1 }
                names.append(String(decoding: bytes[start..<index], as: UTF8.self))
            default: throw failure("a key is expected, not \(shown)", "write key = value")
            }
            skipBlanks()
        } while current == UInt8(ascii: ".")
        return names
    }

    private mutating func endOfLine() throws(NotationError) {
        skipBlanks()
        if current == UInt8(ascii: "#") { try skipComment() }
        if isAt("\r\n") { index += 1 }
        guard let byte = current else { return }
        guard byte == newline else {
            throw failure("\(shown) follows a value", "put one key on a line, and texts in quotes")
        }
    }

    // MARK: - Values

    private mutating func value() throws(NotationError) -> TOMLTable.Entry {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 32 else { throw failure("values are nested more than 32 deep", "") }
        let start = line
        let value: NotationValue
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): value = .text(try text())
        case UInt8(ascii: "["): value = .array(try list())
        case UInt8(ascii: "{"): return .table(try inlineTable())
        default: value = try scalar()
        }
        return .value(NotationNode(value: value, line: start))
    }

    private mutating func list() throws(NotationError) -> [NotationNode] {
        index += 1
        var nodes: [NotationNode] = []
        while true {
            try skipSpaceAndComments()
            if current == UInt8(ascii: "]") { break }
            switch try value() {
            case .value(let node): nodes.append(node)
            case .table(let table): nodes.append(table.node)
            case .tables: break
            }
            try skipSpaceAndComments()
            if current == UInt8(ascii: "]") { break }
            guard current == UInt8(ascii: ",") else {
                throw failure(
                    "a list is not closed before \(shown)", "separate by ',', end with ']'")
            }
            index += 1
        }
        index += 1
        return nodes
    }

    private mutating func inlineTable() throws(NotationError) -> TOMLTable {
        let table = TOMLTable(.inline, line: line)
        index += 1
        skipBlanks()
        if current == UInt8(ascii: "}") {
            index += 1
            return table
        }
        while true {
            try keyAndValue(in: table)
            skipBlanks()
            if current == UInt8(ascii: "}") { break }
            guard current == UInt8(ascii: ",") else {
                throw failure("a table in braces is not closed before \(shown)", "end it with '}'")
            }
            index += 1
            skipBlanks()
        }
        index += 1
        return table
    }

    /// true, false, a number or a date: everything up to what ends a value.
    private mutating func scalar() throws(NotationError) -> NotationValue {
        let start = index
        while let byte = current, !isValueEnd(byte) { index += 1 }
        // A date and a time may be separated by one blank.
        if isDate(bytes[start..<index]), current == UInt8(ascii: " "), index + 1 < bytes.count,
            isDigit(bytes[index + 1])
        {
            index += 1
            while let byte = current, !isValueEnd(byte) { index += 1 }
        }
        let word = String(decoding: bytes[start..<index], as: UTF8.self)
        if let value = TOMLScalar.value(word) { return value }
        let found = word.isEmpty ? shown : "'\(word.cutShort)'"
        throw failure("\(found) is no value", "texts need quotes")
    }

    // MARK: - Texts

    private mutating func text() throws(NotationError) -> String {
        let mark = bytes[index]
        let isBasic = mark == UInt8(ascii: "\"")
        let isLong = isAt(isBasic ? "\"\"\"" : "'''")
        let start = line
        index += isLong ? 3 : 1
        if isLong { skipLineEnd() }
        var text: [UInt8] = []
        while let byte = current {
            if byte == mark, !isLong || isAt(isBasic ? "\"\"\"" : "'''") {
                index += isLong ? 3 : 1
                // A long text may end in one or two quotes of its own.
                for _ in 0..<2 where isLong && current == mark {
                    text.append(mark)
                    index += 1
                }
                return String(decoding: text, as: UTF8.self)
            }
            if isBasic, byte == UInt8(ascii: "\\") {
                try escape(isLong, &text)
                continue
            }
            let isLineEnd = byte == newline || isAt("\r\n")
            guard isLong || !isLineEnd else { break }
            guard byte >= 0x20 && byte != 0x7F || byte == 0x09 || isLineEnd else {
                throw failure("a text has the control character \(byte)", "write it as \\u00..")
            }
            if byte == newline { line += 1 }
            text.append(byte)
            index += 1
        }
        line = start
        throw failure("a text is never closed", "end it with the quote it begins with")
    }

    private mutating func escape(_ isLong: Bool, _ text: inout [UInt8]) throws(NotationError) {
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "b"): 8, UInt8(ascii: "t"): 9, UInt8(ascii: "n"): 10,
            UInt8(ascii: "f"): 12, UInt8(ascii: "r"): 13, UInt8(ascii: "\""): 34,
            UInt8(ascii: "\\"): 92,
        ]
        index += 1
        guard let letter = current else { return }
        if let byte = simple[letter] {
            text.append(byte)
            index += 1
        } else if letter == UInt8(ascii: "u") || letter == UInt8(ascii: "U") {
            let count = letter == UInt8(ascii: "u") ? 4 : 8
            let digits = String(decoding: bytes[(index + 1)...].prefix(count), as: UTF8.self)
            let isHex = digits.utf8.count == count && digits.allSatisfy(\.isHexDigit)
            guard isHex, let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) else {
                throw failure(
                    "\\\(Character(Unicode.Scalar(letter))) needs \(count) hex digits", "")
            }
            text.append(contentsOf: Character(scalar).utf8)
            index += 1 + count
        } else if isLong, isBlank(letter) || letter == newline || isAt("\r\n") {
            // A backslash at the end of a line takes the line end and all blanks after it.
            skipBlanks()
            guard current == newline || isAt("\r\n") else {
                throw failure("a backslash stands before a blank", "write it twice")
            }
            while let byte = current, isBlank(byte) || byte == newline || byte == 0x0D { advance() }
        } else {
            throw failure(
                "a text has the unknown escape \\\(Character(Unicode.Scalar(letter)))",
                "write the backslash twice, or put the text in single quotes")
        }
    }

    // MARK: - Bytes

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    /// The current byte as an error shows it.
    private var shown: String {
        guard let byte = current else { return "the end" }
        if byte == newline || byte == 0x0D { return "the end of the line" }
        return "'\(String(decoding: bytes[index...].prefix(1), as: UTF8.self))'"
    }

    private func isAt(_ text: String) -> Bool {
        bytes.count - index >= text.utf8.count && bytes[index...].starts(with: text.utf8)
    }

    private mutating func advance() {
        if current == newline { line += 1 }
        index += 1
    }

    private mutating func skipBlanks() {
        while let byte = current, isBlank(byte) { index += 1 }
    }

    private mutating func skipLineEnd() {
        if isAt("\r\n") { index += 1 }
        if current == newline { advance() }
    }

    private mutating func skipSpaceAndComments() throws(NotationError) {
        while let byte = current {
            if byte == UInt8(ascii: "#") {
                try skipComment()
            } else if isBlank(byte) || byte == newline || isAt("\r\n") {
                advance()
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(NotationError) {
        while let byte = current, byte != newline, !isAt("\r\n") {
            guard byte >= 0x20 && byte != 0x7F || byte == 0x09 else {
                throw failure("a comment has the control character \(byte)", "take it out")
            }
            index += 1
        }
    }

    private func failure(_ problem: String, _ remedy: String) -> NotationError {
        NotationError(.invalidDocument, "is not valid TOML: \(problem)", remedy: remedy)
            .with(\.line, line)
    }
}
