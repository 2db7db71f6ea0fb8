import CTandemSystem
import Glibc
import Synchronization
import TandemWire

/// Servers at one path, one after the other: the first one drains, the second goes away without an
/// answer, the third answers.
final class SuccessiveServers: Sendable {
    private let listener: Int32
    private let path: String
    private let count = Atomic<Int>(0)

    init(_ listener: Int32, _ path: String) {
        self.listener = listener
        self.path = path
    }

    /// Connections so far.
    var connectionCount: Int { count.load(ordering: .relaxed) }

    /// Serves on a thread.
    func start() {
        startThread { [self] in
            while count.load(ordering: .relaxed) < 3 {
                var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                guard poll(&entry, 1, -1) >= 0 else { return }
                let descriptor = tandemsys_accept(listener)
                guard descriptor >= 0 else { continue }
                tandemsys_set_nonblocking(descriptor, false)
                let number = count.add(1, ordering: .relaxed).newValue
                serve(FakePeer(descriptor), number)
                _ = close(descriptor)
            }
        }
    }

    private func serve(_ peer: FakePeer, _ number: Int) {
        guard let request = peer.request() else { return }
        switch number {
        case 1:
            peer.send(Frames.goingAway("draining"))
            peer.send(Frames.status(request.id, WireStatus(.unavailable, "the daemon drains")))
        case 2: return
        default:
            peer.send(Frames.prediction(request.id, rows: 3))
            _ = peer.receive()
        }
    }

    /// Stops listening.
    func end() {
        _ = close(listener)
        unlink(path)
    }
}
