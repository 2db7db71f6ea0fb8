import Foundation
import Glibc
import TandemServingSupport
import Testing

/// The tool while system calls are interrupted and fall short.
@Suite(.serialized) struct ToolFaultTests {
    private let daemon: DaemonProcess

    init() throws {
        daemon = try DaemonProcess()
        try TinyShop.publish(to: daemon.repository)
    }

    private func run(_ faults: String, _ arguments: [String]) throws -> ToolProcess? {
        guard let library = try FaultLibrary.build(in: daemon.folder) else { return nil }
        return try ToolProcess(
            arguments, in: daemon.folder,
            environment: ["LD_PRELOAD": library, "TANDEM_FAULTS": faults])
    }

    @Test(arguments: ["eintr:2", "short:1", "short:2,eintr:3"])
    func `publishes and verifies whatever system calls do`(faults: String) throws {
        guard let published = try run(faults, ["publish", "models/tiny/1", "copy"]) else { return }
        #expect(published.status == 0, "\(published.errors)")
        let label = try run(faults, ["label", "copy/tiny", "stable=1"])
        #expect(label?.output == "stable=1\n")
        #expect(try run(faults, ["verify", "copy/tiny/1"])?.status == 0)
        let contents = FileManager.default.contentsEqual(
            atPath: daemon.folder.file("models/tiny/1"), andPath: daemon.folder.file("copy/tiny/1"))
        #expect(contents)
    }

    @Test(arguments: ["eintr:2", "short:1", "again:3,short:2,eintr:5"])
    func `asks a daemon whatever system calls do`(faults: String) throws {
        try daemon.start(["--threads", "1"])
        let states = try run(faults, ["models", "--admin-socket", daemon.adminPath])
        guard let states else { return }
        #expect(states.status == 0 && states.output.contains("tiny"), "\(states.errors)")
        let load = try run(
            faults,
            [
                "load-test", "--socket", daemon.socketPath, "--model", "tiny", "--rows", "1..200",
                "--duration", "0.2", "--depth", "4", "--json",
            ])
        #expect(load?.status == 0, "\(load?.errors ?? "")")
        #expect(load?.output.contains("\"errors\": 0, \"refused\": 0") == true)
    }
}
