import Testing

@Suite struct SizeWallsTests {
    @Test func `no file is longer than its wall`() throws {
        let files = try SourceTree.swift() + SourceTree.handWrittenC()
        try #require(files.contains { $0.isSwift } && files.contains { $0.isC })
        #expect(files.flatMap(SizeWalls.fileViolations) == [])
    }

    @Test func `no line is wider than the wall where the formatter does not look`() throws {
        let files = try SourceTree.files(
            under: ["Sources", "Tests", "proto", "systemd"],
            suffixes: [".c", ".h", ".inc", ".proto", ".py", ".sh", ".service", ".socket"])
        try #require(!files.isEmpty)
        #expect(
            files.filter { !$0.isGenerated }.flatMap(SizeWalls.columnViolations) == [])
    }

    @Test func `a line one column over the wall is found`() {
        let full = String(repeating: "a", count: 100)
        let file = SourceFile("proto/a.proto", "\(full)\n\(full)a\n")
        #expect(
            SizeWalls.columnViolations(file) == ["proto/a.proto:2: 101 columns, the wall is 100"])
    }

    @Test func `no function is longer than its wall`() throws {
        let files = try SourceTree.swift() + SourceTree.handWrittenC()
        let violations = files.flatMap {
            SizeWalls.functionViolations($0, ratchet: SizeWalls.ratchet)
        }
        #expect(violations == [])
        #expect(SizeWalls.staleEntries(files, ratchet: SizeWalls.ratchet) == [])
    }

    @Test(arguments: [
        ("Sources/Room/A.swift", 600), ("Sources/Room/a.c", 600),
        ("Sources/CTandemKernels/a/a.c", 200),
        ("Sources/tandemd/main.swift", 80),
    ])
    func `a file one line over its wall is found`(path: String, wall: Int) {
        let full = String(repeating: "\n", count: wall)
        #expect(SizeWalls.fileViolations(SourceFile(path, full)) == [])
        #expect(SizeWalls.fileViolations(SourceFile(path, full + "\n")).count == 1)
    }

    @Test func `a function one line over the wall is found, unless the ratchet has it`() {
        func text(_ lines: Int) -> String {
            "func long() {\n" + String(repeating: "    a()\n", count: lines - 2) + "}\n"
        }
        let file = SourceFile("Sources/Room/A.swift", text(71))
        #expect(
            SizeWalls.functionViolations(SourceFile(file.path, text(70)), ratchet: [:]) == [])
        #expect(
            SizeWalls.functionViolations(file, ratchet: [:]) == [
                "Sources/Room/A.swift:1: long has 71 lines, the wall is 70: let the callee do "
                    + "the loops"
            ])
        let ratchet = ["Sources/Room/A.swift long": 71]
        #expect(SizeWalls.functionViolations(file, ratchet: ratchet) == [])
        #expect(SizeWalls.staleEntries([file], ratchet: ratchet) == [])
    }

    @Test func `an entry of the ratchet that could be lower is found`() {
        let file = SourceFile("Sources/Room/A.swift", "func short() {\n}\n")
        let ratchet = ["Sources/Room/A.swift short": 90, "Sources/Room/B.swift gone": 80]
        #expect(SizeWalls.staleEntries([file], ratchet: ratchet).count == 2)
    }
}
