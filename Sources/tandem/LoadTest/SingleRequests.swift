import CTandemSystem
import Glibc

/// Requests one after the other on one connection.
struct SingleRequests {
    private var connection: LoadConnection
    private let frames: LoadFrames

    /// Connects.
    init(_ socket: String, _ frames: LoadFrames) throws(Failure) {
        connection = try LoadConnection(socket)
        self.frames = frames
    }

    /// Asks once; how long the answer took, in nanoseconds.
    mutating func ask(_ kind: Int, _ number: UInt64) throws(Failure) -> UInt64 {
        let start = tandemsys_monotonic_ns()
        let frames = frames
        var isOpen = connection.send {
            frames.append(number, kind: kind, deadline: 0, to: &$0)
        }
        var code: UInt64?
        while isOpen, code == nil {
            let events = connection.wantsToSend ? POLLIN | POLLOUT : POLLIN
            var wait = pollfd(fd: connection.descriptor, events: Int16(events), revents: 0)
            _ = poll(&wait, 1, -1)
            isOpen = connection.flush() && connection.receive { code = $0.code }
        }
        guard let code else {
            throw Failure(.unavailable, "the daemon closed the connection")
        }
        guard code == 0 else {
            throw Failure(
                .unavailable,
                "the daemon refused a request of the load test with code \(code); `tandem status` "
                    + "says why")
        }
        return tandemsys_monotonic_ns() - start
    }
}
