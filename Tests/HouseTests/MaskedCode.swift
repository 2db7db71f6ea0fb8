// A lexer just good enough to tell code from comments and literals, so that a brace in a string or
// a `func` in a comment misleads no rule. It keeps every line where it was: blanked bytes become
// spaces, line feeds stay. Not handled, because no rule here trips over it: bare `/regex/` literals.

/// Whose comments and literals to blank.
enum MaskedLanguage {
    case swift
    case c
}

/// The text with comments, and the insides of string, character and raw-identifier literals, blanked.
func maskedCode(_ text: String, _ language: MaskedLanguage) -> String {
    var masker = CodeMasker(bytes: Array(text.utf8), language: language)
    masker.run()
    return String(decoding: masker.output, as: UTF8.self)
}

private struct CodeMasker {
    let bytes: [UInt8]
    let language: MaskedLanguage
    var output: [UInt8] = []
    var at = 0

    init(bytes: [UInt8], language: MaskedLanguage) {
        self.bytes = bytes
        self.language = language
        output.reserveCapacity(bytes.count)
    }

    /// Masks to the end of the text.
    mutating func run() {
        while at < bytes.count { step() }
    }

    /// Passes one token's start, or one byte of plain code.
    private mutating func step() {
        switch bytes[at] {
        case UInt8(ascii: "/") where follows("//"): blank(upTo: "\n")
        case UInt8(ascii: "/") where follows("/*"): blockComment()
        case UInt8(ascii: "\""): string(hashes: 0)
        case UInt8(ascii: "#") where language == .swift && rawStringHashes > 0:
            let hashes = rawStringHashes
            for _ in 0..<hashes { keep() }
            string(hashes: hashes)
        case UInt8(ascii: "`") where language == .swift: rawIdentifier()
        case UInt8(ascii: "'") where language == .c: character()
        default: keep()
        }
    }

    private func follows(_ token: String) -> Bool {
        let token = token.utf8
        return bytes[at...].starts(with: token)
    }

    /// How many `#` stand here before a quote; 0 when this is not a raw string.
    private var rawStringHashes: Int {
        var end = at
        while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
        return end < bytes.count && bytes[end] == UInt8(ascii: "\"") ? end - at : 0
    }

    private mutating func keep() {
        output.append(bytes[at])
        at += 1
    }

    private mutating func blank() {
        output.append(bytes[at] == UInt8(ascii: "\n") ? bytes[at] : UInt8(ascii: " "))
        at += 1
    }

    private mutating func blank(count: Int) {
        for _ in 0..<count where at < bytes.count { blank() }
    }

    private mutating func blank(upTo token: String) {
        while at < bytes.count, !follows(token) { blank() }
    }

    /// Swift's block comments nest, C's do not.
    private mutating func blockComment() {
        blank(count: 2)
        var depth = 1
        while at < bytes.count, depth > 0 {
            if follows("*/") {
                depth -= 1
                blank(count: 2)
            } else if language == .swift, follows("/*") {
                depth += 1
                blank(count: 2)
            } else {
                blank()
            }
        }
    }

    /// A string of any kind; what an interpolation holds is blanked with it, its strings included.
    private mutating func string(hashes: Int) {
        let isMultiline = language == .swift && follows("\"\"\"")
        let quotes = isMultiline ? "\"\"\"" : "\""
        let end = quotes + String(repeating: "#", count: hashes)
        let escape = "\\" + String(repeating: "#", count: hashes)
        for _ in 0..<quotes.utf8.count { keep() }
        while at < bytes.count {
            if follows(end) {
                for _ in 0..<end.utf8.count { keep() }
                return
            } else if language == .swift, follows(escape + "(") {
                blank(count: escape.utf8.count + 1)
                interpolation()
            } else if follows(escape) {
                blank(count: escape.utf8.count + 1)
            } else if !isMultiline, bytes[at] == UInt8(ascii: "\n") {
                return  // Not closed: do not swallow the rest of the file.
            } else {
                blank()
            }
        }
    }

    /// Blanks to the parenthesis that closes an interpolation.
    private mutating func interpolation() {
        var depth = 1
        while at < bytes.count, depth > 0 {
            if bytes[at] == UInt8(ascii: "\"") {
                let from = output.count
                string(hashes: 0)
                for index in from..<output.count where output[index] != UInt8(ascii: "\n") {
                    output[index] = UInt8(ascii: " ")
                }
                continue
            }
            if bytes[at] == UInt8(ascii: "(") { depth += 1 }
            if bytes[at] == UInt8(ascii: ")") { depth -= 1 }
            blank()
        }
    }

    /// Raw identifiers stay identifiers: what is between the backticks becomes underscores.
    private mutating func rawIdentifier() {
        keep()
        while at < bytes.count, bytes[at] != UInt8(ascii: "`"), bytes[at] != UInt8(ascii: "\n") {
            output.append(UInt8(ascii: "_"))
            at += 1
        }
        if at < bytes.count { keep() }
    }

    private mutating func character() {
        keep()
        while at < bytes.count, bytes[at] != UInt8(ascii: "'"), bytes[at] != UInt8(ascii: "\n") {
            blank(count: bytes[at] == UInt8(ascii: "\\") ? 2 : 1)
        }
        if at < bytes.count { keep() }
    }
}
