import TandemRequest
import TandemServingSupport
import TandemWire

/// The readers of what comes through a socket.
enum WireFuzz {
    /// Takes a stream apart at every split point of its beginning, as a socket may deliver it.
    static func readFrames(_ bytes: UnsafeRawBufferPointer) {
        let reader = FrameReader(frameBytesMax: 1 << 16)
        var start = 0
        while start < bytes.count {
            let window = UnsafeRawBufferPointer(rebasing: bytes[start...])
            switch reader.scan(window) {
            case .frame(let payload):
                precondition(payload.upperBound <= window.count, "a frame beyond what came")
                for end in 0..<min(payload.upperBound, 8) {
                    let part = UnsafeRawBufferPointer(rebasing: window[..<end])
                    if case .frame = reader.scan(part) { preconditionFailure("half a frame") }
                }
                readEnvelope(UnsafeRawBufferPointer(rebasing: window[payload]))
                start += payload.upperBound
            case .needsMore(let windowBytesMin):
                precondition(windowBytesMin > window.count, "waits for what is there")
                return
            case .refused: return
            }
        }
    }

    /// Reads a payload as either side does.
    static func readEnvelope(_ bytes: UnsafeRawBufferPointer) {
        guard let arena = try? ArenaAllocator(capacity: 1 << 20) else { return }
        defer { withExtendedLifetime(arena) {} }
        if let request = try? RequestDecoder(arena: arena).decode(bytes) {
            precondition(request.id > 0, "a request without id was taken")
        }
        arena.reset()
        _ = try? ResponseDecoder(arena: arena).decode(bytes)
    }

    private static let session: PredictSession? =
        (try? TinyShop.model()).flatMap { try? PredictSession($0, clock: { 0 }) }

    /// Decodes a payload and, if it asks for scores, answers it by a small model.
    static func answer(_ bytes: UnsafeRawBufferPointer) {
        guard let session, let arena = try? ArenaAllocator(capacity: 1 << 22) else { return }
        defer { withExtendedLifetime(arena) {} }
        var limits = WireLimits()
        limits.rowsMax = 4_096
        guard let request = try? RequestDecoder(limits: limits, arena: arena).decode(bytes),
            case .predict(let predict) = request.call
        else { return }
        do {
            let byteCount = try session.run.pointee.arrive(predict, id: request.id, now: 1)
            let frame = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
            defer { frame.deallocate() }
            session.run.pointee.place(at: frame)
            while try session.run.pointee.advance(now: 1) == .more {}
            arena.reset()
            let answer = UnsafeRawBufferPointer(start: frame, count: byteCount)
            guard case .frame(let payload) = FrameReader(frameBytesMax: 1 << 30).scan(answer)
            else { preconditionFailure("an answer that is no frame") }
            // What it answers, a client can read.
            let content = UnsafeRawBufferPointer(rebasing: answer[payload])
            _ = try ResponseDecoder(arena: arena).decode(content)
        } catch is RequestError {
        } catch let error as WireError {
            precondition(error.code == .arenaFull, "an answer that cannot be read: \(error)")
        } catch { preconditionFailure("\(error)") }
    }
}
