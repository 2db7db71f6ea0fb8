import TandemServingSupport
import TandemTestSupport
import Testing

/// What the tool shows a person who waits at a terminal, and nobody else.
@Suite(.serialized) struct ToolTerminalTests {
    private let daemon: DaemonProcess

    init() throws {
        daemon = try DaemonProcess()
        try TinyShop.publish(to: daemon.repository)
        try daemon.start(["--threads", "1"])
    }

    private var loadTest: [String] {
        [
            "load-test", "--socket", daemon.socketPath, "--model", "tiny", "--rows", "1",
            "--rate", "100", "--duration", "2.5",
        ]
    }

    @Test func `a load test shows each second on a terminal, then takes the line away`() throws {
        let printed = try ScratchFolder()
        let terminal = try #require(PseudoTerminal())
        let tool = try ToolProcess.spawn(
            loadTest, in: daemon.folder, printingTo: printed, terminal: terminal.path)
        let shown = terminal.readToEnd()
        #expect(ToolProcess.wait(tool) == 0)
        let lines = shown.split(separator: "\r\u{1B}[K", omittingEmptySubsequences: false)
        #expect(lines.count >= 3, "\(shown)")
        let live = /\d+ s: [\d,]+\/s, p99 \d+ us, 0 refused, 0 errors/
        for line in lines.dropFirst().dropLast() {
            #expect(line.wholeMatch(of: live) != nil, "\(line)")
        }
        #expect(lines.first == "" && lines.last == "", "\(shown)")
        #expect(printed.read("stdout").contains("requests in 2.5 s"))
    }

    @Test(arguments: [
        (["verify", "models/tiny/1"], "verify: 1 of "),
        (["publish", "models/tiny/1", "copy"], "publish: checked 1 of "),
    ])
    func `reading every byte of a package shows how far it is`(
        arguments: [String], line: String
    ) throws {
        let printed = try ScratchFolder()
        let terminal = try #require(PseudoTerminal())
        let tool = try ToolProcess.spawn(
            arguments, in: daemon.folder, printingTo: printed, terminal: terminal.path)
        let shown = terminal.readToEnd()
        #expect(ToolProcess.wait(tool) == 0)
        #expect(shown.contains("\r\u{1B}[K\(line)") && shown.hasSuffix("\r\u{1B}[K"), "\(shown)")
    }

    @Test func `a load test writes no live line into a file`() throws {
        let run = try ToolProcess(loadTest, in: daemon.folder)
        #expect(run.status == 0)
        #expect(run.errors == "" && !run.output.contains("\u{1B}"))
    }
}
