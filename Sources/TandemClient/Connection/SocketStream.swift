// Design: one non-blocking Unix socket, and waiting by poll with a deadline.
//
// Every wait of the client has an end: connecting, sending to a server that does not read, and
// receiving from one that does not answer. Non-blocking calls and one poll before each receive give
// that for the price of one system call, and the blocking and the async connection share it.
import CTandemSystem
import Glibc
import TandemWire

/// A connected stream socket.
///
/// Closed when it goes.
final class SocketStream: Sendable {
    /// The descriptor, for poll.
    let descriptor: Int32
    /// The path it is connected to.
    let path: String

    /// CLOCK_MONOTONIC in nanoseconds.
    static var now: UInt64 { tandemsys_monotonic_ns() }

    /// Connects.
    ///
    /// - Parameters:
    ///   - path: The socket's path.
    ///   - deadline: CLOCK_MONOTONIC nanoseconds until which a full backlog is waited for.
    /// - Throws: `socketMissing`, `connectionRefused` and the like, with what to do.
    init(path: String, deadline: UInt64) throws(ClientError) {
        var address = sockaddr_un()
        let length = Int32(
            path.withCString { tandemsys_unix_address($0, path.utf8.count, &address) })
        guard length >= 0 else { throw ConnectFailure.error(-length, path) }
        let descriptor = tandemsys_unix_socket(true, true)
        guard descriptor >= 0 else { throw ConnectFailure.error(-descriptor, path) }
        while true {
            let result = tandemsys_connect(descriptor, &address, length)
            if result == 0 { break }
            // A full backlog: the daemon is there and busy.
            if result == -EAGAIN, Self.now < deadline {
                usleep(1_000)
                continue
            }
            _ = Glibc.close(descriptor)
            throw ConnectFailure.error(-result, path)
        }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { _ = Glibc.close(descriptor) }

    /// Ends the connection for both sides.
    ///
    /// The descriptor itself stays until the last reference goes, so that nobody can use its number
    /// for another file meanwhile.
    func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Sends what the socket takes now.
    ///
    /// - Returns: Bytes taken, perhaps 0.
    func sendSome(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> Int {
        guard !bytes.isEmpty else { return 0 }
        let sent = tandemsys_send(descriptor, bytes.baseAddress, bytes.count)
        if sent >= 0 { return sent }
        if sent == -Int(EAGAIN) { return 0 }
        throw lost(Int32(clamping: -sent))
    }

    /// Sends everything.
    func send(_ bytes: UnsafeRawBufferPointer, deadline: UInt64) throws(ClientError) {
        var rest = bytes
        while !rest.isEmpty {
            let sent = try sendSome(rest)
            rest = UnsafeRawBufferPointer(rebasing: rest[sent...])
            if sent == 0 { try wait(for: Int16(POLLOUT), deadline: deadline) }
        }
    }

    /// Receives what is there.
    ///
    /// - Returns: Bytes received; nil where none wait.
    func receiveSome(_ space: UnsafeMutableRawBufferPointer) throws(ClientError) -> Int? {
        let received = tandemsys_receive(descriptor, space.baseAddress, space.count)
        if received > 0 { return received }
        if received == -Int(EAGAIN) { return nil }
        throw lost(Int32(clamping: -received))
    }

    /// Waits until the socket is ready.
    ///
    /// - Throws: `timedOut` at the deadline.
    func wait(for events: Int16, deadline: UInt64) throws(ClientError) {
        while true {
            let now = Self.now
            guard now < deadline else {
                throw ClientError(
                    .timedOut,
                    "no answer in time; the server may be overloaded or stopped, or its load may "
                        + "call for a longer timeout", path: path)
            }
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let ready = poll(&entry, 1, Self.milliseconds(deadline - now))
            // EINTR and a wait cut into pieces come round again; errors show at the next call.
            if ready > 0 { return }
        }
    }

    /// Nanoseconds as poll's milliseconds, rounded up so that a wait is never a busy one.
    static func milliseconds(_ nanoseconds: UInt64) -> Int32 {
        let rounded = nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 == 0 ? 0 : 1)
        return Int32(clamping: min(rounded, 60_000))
    }

    private func lost(_ error: Int32) -> ClientError {
        ClientError(
            .connectionLost,
            error == 0
                ? "the server closed the connection before it answered; it may have restarted: "
                    + "connect again"
                : "the connection broke (\(ConnectFailure.text(error))); connect again",
            path: path, systemError: error)
    }
}

/// Why connecting failed, in words that help.
enum ConnectFailure {
    static func error(_ error: Int32, _ path: String) -> ClientError {
        let (code, message): (ClientError.Code, String) =
            switch error {
            case ENOENT, ENOTDIR:
                (
                    .socketMissing,
                    "there is no socket; start the daemon (systemctl start tandemd, or tandemd "
                        + "--socket \(path)), or give the path it listens on"
                )
            case ECONNREFUSED, ENOTSOCK, EPROTOTYPE: refused(path)
            case EACCES, EPERM:
                (
                    .permissionDenied,
                    "this user may not connect; add it to the socket's group, or see the socket's "
                        + "mode in the daemon's configuration"
                )
            case ENAMETOOLONG:
                (
                    .socketPathInvalid,
                    "a socket's path has at most \(tandemsys_unix_path_bytes_max()) bytes, this has "
                        + "\(path.utf8.count); choose a shorter one"
                )
            case EINVAL: (.socketPathInvalid, "the path is empty or has a NUL inside")
            case EAGAIN:
                (
                    .timedOut,
                    "the daemon takes no connections: its backlog is full; it may be stopped or "
                        + "out of descriptors"
                )
            case EMFILE, ENFILE, ENOMEM, ENOBUFS:
                (.systemExhausted, "no descriptor or memory left (\(text(error)))")
            default: (.connectionRefused, "cannot connect: \(text(error))")
            }
        return ClientError(code, message, path: path, systemError: error)
    }

    private static func refused(_ path: String) -> (ClientError.Code, String) {
        var status = stat()
        guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFSOCK else {
            return (.socketPathInvalid, "this is no socket; give the path that tandemd listens on")
        }
        return (
            .connectionRefused,
            "nobody listens; the daemon ended and left its socket behind: start it again"
        )
    }

    static func text(_ error: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        tandemsys_error_text(error, &buffer, buffer.count)
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
