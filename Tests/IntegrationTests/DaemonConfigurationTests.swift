import CTandemSystem
import Glibc
import TandemServingSupport
import TandemWire
import Testing

/// A real daemon and its configuration file.
@Suite(.serialized) struct DaemonConfigurationTests {
    private let daemon: DaemonProcess

    init() throws {
        daemon = try DaemonProcess()
        try TinyShop.publish(to: daemon.repository)
    }

    private var path: String { daemon.folder.file("tandemd.toml") }

    private func write(_ text: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    private func end(_ options: [String]) throws -> Int32 {
        try daemon.spawn(["--config", path] + options)
        return daemon.wait()
    }

    private func limit(_ name: String) throws -> Int64? {
        guard case .serverMetadata(let server)? = try daemon.connect().call(.serverMetadata).control
        else { return nil }
        return server.limits.first { $0.name == name }?.value
    }

    @Test func `serves by what the file says`() throws {
        try write("[limits]\nrows_max = 3\n")
        try daemon.start(["--config", path])
        #expect(try daemon.connect().predict(TinyRequests.predict(rows: 3)).status == nil)
        let refused = try daemon.connect().predict(TinyRequests.predict(rows: 4))
        #expect(refused.status?.details.first?.limit == "rows_max")
        #expect(try limit("rows_max") == 3)
    }

    @Test func `checks a configuration without serving`() throws {
        try write("[limits]\nrows_max = 3\n")
        #expect(try end(["--check-config"]) == 0)
        #expect(daemon.folder.read("stdout").contains("can be taken"))
        try write("[limits]\nrowsmax = 3\n")
        #expect(try end(["--check-config"]) == 78)
        #expect(daemon.log.contains("\(path):2: limits.rowsmax"))
        #expect(daemon.log.contains("rows_max"))
    }

    @Test func `prints a configuration that it takes itself`() throws {
        try write("[limits]\nrows_max = 3\n")
        #expect(try end(["--print-config", "--set", "limits.tasks_max=9"]) == 0)
        let printed = daemon.folder.read("stdout")
        #expect(printed.contains("rows_max = 3  # file, line 2"))
        #expect(printed.contains("tasks_max = 9  # --set limits.tasks_max"))
        try write(printed)
        #expect(try end(["--check-config"]) == 0)
    }

    @Test func `a reload applies what it can and says what waits for a restart`() throws {
        try write("[limits]\nframes_per_turn = 3\n")
        try daemon.start(["--config", path])
        try write("threads = 3\n[limits]\nframes_per_turn = 4\nconnections_max = 9\n")
        let answer = try daemon.connectAdmin().call(.reload(model: "", configuration: true))
        guard case .reload(_, let applied, let needsRestart)? = answer.control else {
            Issue.record("no answer: \(answer)")
            return
        }
        #expect(applied == ["limits.connections_max", "limits.frames_per_turn"])
        #expect(needsRestart == ["threads"])
        // Each loop hears of it in its own time, before it answers a connection's next call.
        while try limit("connections_max") != 9 {}
        #expect(try limit("frames_per_turn") == 4)
    }

    @Test func `a wrong file is refused by a reload and changes nothing`() throws {
        try write("[limits]\nframes_per_turn = 3\n")
        try daemon.start(["--config", path])
        try write("[limits]\nframes_per_turn = 0\n")
        let answer = try daemon.connectAdmin().call(.reload(model: "", configuration: true))
        #expect(answer.status?.details.first?.reason == "CONFIGURATION_REFUSED")
        #expect(answer.status?.message.contains("\(path):2") == true)
        #expect(try limit("frames_per_turn") == 3)
        daemon.send(SIGHUP)
        while !daemon.log.contains("stays as it was") { usleep(1_000) }
        #expect(try daemon.connect().predict().status == nil)
    }

    @Test func `a reload of the configuration says that there is no file`() throws {
        try daemon.start()
        let answer = try daemon.connectAdmin().call(.reload(model: "", configuration: true))
        #expect(answer.status?.details.first?.reason == "CONFIGURATION_REFUSED")
        #expect(answer.status?.message.contains("--config FILE") == true)
        daemon.send(SIGHUP)
        #expect(try daemon.connect().predict().status == nil)
    }

    @Test func `SIGHUP reads the file again`() throws {
        try write("[limits]\nframes_per_turn = 3\n")
        try daemon.start(["--config", path])
        try write("[limits]\nframes_per_turn = 5\n")
        daemon.send(SIGHUP)
        while try limit("frames_per_turn") != 5 {}
        #expect(try daemon.connect().predict().status == nil)
    }
}
