// Design: where each key stands, found in the text.
//
// The TOML library keeps no positions, and a message without a line sends people searching. This
// walks a document that is already known to be valid and notes the line of each key by its path:
// tables, arrays of tables, dotted keys, inline tables and lists of them. It understands no values,
// only where they end.

/// The lines of a TOML document's keys.
struct SpecLines {
    private var lines: [[String]: Int] = [:]

    /// Walks a valid document.
    init(_ text: String) {
        var walk = SpecWalk(text)
        walk.document()
        lines = walk.lines
    }

    /// The line of the key at a path, or that of the nearest path above it.
    ///
    /// Elements of lists are `[0]`, `[1]` and so on.
    func line(of path: [String]) -> Int? {
        var path = path[...]
        while !path.isEmpty {
            if let line = lines[Array(path)] { return line }
            path = path.dropLast()
        }
        return nil
    }
}

private struct SpecWalk {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var table: [String] = []
    private var arrayCounts: [[String]: Int] = [:]
    private(set) var lines: [[String]: Int] = [:]

    init(_ text: String) { bytes = Array(text.utf8) }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func isAt(_ text: String) -> Bool {
        index + text.utf8.count <= bytes.count && bytes[index...].starts(with: text.utf8)
    }

    private mutating func advance() {
        if current == UInt8(ascii: "\n") { line += 1 }
        index += 1
    }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
        while let byte = current, isSkipped(byte) { advance() }
    }

    /// Skips blanks, line ends and comments.
    private mutating func skipSpace() {
        while let byte = current {
            if byte == UInt8(ascii: "#") {
                skip { $0 != UInt8(ascii: "\n") }
            } else if isBlank(byte) || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                advance()
            } else {
                return
            }
        }
    }

    mutating func document() {
        skipSpace()
        while current != nil {
            let start = index
            if current == UInt8(ascii: "[") { header() } else { keyAndValue(in: table) }
            skipSpace()
            // A document that is not valid after all must not hold the walk up.
            if index == start { advance() }
        }
    }

    /// `[a.b]` or `[[a.b]]`.
    private mutating func header() {
        let isArray = isAt("[[")
        let headerLine = line
        index += isArray ? 2 : 1
        let names = key()
        skip { $0 != UInt8(ascii: "\n") }
        table = []
        for (position, name) in names.enumerated() {
            table.append(name)
            let isLast = position == names.count - 1
            if isArray, isLast { arrayCounts[table, default: 0] += 1 }
            if lines[table] == nil { lines[table] = headerLine }
            if let count = arrayCounts[table] { table.append("[\(count - 1)]") }
        }
        lines[table] = headerLine
    }

    private mutating func keyAndValue(in path: [String]) {
        let keyLine = line
        let names = key()
        var inner = path
        for name in names {
            inner.append(name)
            if lines[inner] == nil { lines[inner] = keyLine }
        }
        skip { isBlank($0) }
        if current == UInt8(ascii: "=") { advance() }
        skip { isBlank($0) }
        value(at: inner)
    }

    /// A dotted key's names.
    private mutating func key() -> [String] {
        var names: [String] = []
        while let byte = current {
            if isBlank(byte) || byte == UInt8(ascii: ".") {
                advance()
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                names.append(quoted())
            } else if isBareKey(byte) {
                let start = index
                skip(isBareKey)
                names.append(String(decoding: bytes[start..<index], as: UTF8.self))
            } else {
                break
            }
        }
        return names
    }

    private mutating func value(at path: [String]) {
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = quoted()
        case UInt8(ascii: "["): list(at: path)
        case UInt8(ascii: "{"): inlineTable(at: path)
        default:
            skip { byte in !",]}#\n\r".utf8.contains(byte) }
        }
    }

    private mutating func list(at path: [String]) {
        advance()
        var count = 0
        skipSpace()
        while let byte = current, byte != UInt8(ascii: "]") {
            if byte == UInt8(ascii: ",") {
                advance()
            } else {
                let start = index
                let element = path + ["[\(count)]"]
                lines[element] = line
                value(at: element)
                count += 1
                if index == start { advance() }
            }
            skipSpace()
        }
        if current != nil { advance() }
    }

    private mutating func inlineTable(at path: [String]) {
        advance()
        skipSpace()
        while let byte = current, byte != UInt8(ascii: "}") {
            let start = index
            if byte == UInt8(ascii: ",") { advance() } else { keyAndValue(in: path) }
            skipSpace()
            if index == start { advance() }
        }
        if current != nil { advance() }
    }

    /// A text in any of TOML's four forms; escapes are left as they stand.
    private mutating func quoted() -> String {
        let mark = current ?? 0
        let isBasic = mark == UInt8(ascii: "\"")
        let isLong = isAt(isBasic ? "\"\"\"" : "'''")
        index += isLong ? 3 : 1
        let start = index
        while let byte = current {
            if isBasic, byte == UInt8(ascii: "\\") {
                advance()
                if current != nil { advance() }
                continue
            }
            if byte == mark {
                if !isLong { break }
                if isAt(isBasic ? "\"\"\"" : "'''") { break }
            }
            advance()
        }
        let text = String(decoding: bytes[start..<min(index, bytes.count)], as: UTF8.self)
        index = min(bytes.count, index + (isLong ? 3 : 1))
        return text
    }
}

/// Whether a byte may stand in a key without quotes.
private func isBareKey(_ byte: UInt8) -> Bool {
    let letter = byte | 0x20
    return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")
        || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
}
