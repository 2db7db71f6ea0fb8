internal import CTandemSystem
internal import Glibc
internal import TandemWire

// Design: the watchdog is fed by answers, not by signs of life.
//
// The main thread is a client of each loop, over a socket pair that the loop has as one more data
// connection: a question goes through epoll, the decoder, a model, the encoder and back, as any
// client's does. The question is a warm-up request of a model that is served, or whether the loop
// lives while none is. Only if every loop answered rightly since the last feeding is the service
// manager told that all is well. Nothing waits here: questions are sent and answers looked for when
// the watchdog's time comes, so that an idle daemon wakes for nothing else.

/// Asks each loop for a real answer, and says whether all gave one.
final class Watchdog {
    /// One loop's connection, seen from here.
    private struct Line {
        let descriptor: Int32
        var askedID: UInt64 = 0
        var answeredID: UInt64 = 0
        var received: [UInt8] = []
    }

    private var lines: [Line]
    private var nextID: UInt64 = 1
    private let arena: ArenaAllocator
    /// What the last loop that did not answer rightly said; nil while all do.
    private(set) var complaint: String?

    /// Takes one end of a socket pair a loop.
    ///
    /// - Throws: `ServerError.loopFailed` when there is no address space.
    init(_ descriptors: [Int32]) throws(ServerError) {
        lines = descriptors.map { Line(descriptor: $0) }
        do {
            arena = try ArenaAllocator()
        } catch { throw ServerError(.loopFailed, error.message) }
    }

    deinit { for line in lines { close(line.descriptor) } }

    /// Looks for the answers to the last questions.
    ///
    /// - Returns: Whether every loop has answered rightly.
    func hasGoodAnswers() -> Bool {
        complaint = nil
        var isWell = true
        for index in lines.indices {
            receive(index)
            guard lines[index].askedID > 0, lines[index].answeredID == lines[index].askedID
            else {
                isWell = false
                continue
            }
        }
        return isWell && complaint == nil
    }

    /// Asks every loop that owes no answer.
    ///
    /// - Parameter payload: Makes the question of an id.
    func ask(_ payload: (UInt64) -> [UInt8]) {
        for index in lines.indices where lines[index].answeredID == lines[index].askedID {
            let frame = payload(nextID)
            let sent = tandemsys_send(lines[index].descriptor, frame, frame.count)
            // A full buffer is a loop that does not read: it then owes an answer for ever.
            lines[index].askedID = nextID
            if sent != frame.count { complaint = "a loop does not read" }
            nextID += 1
        }
    }

    private func receive(_ index: Int) {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = tandemsys_receive(lines[index].descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            lines[index].received += chunk[..<count]
        }
        while case .frame(let payload) = lines[index].received.withUnsafeBytes({
            FrameReader().scan($0)
        }) {
            take(Array(lines[index].received[payload]), index)
            lines[index].received.removeFirst(payload.upperBound)
        }
    }

    private func take(_ payload: [UInt8], _ index: Int) {
        arena.reset()
        do throws(WireError) {
            let memory = UnsafeMutableRawBufferPointer.allocate(
                byteCount: payload.count, alignment: 16)
            defer { memory.deallocate() }
            memory.copyBytes(from: payload)
            let answer = try ResponseDecoder(arena: arena).decode(UnsafeRawBufferPointer(memory))
            guard answer.id > 0 else { return }
            lines[index].answeredID = answer.id
            if let fault = Self.fault(answer.content) { complaint = "loop \(index): \(fault)" }
        } catch { complaint = "loop \(index): \(error.message)" }
    }

    /// Why an answer is no sign of health; a model that is leaving is none of sickness.
    private static func fault(_ content: ResponseView.Content) -> String? {
        switch content {
        case .predict, .goingAway: return nil
        case .control(let answer):
            return answer == .serverLive(true) ? nil : "an answer to another question"
        case .status(let status):
            switch status.code {
            case .notFound, .unavailable, .failedPrecondition, .resourceExhausted,
                .deadlineExceeded:
                return nil
            default: return status.message
            }
        }
    }
}

/// The questions that the watchdog asks.
enum WatchdogQuestion {
    /// A frame that asks a version of a model by one of its warm-up requests.
    ///
    /// Model and version are put behind the request's own: of a field that comes twice, protobuf
    /// takes the last.
    static func predict(
        id: UInt64, warmUp: [UInt8], model: String, version: UInt64
    ) -> [UInt8] {
        let name = Array(model.utf8)
        let request =
            warmUp + [0x0A] + varint(UInt64(name.count)) + name + [0x10] + varint(version)
        return frame([0x08] + varint(id) + [0x52] + varint(UInt64(request.count)) + request)
    }

    /// A frame that asks whether the loop lives.
    static func live(id: UInt64) -> [UInt8] { frame([0x08] + varint(id) + [0x5A, 0]) }

    private static func frame(_ payload: [UInt8]) -> [UInt8] {
        varint(UInt64(payload.count)) + payload
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(truncatingIfNeeded: rest)]
    }
}
