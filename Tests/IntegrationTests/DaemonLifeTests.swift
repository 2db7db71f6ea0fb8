import CTandemSystem
import Glibc
import TandemServingSupport
import TandemWire
import Testing

/// How a real daemon starts and ends, and what it refuses to start with.
@Suite(.serialized) struct DaemonLifeTests {
    private let daemon: DaemonProcess

    init() throws {
        daemon = try DaemonProcess()
        try TinyShop.publish(to: daemon.repository)
    }

    /// Starts a daemon that must refuse to; returns its exit status and what it said.
    private func refusal(_ options: [String], bindsSocket: Bool = true) throws -> (Int32, String) {
        try daemon.spawn(options, bindsSocket: bindsSocket)
        return (daemon.wait(), daemon.log)
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The messages that a service manager bound at `path` receives.
    private final class NotifySocket {
        let path: String
        private let descriptor: Int32

        init(_ path: String) throws {
            self.path = path
            var address = sockaddr_un()
            let length = tandemsys_unix_address(path, path.utf8.count, &address)
            descriptor = tandemsys_unix_socket(false, false)
            try #require(tandemsys_bind(descriptor, &address, length) == 0)
            // No test waits for ever; none depends on this time.
            var timeout = timeval(tv_sec: 30, tv_usec: 0)
            setsockopt(
                descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout,
                socklen_t(MemoryLayout<timeval>.size))
        }

        deinit { close(descriptor) }

        /// The next message that begins like this; those before it are passed over.
        func next(_ beginning: String) throws -> String {
            while true {
                var buffer = [UInt8](repeating: 0, count: 4_096)
                let count = tandemsys_receive(descriptor, &buffer, buffer.count)
                guard count > 0 else {
                    throw DaemonProcess.Failure(description: "no \(beginning) came")
                }
                let message = String(decoding: buffer.prefix(count), as: UTF8.self)
                if message.hasPrefix(beginning) { return message }
            }
        }
    }

    // MARK: Ending

    @Test(arguments: [SIGTERM, SIGINT])
    func `drains on a signal: answers what was sent, says goodbye, ends with 0`(
        signal: Int32
    ) throws {
        // However slow this machine is now, the queue takes them all.
        try daemon.start(["--set", "limits.queue_work_max_us=3600000000"])
        let connection = try daemon.connect()
        #expect(try connection.predict().status == nil)
        for id: UInt64 in 9...16 {
            connection.send(try TinyRequests.frame(id: id, TinyRequests.predict(rows: 3_000)))
        }
        daemon.send(signal)
        var answers = 0
        var goodbyes = 0
        while let answer = try connection.receive() {
            if answer.goodbye != nil { goodbyes += 1 }
            guard (9...16).contains(answer.id) else { continue }
            if answer.values("click")?.count == 3_000 { answers += 1 }
        }
        #expect(answers == 8)
        #expect(goodbyes == 1)
        #expect(daemon.wait() == 0)
        #expect(!exists(daemon.socketPath) && !exists(daemon.adminPath))
    }

    @Test func `ends at once on the second signal`() throws {
        try daemon.start(["--drain-ms", "60000"])
        // Half a frame keeps the drain waiting.
        let connection = try daemon.connect()
        connection.send([100, 8])
        // Its goodbye says that the drain began.
        daemon.send(SIGTERM)
        #expect(try connection.answer().goodbye != nil)
        daemon.send(SIGTERM)
        #expect(daemon.wait() == 1)
        #expect(!exists(daemon.socketPath))
    }

    @Test func `waits for half a frame no longer than the drain's time`() throws {
        try daemon.start(["--drain-ms", "100"])
        let connection = try daemon.connect()
        connection.send([100, 8])
        daemon.send(SIGTERM)
        #expect(daemon.wait() == 0)
    }

    @Test func `drains when the admin socket asks for it`() throws {
        try daemon.start()
        let admin = try daemon.connectAdmin()
        guard case .drain? = try admin.call(.drain(timeoutNanoseconds: 0)).control else {
            Issue.record("no answer to drain")
            return
        }
        #expect(daemon.wait() == 0)
    }

    // MARK: Sockets

    @Test func `takes over the socket of a daemon that was killed`() throws {
        try daemon.start()
        daemon.send(SIGKILL)
        #expect(daemon.wait() == 128 + SIGKILL)
        #expect(exists(daemon.socketPath))
        try daemon.start()
        #expect(try daemon.connect().predict().status == nil)
    }

    @Test func `refuses a socket that a live daemon has, by its pid, and leaves it alone`() throws {
        try daemon.start()
        let second = try DaemonProcess()
        try second.spawn(["--socket", daemon.socketPath], bindsSocket: false)
        #expect(second.wait() == 73)
        #expect(second.log.contains("in use by process \(daemon.pid)"))
        #expect(try daemon.connect().predict().status == nil)
    }

    @Test func `refuses a path that is too long, and one where a file lies`() throws {
        let long = "/tmp/" + String(repeating: "x", count: 200)
        let (status, log) = try refusal(["--socket", long], bindsSocket: false)
        #expect(status == 64)
        #expect(log.contains("205 bytes long"))
        let file = daemon.folder.file("note")
        close(tandemsys_open(file, O_CREAT | O_WRONLY, 0o600))
        let (other, otherLog) = try refusal(["--socket", file], bindsSocket: false)
        #expect(other == 73)
        #expect(otherLog.contains("is not a socket"))
        #expect(exists(file))
    }

    @Test func `refuses to start without socket, or without repository`() throws {
        let (status, log) = try refusal([], bindsSocket: false)
        #expect(status == 64)
        #expect(log.contains("--socket PATH"))
        #expect(rename(daemon.repository, daemon.folder.file("gone")) == 0)
        let (other, otherLog) = try refusal([])
        #expect(other == 66)
        #expect(otherLog.contains(daemon.repository))
        #expect(otherLog.split(separator: "\n").count == 2)
    }

    @Test(arguments: [
        ["--threads", "1025"], ["--socket-mode", "999"], ["--frame-bytes-max", "1"], ["--nonsense"],
        ["--executor", "int4"], ["--set", "rows"], ["--set", "limits.rowz_max=1"],
    ])
    func `refuses options that cannot be`(options: [String]) throws {
        #expect(try refusal(options).0 == 64)
    }

    @Test func `serves on sockets that the service manager passes, and leaves them there`() throws {
        func listen(_ name: String) throws -> Int32 {
            var address = sockaddr_un()
            let path = daemon.folder.file(name)
            let length = tandemsys_unix_address(path, path.utf8.count, &address)
            let descriptor = tandemsys_unix_socket(true, false)
            #expect(tandemsys_bind(descriptor, &address, length) == 0)
            #expect(tandemsys_listen(descriptor, 16) == 0)
            return descriptor
        }
        let admin = try listen("data.sock.admin")
        let data = try listen("data.sock")
        defer {
            close(admin)
            close(data)
        }
        // Connected before the daemon starts: the queue holds it.
        let early = try daemon.connect()
        early.send(try TinyRequests.frame(id: 1, .serverLive))
        try daemon.spawn(bindsSocket: false, sockets: [(admin, "admin"), (data, "data")])
        #expect(try early.answer().control == .serverLive(true))
        try daemon.waitUntilReady()
        #expect(try daemon.connect().predict().status == nil)
        #expect(
            try daemon.connectAdmin().call(.repositoryIndex(readyOnly: true, model: "")).status
                == nil)
        daemon.send(SIGTERM)
        #expect(daemon.wait() == 0)
        #expect(exists(daemon.socketPath))
    }

    @Test func `tells the service manager when it is ready and when it stops`() throws {
        let notified = try NotifySocket(daemon.folder.file("notify"))
        try daemon.spawn(environment: ["NOTIFY_SOCKET": notified.path, "JOURNAL_STREAM": "8:1"])
        #expect(try notified.next("READY=1") == "READY=1\nSTATUS=serving tiny/1")
        // Ready means ready: no polling here.
        #expect(try daemon.connect().predict().status == nil)
        daemon.send(SIGHUP)
        _ = try notified.next("RELOADING=1\nMONOTONIC_USEC=")
        _ = try notified.next("READY=1")
        daemon.send(SIGTERM)
        _ = try notified.next("STOPPING=1")
        #expect(daemon.wait() == 0)
        #expect(daemon.log.split(separator: "\n").allSatisfy { $0.hasPrefix("<6>") })
    }

    @Test func `feeds the watchdog as long as every loop answers`() throws {
        let notified = try NotifySocket(daemon.folder.file("notify"))
        try daemon.spawn(
            ["--threads", "2"],
            environment: ["NOTIFY_SOCKET": notified.path, "WATCHDOG_USEC": "200000"])
        for _ in 0..<3 { #expect(try notified.next("WATCHDOG=1") == "WATCHDOG=1") }
        daemon.send(SIGTERM)
        #expect(daemon.wait() == 0)
    }
}
