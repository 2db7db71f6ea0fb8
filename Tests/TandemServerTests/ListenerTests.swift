import CTandemSystem
import Glibc
import Testing

@testable import TandemServer

@Suite struct ListenerTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func refusal(_ path: String) -> ServerError? {
        do {
            try Listener(binding: path, mode: 0o660, door: .data).end()
            return nil
        } catch {
            return error
        }
    }

    private func connects(_ path: String) -> Bool {
        var address = sockaddr_un()
        let length = tandemsys_unix_address(path, path.utf8.count, &address)
        let descriptor = tandemsys_unix_socket(true, false)
        defer { close(descriptor) }
        return tandemsys_connect(descriptor, &address, length) == 0
    }

    @Test func `binds with the mode that was asked for and removes its path at the end`() throws {
        let path = folder.file("a.sock")
        let listener = try Listener(binding: path, mode: 0o620, door: .data)
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o620)
        #expect(connects(path))
        listener.end()
        #expect(lstat(path, &status) != 0)
    }

    @Test func `takes a path of the longest length and refuses one byte more`() throws {
        let bound = tandemsys_unix_path_bytes_max()
        let stem = folder.file("")
        let longest = stem + String(repeating: "x", count: bound - stem.utf8.count)
        #expect(refusal(longest) == nil)
        let error = try #require(refusal(longest + "x"))
        #expect(error.code == .socketPathTooLong)
        #expect(error.bound == bound)
        #expect(error.actual == bound + 1)
    }

    @Test func `refuses an empty path and one with a NUL byte`() {
        #expect(refusal("")?.code == .socketPathInvalid)
        #expect(refusal(folder.file("a\0b"))?.code == .socketPathInvalid)
    }

    @Test func `leaves a file that is no socket alone`() throws {
        let path = folder.file("note.txt")
        close(tandemsys_open(path, O_CREAT | O_WRONLY, 0o600))
        let error = try #require(refusal(path))
        #expect(error.code == .socketPathTaken)
        #expect(error.path == path)
        var status = stat()
        #expect(lstat(path, &status) == 0)
    }

    @Test func `refuses a path that a live process listens on, by its pid`() throws {
        let path = folder.file("live.sock")
        let live = try Listener(binding: path, mode: 0o600, door: .data)
        defer { live.end() }
        let error = try #require(refusal(path))
        #expect(error.code == .socketInUse)
        #expect(error.pid == getpid())
        #expect(connects(path))
    }

    @Test func `takes over the socket of a daemon that was killed`() throws {
        let path = folder.file("stale.sock")
        let killed = try Listener(binding: path, mode: 0o600, door: .data)
        close(killed.descriptor)
        #expect(!connects(path))
        let successor = try Listener(binding: path, mode: 0o600, door: .data)
        #expect(connects(path))
        successor.end()
    }

    @Test func `does not remove a successor's socket`() throws {
        let path = folder.file("moved.sock")
        let first = try Listener(binding: path, mode: 0o600, door: .data)
        unlink(path)
        let second = try Listener(binding: path, mode: 0o600, door: .data)
        first.end()
        #expect(connects(path))
        second.end()
    }

    @Test func `says that a folder is missing`() throws {
        let error = try #require(refusal(folder.file("none/a.sock")))
        #expect(error.code == .socketFailed)
        #expect(error.errorNumber == ENOENT)
    }

    @Test func `binds and finds alive in the abstract name space`() throws {
        let path = "@tandem-test-\(getpid())"
        let live = try Listener(binding: path, mode: 0o600, door: .data)
        defer { live.end() }
        #expect(connects(path))
        #expect(refusal(path)?.code == .socketInUse)
    }
}
