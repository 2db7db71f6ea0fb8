import Foundation
import Testing

@Suite struct UnitFilesTests {
    private let help = [
        "tandemd": """
        USAGE: tandemd --repository <directory> [--socket <path>]

        OPTIONS:
          --repository <directory>  Where the models are.
          --socket <path>           The data socket.
          -h, --help                Show help information.
        """
    ]

    private func violations(_ unit: String) -> [String] {
        UnitFiles.violations(SourceFile("systemd/tandemd.service", unit), help: help)
    }

    /// What the daemon built beside these tests says of itself.
    private func builtHelp() throws -> String {
        let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let daemon = folder.appendingPathComponent("tandemd").path
        let outcome = try Command.run([daemon, "--help"], in: folder)
        try #require(outcome.status == 0, "tandemd --help failed: \(outcome.output)")
        return outcome.output
    }

    @Test func `the units name only flags that the daemon has`() throws {
        let units = try SourceTree.files(under: ["systemd"], suffixes: [".service"])
        try #require(units.contains { !UnitFiles.starts($0).isEmpty })
        let help = try ["tandemd": builtHelp()]
        #expect(units.flatMap { UnitFiles.violations($0, help: help) } == [])
    }

    @Test func `a flag that the daemon lacks is found`() {
        #expect(
            violations("[Service]\nExecStart=/usr/bin/tandemd --repo /models --socket=/s\n") == [
                "systemd/tandemd.service:2: tandemd has no flag --repo"
            ])
    }

    @Test func `a flag on a continued line is found`() {
        let unit = "ExecStart=/usr/bin/tandemd \\\n  --repository /models \\\n  --fast\n"
        #expect(violations(unit) == ["systemd/tandemd.service:1: tandemd has no flag --fast"])
    }

    @Test func `flags that exist pass`() {
        #expect(violations("ExecStart=/usr/bin/tandemd --repository /m --socket=/s -h\n") == [])
    }

    @Test func `a program that is not ours is found`() {
        #expect(violations("ExecStart=/bin/sleep 1\n").count == 1)
    }
}
