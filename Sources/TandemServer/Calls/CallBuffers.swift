internal import TandemWire

/// The memory that one request is decoded into, with what reads and writes there.
///
/// A loop decodes into one; a call that waits keeps its own, so that nothing of it is copied or
/// decoded twice, and the loop goes on with a spare.
final class CallBuffers {
    let arena: ArenaAllocator
    let decoder: RequestDecoder
    let encoder: ResponseEncoder

    /// Maps an arena.
    ///
    /// - Throws: `ServerError.loopFailed` when there is no address space for it.
    init(_ limits: WireLimits) throws(ServerError) {
        do {
            arena = try ArenaAllocator(capacity: limits.arenaBytesMax)
        } catch { throw ServerError(.loopFailed, error.message) }
        decoder = RequestDecoder(limits: limits, arena: arena)
        encoder = ResponseEncoder(arena: arena, frameBytesMax: limits.frameBytesMax)
    }
}
