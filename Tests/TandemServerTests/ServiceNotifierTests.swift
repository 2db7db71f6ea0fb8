import CTandemSystem
import Glibc
import Testing

@testable import TandemServer

@Suite struct ServiceNotifierTests {
    /// Sends through a notifier and returns the datagrams that a manager at `path` receives.
    private func received(
        at path: String, _ send: (ServiceNotifier) -> Void
    ) throws -> [String] {
        var address = sockaddr_un()
        let length = tandemsys_unix_address(path, path.utf8.count, &address)
        let manager = tandemsys_unix_socket(false, true)
        defer { close(manager) }
        #expect(tandemsys_bind(manager, &address, length) == 0)
        send(ServiceNotifier(environment: { $0 == "NOTIFY_SOCKET" ? path : nil }))
        var messages: [String] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case let count = tandemsys_receive(manager, &buffer, buffer.count), count > 0 {
            messages.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
        return messages
    }

    @Test func `sends readiness and status as one message of lines`() throws {
        let folder = try TemporaryFolder()
        let messages = try received(at: folder.file("notify")) {
            $0.ready(status: "serving 2 models\nnow")
            $0.watchdog()
            $0.stopping(status: "draining")
        }
        #expect(
            messages == [
                "READY=1\nSTATUS=serving 2 models now", "WATCHDOG=1",
                "STOPPING=1\nSTATUS=draining",
            ])
    }

    @Test func `finds a manager in the abstract name space`() throws {
        let messages = try received(at: "@tandem-notify-\(getpid())") { $0.status("here") }
        #expect(messages == ["STATUS=here"])
    }

    @Test func `hands a descriptor over with its name, and has it dropped by name`() throws {
        let folder = try TemporaryFolder()
        var address = sockaddr_un()
        let path = folder.file("notify")
        let length = tandemsys_unix_address(path, path.utf8.count, &address)
        let manager = tandemsys_unix_socket(false, true)
        defer { close(manager) }
        #expect(tandemsys_bind(manager, &address, length) == 0)
        let notifier = ServiceNotifier(environment: { $0 == "NOTIFY_SOCKET" ? path : nil })
        let memory = tandemsys_memfd("test")
        #expect(write(memory, "abc", 3) == 3)
        notifier.store(memory, name: "shard-1")
        notifier.forget(name: "shard-2")
        close(memory)

        func message() -> (text: String, descriptor: Int32) {
            var bytes = [UInt8](repeating: 0, count: 512)
            var passed: Int32 = -1
            let count = tandemsys_receive_descriptor(manager, &bytes, bytes.count, &passed)
            return (String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self), passed)
        }
        let stored = message()
        #expect(stored.text == "FDSTORE=1\nFDNAME=shard-1\nFDPOLL=0")
        var contents = [UInt8](repeating: 0, count: 4)
        #expect(pread(stored.descriptor, &contents, 4, 0) == 3)
        #expect(contents == Array("abc".utf8) + [0])
        close(stored.descriptor)
        let forgotten = message()
        #expect(forgotten.text == "FDSTOREREMOVE=1\nFDNAME=shard-2" && forgotten.descriptor == -1)
    }

    @Test func `does nothing without a service manager`() {
        let notifier = ServiceNotifier(environment: { _ in nil })
        notifier.ready(status: "x")
        #expect(!notifier.isActive)
        #expect(notifier.watchdogNanoseconds == nil)
    }

    @Test func `takes the watchdog's interval only if it is meant for this process`() {
        func interval(_ variables: [String: String]) -> UInt64? {
            ServiceNotifier(environment: { variables[$0] }, pid: 42).watchdogNanoseconds
        }
        #expect(interval(["WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "42"]) == 2_000_000_000)
        #expect(interval(["WATCHDOG_USEC": "2000000"]) == 2_000_000_000)
        #expect(interval(["WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "43"]) == nil)
        #expect(interval(["WATCHDOG_USEC": "99999999999999999999"]) == nil)
        #expect(interval(["WATCHDOG_USEC": "0"]) == nil)
    }
}
