import CTandemSystem
import Glibc
import Synchronization
import TandemWire

/// A server of one connection whose every byte is the test's to choose.
///
/// The script runs on a thread of its own; the connection closes when it returns.
final class FakeServer: Sendable {
    private static let count = Atomic<Int>(0)

    let path: String
    private let listener: Int32

    init(_ script: @escaping @Sendable (FakePeer) -> Void) {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        path = "/tmp/tandem-client-\(getpid())-\(number).sock"
        unlink(path)
        listener = Self.listen(path)
        let listener = listener
        startThread {
            var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            while poll(&entry, 1, -1) >= 0 {
                let descriptor = tandemsys_accept(listener)
                guard descriptor >= 0 else { continue }
                tandemsys_set_nonblocking(descriptor, false)
                script(FakePeer(descriptor))
                _ = close(descriptor)
                return
            }
        }
    }

    deinit {
        _ = close(listener)
        unlink(path)
    }

    /// A listening socket at a path.
    static func listen(_ path: String) -> Int32 {
        var address = sockaddr_un()
        let length = path.withCString { tandemsys_unix_address($0, path.utf8.count, &address) }
        let listener = tandemsys_unix_socket(true, true)
        precondition(tandemsys_bind(listener, &address, Int32(length)) == 0, "bind")
        precondition(tandemsys_listen(listener, 4) == 0, "listen")
        return listener
    }
}

/// Runs a closure on a thread of its own.
func startThread(_ run: @escaping @Sendable () -> Void) {
    final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var thread = pthread_t()
    let body = Unmanaged.passRetained(Body(run)).toOpaque()
    let result = pthread_create(
        &thread, nil,
        { body in
            if let body { Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run() }
            return nil
        }, body)
    precondition(result == 0, "no thread")
    pthread_detach(thread)
}

/// The server's end of the connection; blocking.
final class FakePeer {
    private let descriptor: Int32
    private var window: [UInt8] = []
    private let arena: ArenaAllocator?

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        arena = try? ArenaAllocator()
    }

    /// The next request; nil at the connection's end.
    ///
    /// The view is valid until the next call.
    func request() -> RequestView? {
        guard let arena else { return nil }
        while true {
            let scan = window.withUnsafeBytes { FrameReader(frameBytesMax: 1 << 30).scan($0) }
            switch scan {
            case .refused: return nil
            case .needsMore: guard receive() else { return nil }
            case .frame(let range):
                let payload = Array(window[range])
                window.removeSubrange(..<range.upperBound)
                arena.reset()
                return payload.withUnsafeBytes { bytes in
                    try? RequestDecoder(arena: arena).decode(bytes)
                }
            }
        }
    }

    /// Waits for bytes and keeps them; false at the connection's end.
    func receive() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        window.append(contentsOf: chunk.prefix(count))
        return true
    }

    /// Sends bytes as they are.
    func send(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty {
                let count = tandemsys_send(descriptor, rest.baseAddress, rest.count)
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }

    /// Sends bytes one at a time.
    func dribble(_ bytes: [UInt8]) {
        for byte in bytes { send([byte]) }
    }
}

/// Frames that a server sends.
enum Frames {
    /// The answer to a control call.
    static func control(_ id: UInt64, _ answer: ControlAnswer) -> [UInt8] {
        encode { encoder throws(WireError) in try encoder.control(id: id, answer) }
    }

    /// A failure.
    static func status(_ id: UInt64, _ status: WireStatus) -> [UInt8] {
        encode { encoder throws(WireError) in try encoder.status(id: id, status) }
    }

    /// The notice that the connection will be closed.
    static func goingAway(_ reason: String) -> [UInt8] {
        encode { encoder throws(WireError) in try encoder.goingAway(reason: reason) }
    }

    /// Scores of the tasks click (row number) and stars (two columns), ranked backwards if asked.
    static func prediction(_ id: UInt64, rows: Int, ranked: Int? = nil) -> [UInt8] {
        let template = PredictResponseTemplate(
            model: "shop", version: 41,
            tasks: [
                TaskAnswer("click", .binary),
                TaskAnswer("stars", .multiclass, width: 2, given: "click"),
            ])
        guard
            let layout = try? PredictResponseLayout(
                template, id: id, rows: rows, rankedCount: ranked, frameBytesMax: 1 << 30)
        else { return [] }
        let arrays = UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>>.allocate(capacity: 2)
        defer { arrays.deallocate() }
        return [UInt8](unsafeUninitializedCapacity: layout.frameBytes) { buffer, count in
            count = layout.frameBytes
            guard let base = buffer.baseAddress else { return }
            let places = layout.write(to: UnsafeMutableRawPointer(base), arrays: arrays)
            for row in 0..<rows { arrays[0][row] = Float(row) }
            for index in 0..<2 * rows { arrays[1][index] = Float(index) / 2 }
            for index in 0..<(ranked ?? 0) {
                places?.rows[index] = UInt32(rows - 1 - index)
                places?.scores[index] = Float(rows - index)
            }
        }
    }

    private static func encode(
        _ make: (ResponseEncoder) throws(WireError) -> EncodedFrame
    ) -> [UInt8] {
        guard let arena = try? ArenaAllocator() else { return [] }
        return (try? make(ResponseEncoder(arena: arena)).bytes) ?? []
    }
}
