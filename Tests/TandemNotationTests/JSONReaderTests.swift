import TandemNotation
import Testing

@Suite struct JSONReaderTests {
    private func parse(_ text: String) -> Result<NotationNode, NotationError> {
        Result { () throws(NotationError) in
            try Array(text.utf8).withUnsafeBufferPointer { bytes throws(NotationError) in
                try JSONReader.parse(UnsafeRawBufferPointer(bytes))
            }
        }
    }

    /// A value as a text of its own, to compare.
    private func text(_ node: NotationNode) -> String {
        switch node.value {
        case .table(let members):
            "{"
                + members.sorted { $0.key < $1.key }.map { "\($0.key)=\(text($0.value))" }
                .joined(separator: " ") + "}"
        case .array(let elements): "[" + elements.map(text).joined(separator: " ") + "]"
        case .text(let text): "'\(text)'"
        case .integer(let integer): "\(integer)"
        case .number(let number): "\(number)f"
        case .truth(let truth): "\(truth)"
        case .date: "date"
        }
    }

    @Test(arguments: [
        ("{}", "{}"), (" [ ] ", "[]"), ("\t\"a\"\r\n", "'a'"), ("-0", "0"),
        ("[1, 2.5, -3e2]", "[1 2.5f -300.0f]"),
        (#"{"a": null, "b": {"c": [true, false]}}"#, "{b={c=[true false]}}"),
        (#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00é😀""#, "'\"\\/\u{8}\u{c}\n\r\tAé😀é😀'"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9.223372036854776e+18f"),
    ])
    func `reads what is JSON`(document: String, expected: String) throws {
        #expect(text(try parse(document).get()) == expected)
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "[,]",
        "{a:1}", "{1:2}",
        "01", "1.", ".5", "+1", "1e", "--1", "0x1", "NaN", "Infinity", "1e999", "nul", "True",
        "'a'", "\"a",
        "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"",
        "\"a\nb\"", "1 2", "{} {}", "[1]]", "null", "[null]", #"{"a":1,"a":2}"#,
        "{\"a\":1,\"a\":null}",
        "\u{FEFF}{}", "[1}", "{\"a\":1]", String(repeating: "[", count: 65), "\"a\\",
    ])
    func `refuses what is not`(document: String) {
        guard case .failure(let error) = parse(document) else {
            Issue.record("\(document) was taken")
            return
        }
        #expect(error.code == .invalidDocument && error.line == 1 || document.contains("\n"))
    }

    @Test func `refuses bytes that are not UTF-8`() {
        let error = [0x22, 0xFF, 0x22].withUnsafeBytesOfUTF8 { try JSONReader.parse($0) }
        #expect(error?.problem == "is not UTF-8, from byte 1 on")
    }

    @Test func `says the line`() {
        guard case .failure(let error) = parse("{\n\"a\": 1,\n\"b\" 2}") else { return }
        #expect(
            error.description
                == "line 3: is not valid JSON: '2' stands where a colon is wanted (invalidDocument)"
        )
    }

    @Test func `keys and elements come one by one, and the rest is passed over`() throws {
        let document = #"{"skip": [1, {"x": "}"}], "ids": {"b": 7, "a": -1}, "list": ["x", "yz"]}"#
        try Array(document.utf8).withUnsafeBytes { bytes in
            var reader = try JSONReader(bytes)
            var keys: [UInt8] = []
            var ids: [Int] = []
            var lengths: [Int] = []
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "ids":
                    try reader.beginObject()
                    while try reader.nextKey(into: &keys) { ids.append(try reader.integer()) }
                case "list":
                    try reader.beginArray()
                    while try reader.nextElement() {
                        lengths.append(try reader.text(into: &keys))
                    }
                default: try reader.skip()
                }
            }
            try reader.finish()
            #expect(String(decoding: keys, as: UTF8.self) == "baxyz")
            #expect(ids == [7, -1] && lengths == [1, 2])
        }
    }

    @Test func `a document cut anywhere is refused`() {
        let document = #"{"a": [1, 2.5, "x\u00e9"], "b": {"c": true}}"#
        for count in 0..<document.utf8.count {
            let part = String(decoding: document.utf8.prefix(count), as: UTF8.self)
            guard case .failure = parse(part) else {
                Issue.record("\(part) was taken")
                continue
            }
        }
    }
}

extension [Int] {
    /// What a closure refuses in these bytes.
    fileprivate func withUnsafeBytesOfUTF8(
        _ body: (UnsafeRawBufferPointer) throws -> NotationNode
    ) -> NotationError? {
        do {
            _ = try map { UInt8($0) }.withUnsafeBytes(body)
            return nil
        } catch {
            return error as? NotationError
        }
    }
}
