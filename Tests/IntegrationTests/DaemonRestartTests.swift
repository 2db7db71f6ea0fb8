import CTandemSystem
import Glibc
import TandemServingSupport
import TandemWire
import Testing

/// A daemon that ends in any way leaves its tables to the next one; the test is its systemd.
@Suite(.serialized) struct DaemonRestartTests {
    private let daemon: DaemonProcess
    private let systemd: FakeSystemd
    /// Makes the table of items 400 KB: large enough to be kept.
    private static let itemCount = 100_000

    init() throws {
        daemon = try DaemonProcess()
        systemd = try FakeSystemd(daemon)
        try TinyShop.publish(to: daemon.repository, itemCount: Self.itemCount)
    }

    @Test func `after kill -9 a daemon serves from what the one before left, and reads it not`()
        throws
    {
        try systemd.start()
        let before = try daemon.connect().predict().tasks
        let name = try #require(try systemd.waitForStore())
        daemon.send(SIGKILL)
        #expect(daemon.wait() == 128 + SIGKILL)
        // Whoever read the table from the disk now would refuse it.
        let shard = "\(daemon.repository)/tiny/1/\(name.dropFirst("shard-".count)).shard"
        let descriptor = tandemsys_open(shard, O_WRONLY, 0)
        var status = stat()
        try #require(descriptor >= 0 && fstat(descriptor, &status) == 0)
        #expect(pwrite(descriptor, "damage", 6, status.st_size - 6) == 6)
        close(descriptor)

        try systemd.start()
        #expect(try daemon.connect().predict().tasks == before)
        daemon.send(SIGTERM)
        #expect(daemon.wait() == 0)
        // It was kept all the while: a third one serves too.
        try systemd.start()
        #expect(try daemon.connect().predict().tasks == before)
    }

    @Test func `drops from the store what is unloaded`() throws {
        try systemd.start()
        let name = try #require(try systemd.waitForStore())
        let unload = ControlCall.modelUnload(model: "tiny", version: 1, graceNanoseconds: 0)
        _ = try daemon.connectAdmin().call(unload)
        // The loops leave the table with the model when they next look.
        while systemd.stored[name] != nil {
            _ = try daemon.connect().call(.serverLive)
            systemd.receive()
            usleep(1_000)
        }
    }

    @Test func `loads plainly what comes back as something else, and has it dropped`() throws {
        let other = tandemsys_memfd("other")
        #expect(write(other, "nothing of ours", 15) == 15)
        let name = "shard-" + String(repeating: "0", count: 64)
        systemd.stored[name] = other
        try systemd.start()
        #expect(try daemon.connect().predict().version == 1)
        let kept = try #require(try systemd.waitForStore())
        #expect(kept != name)
        #expect(systemd.stored[name] == nil)
    }
}

/// What systemd does for a daemon: its socket, its messages, its store.
private final class FakeSystemd {
    private let daemon: DaemonProcess
    private let listener: Int32
    private let notify: Int32
    private let notifyPath: String
    /// Descriptors by name.
    var stored: [String: Int32] = [:]

    init(_ daemon: DaemonProcess) throws {
        self.daemon = daemon
        notifyPath = daemon.folder.file("notify")
        notify = tandemsys_unix_socket(false, true)
        listener = tandemsys_unix_socket(true, true)
        for (descriptor, path) in [(notify, notifyPath), (listener, daemon.socketPath)] {
            var address = sockaddr_un()
            let length = tandemsys_unix_address(path, path.utf8.count, &address)
            guard tandemsys_bind(descriptor, &address, length) == 0 else {
                throw DaemonProcess.Failure(description: "cannot bind \(path)")
            }
        }
        tandemsys_listen(listener, 16)
    }

    deinit {
        for descriptor in Array(stored.values) + [listener, notify] { close(descriptor) }
    }

    /// Starts the daemon with its socket and all that is stored, and waits until it is ready.
    func start() throws {
        // Numbers out of the way of those that the daemon is to find them at.
        var passed = [(fcntl(listener, F_DUPFD, 500), "data")]
        for (name, descriptor) in stored.sorted(by: { $0.key < $1.key }) {
            passed.append((fcntl(descriptor, F_DUPFD, 500), name))
        }
        defer { for (descriptor, _) in passed { close(descriptor) } }
        try daemon.spawn(
            ["--admin-socket", daemon.adminPath, "--no-watch"], bindsSocket: false,
            sockets: passed, environment: ["NOTIFY_SOCKET": notifyPath])
        try daemon.waitUntilReady()
        receive()
    }

    /// Takes the messages that wait.
    func receive() {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        var passed: Int32 = -1
        while case let count = tandemsys_receive_descriptor(notify, &bytes, bytes.count, &passed),
            count > 0
        {
            let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
            guard let name = lines.first(where: { $0.hasPrefix("FDNAME=") })?.dropFirst(7) else {
                continue
            }
            if lines[0] == "FDSTORE=1" {
                stored[String(name)] = passed
            } else if let descriptor = stored.removeValue(forKey: String(name)) {
                close(descriptor)
            }
        }
    }

    /// The name of the one descriptor that is stored, once one is.
    func waitForStore() throws -> String? {
        for _ in 0..<3_000 {
            receive()
            if stored.count == 1, let name = stored.keys.first, name != Self.invalid { return name }
            usleep(10_000)
        }
        return nil
    }

    private static let invalid = "shard-" + String(repeating: "0", count: 64)
}
