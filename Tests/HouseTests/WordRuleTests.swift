import Testing

@Suite struct WordRuleTests {
    @Test func `names say what things are`() throws {
        let files = try SourceTree.swift() + SourceTree.handWrittenC()
        try #require(!files.isEmpty)
        #expect(files.flatMap(WordRule.nameViolations) == [])
    }

    @Test func `no marks of unfinished work are left`() throws {
        let suffixes = [
            ".swift", ".c", ".h", ".inc", ".proto", ".toml", ".py", ".sh", ".service", ".socket",
        ]
        let folders = ["Sources", "Tests", "proto", "systemd"]
        let files = try SourceTree.files(under: folders, suffixes: suffixes)
        try #require(!files.isEmpty)
        #expect(files.flatMap(WordRule.markViolations) == [])
    }

    @Test func `a name falls into its words`() {
        #expect(WordRule.words("makeHTTPFrame_v2") == ["make", "http", "frame", "v2"])
        #expect(WordRule.words("qd8_f32_gemm") == ["qd8", "f32", "gemm"])
        #expect(WordRule.words("Frame+Decoding") == ["frame", "decoding"])
    }

    @Test(arguments: [
        "ConnectionManager", "FrameHelper", "StringUtils", "CommonTypes", "NewReader",
        "OldReader", "ReaderV2", "ReaderImpl", "FrameData", "frame_misc",
    ])
    func `a name that says nothing is found in types and files`(name: String) {
        let type = SourceFile("Sources/Room/A.swift", "package struct \(name) {}\n")
        #expect(WordRule.nameViolations(type).count == 1)
        let file = SourceFile("Sources/Room/\(name).c", "")
        #expect(WordRule.nameViolations(file).count == 1)
    }

    @Test(arguments: ["NewsReader", "Renewal", "Data", "DataReader", "Implication", "Threshold"])
    func `a name that only looks like one passes`(name: String) {
        let file = SourceFile("Sources/Room/\(name).swift", "struct \(name) {}\n")
        #expect(WordRule.nameViolations(file) == [])
    }

    @Test func `a bare verb is found, one with an object passes`() {
        let file = SourceFile("Sources/Room/A.swift", "func process() {}\nfunc handleHangUp() {}\n")
        #expect(
            WordRule.nameViolations(file) == ["Sources/Room/A.swift:1: process: say what is done"])
    }

    @Test(arguments: WordRule.marks)
    func `a mark is found in any file, but not inside a word`(mark: String) {
        let file = SourceFile("proto/a.proto", "// \(mark)NESS\n// \(mark): later\n")
        #expect(WordRule.markViolations(file).count == 1)
    }
}
