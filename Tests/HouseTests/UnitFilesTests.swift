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
