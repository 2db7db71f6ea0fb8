import CTandemSystem
import Glibc
import TandemServingSupport
import TandemWire

/// A blocking connection that sends whatever bytes a test wants.
final class RawConnection {
    let descriptor: Int32
    private var received: [UInt8] = []
    private var nextID: UInt64 = 1

    init(_ path: String) throws {
        var address = sockaddr_un()
        let length = tandemsys_unix_address(path, path.utf8.count, &address)
        descriptor = tandemsys_unix_socket(true, false)
        let result = tandemsys_connect(descriptor, &address, length)
        // deinit closes it, and runs here too, since nothing is unset.
        guard length > 0, result == 0 else {
            throw DaemonProcess.Failure(description: "cannot connect to \(path): \(result)")
        }
        // No test waits for ever; none depends on this time.
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout,
            socklen_t(MemoryLayout<timeval>.size))
        setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout,
            socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Sends all bytes; false once the other side is gone.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                tandemsys_send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent)
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Says that nothing more will be sent.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next answer; nil at the end of the stream.
    func receive() throws -> ReadAnswer? {
        while true {
            let scan = received.withUnsafeBytes { FrameReader().scan($0) }
            switch scan {
            case .frame(let payload):
                let bytes = Array(received[payload])
                received.removeFirst(payload.upperBound)
                return try ReadAnswer(bytes)
            case .refused(let error): throw error
            case .needsMore: break
            }
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            let count = tandemsys_receive(descriptor, &chunk, chunk.count)
            if count == -Int(EAGAIN) {
                throw DaemonProcess.Failure(description: "no answer within 30 s")
            }
            // The end, or a reset because the daemon closed with bytes of ours unread.
            guard count > 0 else { return nil }
            received += chunk[..<count]
        }
    }

    /// Sends a call and receives the next answer.
    func call(_ call: ControlCall) throws -> ReadAnswer {
        send(try TinyRequests.frame(id: takeID(), call))
        return try answer()
    }

    /// Sends a Predict and receives the next answer.
    func predict(_ message: PredictRequestMessage = TinyRequests.predict()) throws -> ReadAnswer {
        send(try TinyRequests.frame(id: takeID(), message))
        return try answer()
    }

    /// The next answer, which must be there.
    func answer() throws -> ReadAnswer {
        guard let answer = try receive() else {
            throw DaemonProcess.Failure(description: "the connection ended without an answer")
        }
        return answer
    }

    private func takeID() -> UInt64 {
        defer { nextID += 1 }
        return nextID
    }
}
