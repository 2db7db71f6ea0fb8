internal import TandemGraph
internal import TandemRequest
internal import TandemWire

/// Runs a package's warm-up requests on every loop's session before the model answers.
///
/// So that the first caller does not pay for pages that were never touched. The requests are also a
/// test of the whole path: one that is refused means that the package contradicts itself.
struct WarmUp {
    private let loaded: LoadedModel
    private let terms: LoadTerms

    init(_ loaded: LoadedModel, _ terms: LoadTerms) {
        self.loaded = loaded
        self.terms = terms
    }

    /// Runs serialised `tandem.v1.PredictRequest`s.
    ///
    /// - Throws: `loadFailed`, saying which request was refused and why.
    func run(_ requests: [[UInt8]]) throws(RequestError) {
        guard !requests.isEmpty else { return }
        do {
            let arena = try ArenaAllocator(capacity: terms.limits.arenaBytesMax)
            defer { withExtendedLifetime(arena) {} }
            let decoder = RequestDecoder(limits: terms.limits, arena: arena)
            for request in requests {
                arena.reset()
                let payload = Self.envelope(request)
                let memory = try taken(payload.count)
                memory.base.copyMemory(from: payload, byteCount: payload.count)
                let view = try decoder.decode(
                    UnsafeRawBufferPointer(start: memory.base, count: payload.count))
                guard case .predict(let predict) = view.call else { continue }
                for part in loaded.parts {
                    try run(predict, part.session, terms.clock())
                    part.session.run.pointee.forgetCounts()
                }
                withExtendedLifetime(memory) {}
            }
        } catch let error as RequestError {
            throw refusal(error.message)
        } catch let error as WireError {
            throw refusal(error.message)
        } catch {
            throw refusal("\(error)")
        }
    }

    private func run(
        _ request: PredictView, _ session: PredictSession, _ now: UInt64
    ) throws(RequestError) {
        let byteCount = try session.run.pointee.arrive(request, id: 1, now: now)
        let frame: TensorStorage
        do {
            frame = try taken(byteCount)
        } catch {
            _ = session.run.pointee.cancel()
            throw error
        }
        session.run.pointee.place(at: frame.base)
        while try session.run.pointee.advance(now: now) == .more {}
        withExtendedLifetime(frame) {}
    }

    private func taken(_ byteCount: Int) throws(RequestError) -> TensorStorage {
        guard let storage = TensorStorage(ifPossible: byteCount) else {
            throw RequestError(.loadFailed, "no memory of \(byteCount) bytes for it or its answer")
        }
        return storage
    }

    /// `Request { id: 1, predict: request }`: fields 1 and 10 of `envelope.proto`.
    private static func envelope(_ request: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0x08, 1, 0x52]
        var rest = request.count
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
        return bytes + request
    }

    private func refusal(_ message: String) -> RequestError {
        RequestError(
            .loadFailed,
            "model '\(loaded.model.name)': a warm-up request of the package was refused: \(message)",
            model: loaded.model.name)
    }
}
