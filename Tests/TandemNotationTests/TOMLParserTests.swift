import Testing

@testable import TandemNotation

/// Examples are those of the TOML 1.0 specification where it has them.
@Suite struct TOMLParserTests {
    // MARK: - What is read

    @Test(arguments: [
        ("a = 'C:\\x'", #"{a: "C:\x"}"#),
        (#"a = "tab\tquote\" \u00E9\U0001F600""#, "{a: \"tab\tquote\" é😀\"}"),
        ("a = \"\"\"\none\\\n   two\"\"\"", #"{a: "onetwo"}"#),
        ("a = \"\"\"x\"\"\"\"\"", #"{a: "x"""}"#), ("a = '''\n'x' ''y'''", "{a: \"'x' ''y\"}"),
        ("a = \"\"\"\r\n1\r\n2\"\"\"\r\nb = 1", "{a: \"1\r\n2\", b: 1}"),
        ("a = +99\nb = -1_7\nc = 0", "{a: 99, b: -17, c: 0}"),
        ("a = 0xDEAD_beef\nb = 0o755\nc = 0b1101", "{a: 3735928559, b: 493, c: 13}"),
        (
            "a = 9223372036854775807\nb = -9223372036854775808",
            "{a: 9223372036854775807, b: -9223372036854775808}"
        ),
        (
            "a = 3.1415\nb = -0.5e-2\nc = 6E+23\nd = 1e06",
            "{a: 3.1415, b: -0.005, c: 6e+23, d: 1000000.0}"
        ),
        ("a = inf\nb = -inf", "{a: inf, b: -inf}"),
        ("a = true # yes\nb = false", "{a: true, b: false}"),
        (
            "a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32:00\nc = 07:32:00\nd = 1979-05-27",
            "{a: date, b: date, c: date, d: date}"
        ),
        ("a = [ 1, [2], # two\n 'x', ]", #"{a: [1, [2], "x"]}"#),
        ("a = []\nb = {}", "{a: [], b: {}}"),
        ("a = { b = 1, c.d = 2 }", "{a: {b: 1, c: {d: 2}}}"),
        ("a.b = 1\na.c = 2", "{a: {b: 1, c: 2}}"),
        ("\"a b\".'c' . d = 1", "{a b: {c: {d: 1}}}"), ("3.14 = 1", "{3: {14: 1}}"),
        ("[a.b]\nc = 1\n[a]\nd = 2", "{a: {b: {c: 1}, d: 2}}"),
        ("[[f]]\nx = 1\n[[f]]\n[f.g]\ny = 2\n[[f.h]]", "{f: [{x: 1}, {g: {y: 2}, h: [{}]}]}"),
        ("", "{}"), ("# only\n\n", "{}"), ("'' = 1", "{: 1}"),
    ])
    func `reads to this`(text: String, expected: String) throws {
        #expect(shown(try TOMLParser.parse(text).value) == expected)
    }

    @Test func `knows the line of each key, table and element`() throws {
        let text =
            "# a\na = 1\n[t]\nb = [\n  1,\n  { c = 2 },\n]\nd = '''\n\n'''\ne = 3\n[[u]]\n[[u]]\n"
        let root = try TOMLParser.parse(text)
        #expect(line(root, "a") == 2 && line(root, "t") == 3 && line(root, "t", "b") == 4)
        #expect(line(root, "t", "d") == 8 && line(root, "t", "e") == 11)
        guard case .table(let members) = root.value, case .array(let tables)? = members["u"]?.value
        else {
            Issue.record("u is no list")
            return
        }
        #expect(tables.map(\.line) == [12, 13])
    }

    // MARK: - What is refused

    @Test(arguments: [
        ("[", 1), ("[]", 1), ("[=]", 1), ("[.a]", 1), ("[#]", 1), ("[[a]", 1), ("[a] b", 1),
        ("[[\n]]", 1), ("= 1", 1), ("a", 1), ("a =", 1), ("a = \n1", 1), ("a.b. = 1", 1),
        ("x = 1\na = [1,,2]", 2), ("a = [,]", 1), ("a = [1 2]", 1), ("a = [1", 1),
        ("a = {b = 1,}", 1), ("a = {,}", 1), ("a = {b = 1", 1), ("a = {\n}", 1),
        ("a = 1 b = 2", 1), ("a = text", 1), ("a = 'x", 1), ("a = \"x\ny\"", 1),
        ("a = '''x\n\n", 1), ("a = \"\\q\"", 1), ("a = \"\\u12\"", 1), ("a = \"\\uD800\"", 1),
        ("a = \"\\", 1), ("a = \"\"\"x\\ y\"\"\"", 1), ("a = 01", 1), ("a = 1__0", 1),
        ("a = _1", 1), ("a = 1_", 1), ("a = 1.", 1), ("a = .5", 1), ("a = 1.e3", 1), ("a = 0x", 1),
        ("a = 0x-1", 1), ("a = -0x1", 1), ("a = 9223372036854775808", 1), ("a = TRUE", 1),
        ("a = 1\na = 2", 2), ("[a]\n[a]", 2), ("a = 1\n[a]", 2), ("[a]\nb = 1\n[a.b]", 3),
        ("[[a]]\n[a]", 2), ("[a]\n[[a]]", 2), ("a = []\n[[a]]", 2), ("a.b = 1\n[a]", 2),
        ("a = {}\n[a.b]", 2), ("a = {}\na.b = 1", 2), ("[a.b]\n[a]\nb.c = 1", 3),
        ("a = \"\u{1}\"", 1), ("# \u{1}", 1), ("\"\"\"a\"\"\" = 1", 1), ("a\u{E9} = 1", 1),
    ])
    func `refuses what is no TOML, with the line`(text: String, line: Int) throws {
        let error = try #require(throws: NotationError.self) { try TOMLParser.parse(text) }
        #expect(error.code == .invalidDocument)
        #expect(error.line == line, "\(error)")
    }

    @Test func `refuses one level of nesting over the limit`() throws {
        let deepest = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        #expect(throws: Never.self) { try TOMLParser.parse("a = \(deepest)") }
        let error = try #require(throws: NotationError.self) {
            try TOMLParser.parse("a = [\(deepest)]")
        }
        #expect(error.code == .invalidDocument)
    }

    // MARK: - Showing

    private func line(_ node: NotationNode, _ path: String...) -> Int? {
        var node: NotationNode? = node
        for name in path {
            guard case .table(let members)? = node?.value else { return nil }
            node = members[name]
        }
        return node?.line
    }

    private func shown(_ value: NotationValue) -> String {
        switch value {
        case .table(let members):
            let parts = members.sorted { $0.key < $1.key }.map {
                "\($0.key): \(shown($0.value.value))"
            }
            return "{\(parts.joined(separator: ", "))}"
        case .array(let nodes): return "[\(nodes.map { shown($0.value) }.joined(separator: ", "))]"
        case .text(let text): return "\"\(text)\""
        case .integer(let integer): return "\(integer)"
        case .number(let number): return "\(number)"
        case .truth(let truth): return "\(truth)"
        case .date: return "date"
        }
    }
}
