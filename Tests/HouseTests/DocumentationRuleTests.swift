import Testing

@Suite struct DocumentationRuleTests {
    private func violations(_ text: String, room: String = "TandemWire") -> [String] {
        DocumentationRule.violations(SourceFile("Sources/\(room)/A.swift", text))
    }

    @Test func `whatever crosses rooms is documented and only the client is public`() throws {
        let files = try SourceTree.rooms()
        try #require(!files.isEmpty)
        #expect(files.flatMap(DocumentationRule.violations) == [])
    }

    @Test(arguments: [
        "package struct Frame {}", "    package let size: Int", "package static func make() {}",
        "    static package func make() {}", "@inlinable package func make() {}",
        "    package private(set) var size = 1", "    private(set) package var size = 1",
        "// An ordinary comment.\npackage func make() {}", "/// Far off.\n\npackage func make() {}",
        "    package init() {}",
    ])
    func `a declaration without documentation is found`(text: String) {
        #expect(violations(text).count == 1)
    }

    @Test(arguments: [
        "package import TandemGraph", "/// A frame.\npackage struct Frame {}",
        "/// Makes one.\n@inlinable\n@discardableResult\npackage func make() {}",
        "    package var description: String { text }", "    package static func == (a: A, b: A)",
        "struct Inner {}", "let text = \"package struct A\"", "// package struct A",
    ])
    func `what needs no documentation or has it passes`(text: String) {
        #expect(violations(text) == [])
    }

    @Test func `public is for the client alone`() {
        let text = "/// A frame.\npublic struct Frame {}\n"
        #expect(
            violations(text) == [
                "Sources/TandemWire/A.swift:2: only TandemClient has `public` declarations, write "
                    + "`package`"
            ])
        #expect(violations(text, room: "TandemClient") == [])
    }
}
