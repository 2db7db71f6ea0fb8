import CTandemSystem
import Glibc
import TandemWire

/// One connection of a load test: non-blocking, with its own queue of bytes to send.
struct LoadConnection {
    /// What an answer says, as far as a load test cares.
    struct Answer {
        let id: UInt64
        /// 0 for success, else google.rpc.Code's number.
        let code: UInt64
    }

    let descriptor: Int32
    /// Requests sent and not answered.
    var inFlight = 0
    /// Whether its owner waits for room to send.
    var isWatchedForRoom = false
    private var unsent: [UInt8] = []
    private var sent = 0
    private var received = [UInt8](repeating: 0, count: 256 << 10)
    private var begin = 0
    private var end = 0

    /// Connects.
    ///
    /// - Throws: `Failure` `unavailable`, with the path.
    init(_ path: String) throws(Failure) {
        var address = sockaddr_un()
        let length = tandemsys_unix_address(path, path.utf8.count, &address)
        descriptor = tandemsys_unix_socket(true, false)
        let result = length > 0 ? tandemsys_connect(descriptor, &address, length) : length
        guard descriptor >= 0, result == 0 else {
            if descriptor >= 0 { Glibc.close(descriptor) }
            throw Failure(
                .unavailable, "\(path): cannot connect: \(String(cString: strerror(-result)))")
        }
        _ = tandemsys_set_nonblocking(descriptor, true)
    }

    /// Whether bytes wait to be sent.
    var wantsToSend: Bool { sent < unsent.count }

    /// Adds bytes and sends what fits.
    ///
    /// False if the connection broke.
    mutating func send(_ add: (inout [UInt8]) -> Void) -> Bool {
        if sent == unsent.count {
            unsent.removeAll(keepingCapacity: true)
            sent = 0
        }
        add(&unsent)
        return flush()
    }

    /// Sends what fits.
    ///
    /// False if the connection broke.
    mutating func flush() -> Bool {
        while sent < unsent.count {
            let count = unsent.withUnsafeBytes { bytes in
                tandemsys_send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent)
            }
            if count == -Int(EAGAIN) { return true }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Reads what is there and takes the answers out of it.
    ///
    /// False if the connection broke or ended.
    mutating func receive(_ take: (Answer) -> Void) -> Bool {
        while true {
            if end == received.count { makeRoom() }
            let count = received.withUnsafeMutableBytes { bytes in
                tandemsys_receive(
                    descriptor, bytes.baseAddress.map { $0 + end }, bytes.count - end)
            }
            if count == -Int(EAGAIN) { return true }
            guard count > 0 else { return false }
            let roomBytes = received.count - end
            end += count
            takeFrames(take)
            if count < roomBytes { return true }
        }
    }

    private mutating func takeFrames(_ take: (Answer) -> Void) {
        let reader = FrameReader(frameBytesMax: 1 << 30)
        received.withUnsafeBytes { bytes in
            while begin < end {
                let window = UnsafeRawBufferPointer(rebasing: bytes[begin..<end])
                guard case .frame(let payload) = reader.scan(window) else { break }
                take(Self.answer(UnsafeRawBufferPointer(rebasing: window[payload])))
                begin += payload.upperBound
            }
        }
        if begin == end { (begin, end) = (0, 0) }
    }

    private mutating func makeRoom() {
        let waiting = Array(received[begin..<end])
        if begin == 0 { received += [UInt8](repeating: 0, count: received.count) }
        received.replaceSubrange(0..<waiting.count, with: waiting)
        (begin, end) = (0, waiting.count)
    }

    /// Closes.
    func close() { Glibc.close(descriptor) }

    /// Id and code of a response: fields 1, and 2's field 1, of `envelope.proto` and
    /// `status.proto`; the rest is passed over, so that the generator costs little.
    private static func answer(_ payload: UnsafeRawBufferPointer) -> Answer {
        var id: UInt64 = 0
        var code: UInt64 = 0
        FieldScan.fields(payload) { number, value, content in
            if number == 1 { id = value }
            guard number == 2, let content else { return }
            code = 2
            FieldScan.fields(content) { number, value, _ in if number == 1 { code = value } }
        }
        return Answer(id: id, code: code)
    }
}
