import Foundation
import Testing

@Suite struct ImportWallsTests {
    let sample: [String: Room] = [
        "Low": Room(imports: []),
        "Middle": Room(imports: ["Low"], externals: ["Crypto"]),
        "High": Room(imports: ["Middle"]),
        "Guest": Room(imports: ["Middle"], isTransitive: false),
    ]

    @Test func `no Swift file imports above its room's wall`() throws {
        let files = try SourceTree.rooms()
        try #require(!files.isEmpty)
        let violations = files.flatMap { ImportWalls.violations($0, in: ImportWalls.table) }
        #expect(violations == [])
    }

    @Test func `no C file includes another room's headers`() throws {
        let violations = try SourceTree.handWrittenC().flatMap(ImportWalls.includeViolations)
        #expect(violations == [])
    }

    @Test func `the table has one row for each folder of Sources`() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: SourceTree.root.appendingPathComponent("Sources").path)
        #expect(Set(folders.filter { !$0.hasPrefix(".") }) == Set(ImportWalls.table.keys))
    }

    @Test(arguments: [
        "import High", "package import High", "@testable import High", "import struct High.Thing",
        "@preconcurrency public import High",
    ])
    func `an import from above is found, however it is written`(line: String) {
        let file = SourceFile("Sources/Low/A.swift", "// essay\n\(line)\n")
        #expect(
            ImportWalls.violations(file, in: sample) == [
                "Sources/Low/A.swift:2: Low must not import High"
            ])
    }

    @Test func `rooms are inherited downwards, externals are not`() {
        let allowed = ImportWalls.allowed("High", in: sample)
        #expect(allowed == ["Middle", "Low", "Swift", "Glibc", "Synchronization"])
        #expect(ImportWalls.allowed("Middle", in: sample).contains("Crypto"))
    }

    @Test func `a room that is not transitive sees only its own row`() {
        let file = SourceFile("Sources/Guest/A.swift", "import Middle\nimport Low\n")
        #expect(
            ImportWalls.violations(file, in: sample) == [
                "Sources/Guest/A.swift:2: Guest must not import Low"
            ])
    }

    @Test func `an import in a comment or a string is none`() {
        let file = SourceFile("Sources/Low/A.swift", "// import High\nlet a = \"import High\"\n")
        #expect(ImportWalls.violations(file, in: sample) == [])
    }

    @Test func `a room without a row is refused`() {
        let file = SourceFile("Sources/Attic/A.swift", "let a = 1\n")
        #expect(ImportWalls.violations(file, in: sample).count == 1)
    }

    @Test(arguments: [
        "TandemGraph", "TandemEngine", "TandemRequest", "TandemWire", "TandemFeatures",
        "TandemImport",
    ])
    func `Foundation stays out of the rooms a request passes`(room: String) {
        let file = SourceFile("Sources/\(room)/A.swift", "import Foundation\n")
        #expect(ImportWalls.violations(file, in: ImportWalls.table).count == 1)
    }

    @Test func `only the server and its executable log`() {
        let logging = ImportWalls.table.keys.filter {
            ImportWalls.allowed($0, in: ImportWalls.table).contains("Logging")
        }
        #expect(Set(logging) == ["TandemServer", "tandemd"])
    }

    @Test func `the client sees neither engine nor trainer nor server`() {
        let allowed = ImportWalls.allowed("TandemClient", in: ImportWalls.table)
        #expect(allowed.subtracting(ImportWalls.open) == ["TandemWire", "CTandemSystem"])
    }

    @Test func `an include of another room's header is found`() {
        let file = SourceFile("Sources/CTandemKernels/a.c", "#include <protobuf-c/protobuf-c.h>\n")
        #expect(
            ImportWalls.includeViolations(file) == [
                "Sources/CTandemKernels/a.c:1: CTandemKernels must not include "
                    + "protobuf-c/protobuf-c.h"
            ])
    }
}
