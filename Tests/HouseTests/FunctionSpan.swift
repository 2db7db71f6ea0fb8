// Finds functions and their lengths by counting braces in masked code: no parser, and good enough
// for code that the formatter has laid out.

/// Where a function stands and how long it is, from its first line to its closing brace.
struct FunctionSpan: Equatable {
    let name: String
    let line: Int
    let lineCount: Int

    /// The functions of a file, in the order of their first lines.
    static func all(in file: SourceFile) -> [FunctionSpan] {
        let code = Array(file.code.utf8)
        let text = Array(file.text.utf8)
        return file.isSwift ? swiftFunctions(code, text) : cFunctions(code)
    }
}

private let newline = UInt8(ascii: "\n")

private func isWordByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || byte == UInt8(ascii: "`") || byte >= 0x80
        || (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
        || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
}

/// The index after the brace that closes the one at `open`.
private func end(ofBraceAt open: Int, in code: [UInt8]) -> Int {
    var depth = 0
    var index = open
    while index < code.count {
        if code[index] == UInt8(ascii: "{") { depth += 1 }
        if code[index] == UInt8(ascii: "}") {
            depth -= 1
            if depth == 0 { return index + 1 }
        }
        index += 1
    }
    return code.count
}

private func lineCount(_ code: ArraySlice<UInt8>) -> Int {
    var count = 1
    for byte in code where byte == newline { count += 1 }
    return count
}

/// Declarations of `func`, `init`, `deinit` and `subscript` that have a body.
///
/// Names are taken from the text, because raw identifiers are blanked in the code.
private func swiftFunctions(_ code: [UInt8], _ text: [UInt8]) -> [FunctionSpan] {
    let keywords: Set<String> = ["func", "init", "deinit", "subscript"]
    var spans: [FunctionSpan] = []
    var at = 0
    var line = 1
    while at < code.count {
        guard isWordByte(code[at]) else {
            if code[at] == newline { line += 1 }
            at += 1
            continue
        }
        let start = at
        while at < code.count, isWordByte(code[at]) { at += 1 }
        guard (4...9).contains(at - start) else { continue }
        let word = String(decoding: code[start..<at], as: UTF8.self)
        guard keywords.contains(word), start == 0 || code[start - 1] != UInt8(ascii: "."),
            let body = swiftBody(from: at, in: code)
        else { continue }
        let name = word == "func" ? swiftName(from: at, in: code, text) : word
        let span = code[start..<end(ofBraceAt: body, in: code)]
        spans.append(FunctionSpan(name: name, line: line, lineCount: lineCount(span)))
    }
    return spans
}

/// What stands between `func` and its parameters.
private func swiftName(from start: Int, in code: [UInt8], _ text: [UInt8]) -> String {
    let end = code[start...].firstIndex { $0 == UInt8(ascii: "(") || $0 == UInt8(ascii: "<") }
    let name = String(decoding: text[start..<(end ?? code.count)], as: UTF8.self)
    return String(name.drop { $0 == " " }.filter { $0 != "`" })
}

/// The brace that opens the body of a declaration; nil for a requirement of a protocol.
private func swiftBody(from start: Int, in code: [UInt8]) -> Int? {
    var depth = 0
    for index in start..<code.count {
        switch code[index] {
        case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
        case UInt8(ascii: "{") where depth == 0: return index
        case UInt8(ascii: "}") where depth == 0: return nil
        case newline where depth == 0:
            // A signature goes on over the line's end only before one of these.
            let next = code[index...].drop { $0 == newline || $0 == UInt8(ascii: " ") }
            let goesOn = ["{", "->", "where ", "throws", "async", "("].contains {
                next.starts(with: $0.utf8)
            }
            if !goesOn { return nil }
        default: break
        }
        if depth < 0 { return nil }
    }
    return nil
}

/// Definitions at the outermost level: a brace after a closing parenthesis.
private func cFunctions(_ code: [UInt8]) -> [FunctionSpan] {
    var spans: [FunctionSpan] = []
    var at = 0
    var declaration = 0
    while at < code.count {
        switch code[at] {
        case UInt8(ascii: "#"):
            at = endOfDirective(at, in: code)
            declaration = at
            continue
        case UInt8(ascii: ";"): declaration = at + 1
        case UInt8(ascii: "{"):
            let close = end(ofBraceAt: at, in: code)
            let head = code[declaration..<at]
            let last = head.last { $0 != UInt8(ascii: " ") && $0 != newline }
            if last == UInt8(ascii: ")") {
                let skipped = head.prefix { $0 == newline || $0 == UInt8(ascii: " ") }.count
                let start = declaration + skipped
                spans.append(
                    FunctionSpan(
                        name: cName(head), line: lineCount(code[..<start]),
                        lineCount: lineCount(code[start..<close])))
            } else if head.contains(UInt8(ascii: "\"")) {
                // extern "C" { opens no scope of its own.
                at += 1
                declaration = at
                continue
            }
            at = close
            declaration = at
            continue
        default: break
        }
        at += 1
    }
    return spans
}

/// The end of a preprocessor directive, its continued lines included.
private func endOfDirective(_ start: Int, in code: [UInt8]) -> Int {
    var at = start
    while at < code.count {
        if code[at] == newline, code[at - 1] != UInt8(ascii: "\\") { return at }
        at += 1
    }
    return at
}

/// The last word before a parenthesis that opens at the outermost level: the function's name.
private func cName(_ head: ArraySlice<UInt8>) -> String {
    var depth = 0
    var name = ""
    for index in head.indices {
        if head[index] == UInt8(ascii: "(") {
            if depth == 0 {
                let before = head[..<index].reversed().prefix(while: isWordByte)
                name = String(decoding: before.reversed(), as: UTF8.self)
            }
            depth += 1
        }
        if head[index] == UInt8(ascii: ")") { depth -= 1 }
    }
    return name
}
