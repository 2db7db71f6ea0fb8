import TandemRequest
import TandemServingSupport
import TandemWire

/// Feeds requests through the wire's bytes into a session, as the daemon does, with a mock clock.
final class RunHarness {
    let session: PredictSession
    let limits: WireLimits
    var now: UInt64 = 1_000

    init(
        _ model: ServableModel, limits: WireLimits = WireLimits(),
        clock: @escaping @Sendable () -> UInt64 = { 0 }
    ) throws {
        session = try PredictSession(model, limits: limits, clock: clock)
        self.limits = limits
    }

    convenience init() throws { try self.init(TinyShop.model()) }

    /// The whole way from bytes to answer; a refusal is thrown.
    func answer(_ message: PredictRequestMessage, id: UInt64 = 1) throws -> ReadAnswer {
        let payload = try present(TinyRequests.payload(TinyRequests.frame(id: id, message)))
        let arena = try ArenaAllocator()
        defer { withExtendedLifetime(arena) {} }
        let decoder = RequestDecoder(limits: limits, arena: arena)
        let request = try payload.withUnsafeBytes { bytes in try decoder.decode(bytes) }
        guard case .predict(let view) = request.call else { throw HarnessError() }
        let byteCount = try session.run.pointee.arrive(view, id: request.id, now: now)
        // Any address will do: one that is aligned to nothing.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount + 1, alignment: 16)
        defer { memory.deallocate() }
        session.run.pointee.place(at: memory + 1)
        while try session.run.pointee.advance(now: now) == .more {}
        let frame = Array(UnsafeRawBufferPointer(start: memory + 1, count: byteCount))
        return try ReadAnswer(try present(TinyRequests.payload(frame)))
    }

    /// The refusal of a request that must be refused.
    func refusal(_ message: PredictRequestMessage) -> RequestError? {
        do {
            _ = try answer(message)
            return nil
        } catch {
            return error as? RequestError
        }
    }
}

struct HarnessError: Error {}

func present<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw HarnessError() }
    return value
}
