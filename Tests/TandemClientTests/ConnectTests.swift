import Glibc
import TandemClient
import Testing

/// Sockets that cannot be connected to, and what is said of them.
@Suite(.timeLimit(.minutes(1))) struct ConnectTests {
    private func failure(_ path: String) -> ClientError? {
        do throws(ClientError) {
            _ = try BlockingConnection(path: path)
            return nil
        } catch {
            return error
        }
    }

    @Test func `says to start the daemon where there is no socket`() throws {
        let error = try #require(failure("/tmp/tandem-no-such-socket"))
        #expect(error.code == .socketMissing)
        #expect(error.path == "/tmp/tandem-no-such-socket")
        #expect(error.systemError == ENOENT)
        #expect(
            error.description == "socketMissing: there is no socket; start the daemon (systemctl "
                + "start tandemd, or tandemd --socket /tmp/tandem-no-such-socket), or give the "
                + "path it listens on (socket /tmp/tandem-no-such-socket)")
    }

    @Test func `says that nobody listens at a socket left behind`() throws {
        let path = "/tmp/tandem-left-behind-\(getpid()).sock"
        unlink(path)
        defer { unlink(path) }
        _ = close(FakeServer.listen(path))
        let error = try #require(failure(path))
        #expect(error.code == .connectionRefused)
        #expect(error.systemError == ECONNREFUSED)
        #expect(error.message.contains("start it again"))
    }

    @Test func `says that a file is no socket`() throws {
        let error = try #require(failure("/etc/passwd"))
        #expect(error.code == .socketPathInvalid)
    }

    @Test func `refuses an empty path, one with NUL and one byte more than fits`() throws {
        #expect(failure("")?.code == .socketPathInvalid)
        #expect(failure("/tmp/a\u{0}b")?.code == .socketPathInvalid)
        let fits = "/tmp/" + String(repeating: "x", count: 102)
        #expect(failure(fits)?.code == .socketMissing)
        let error = try #require(failure(fits + "x"))
        #expect(error.code == .socketPathInvalid)
        #expect(error.message.contains("at most 107 bytes"))
        #expect(error.message.contains("108"))
    }

    @Test func `fails alike without blocking the caller`() async {
        let error = await #expect(throws: ClientError.self) {
            try await AsyncConnection.connect(path: "/tmp/tandem-no-such-socket")
        }
        #expect(error?.code == .socketMissing)
    }
}
