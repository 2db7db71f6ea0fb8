import TandemWire

/// Frames encoded and not yet sent.
///
/// The memory is kept for the next frames up to a bound, so that steady callers allocate nothing.
final class Outbox {
    private static let keptBytesMax = 1 << 20

    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var start = 0
    private var end = 0

    deinit { memory.deallocate() }

    /// Whether everything was sent.
    var isEmpty: Bool { start == end }

    /// What was not sent yet; valid until the next call.
    var unsent: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[start..<end])
    }

    /// Forgets bytes that were sent.
    func consume(_ count: Int) {
        start += count
        if isEmpty { removeAll() }
    }

    /// Forgets all bytes.
    func removeAll() {
        start = 0
        end = 0
        guard memory.count > Self.keptBytesMax else { return }
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Appends a frame.
    ///
    /// - Throws: `frameTooLarge` or `arenaFull`; nothing is appended then.
    func append(_ outgoing: Outgoing, id: UInt64, arena: ArenaAllocator) throws(WireError) {
        arena.reset()
        // The server knows its own limit and says so in a status; only what no server takes is
        // refused here.
        let encoder = RequestEncoder(arena: arena, frameBytesMax: 0x7FFF_FFFF)
        switch outgoing {
        case .predict(let message):
            let frame = try encoder.predict(id: id, message)
            append(frame.byteCount) { frame.write(to: $0) }
        case .control(let call):
            let frame = try encoder.control(id: id, call)
            append(frame.byteCount) { frame.write(to: $0) }
        }
    }

    private func append(_ count: Int, _ write: (UnsafeMutableRawPointer) -> Void) {
        if end + count > memory.count {
            let held = end - start
            let grown = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(held + count, 2 * memory.count), alignment: 16)
            grown.copyMemory(from: unsent)
            memory.deallocate()
            memory = grown
            start = 0
            end = held
        }
        if let base = memory.baseAddress { write(base + end) }
        end += count
    }
}
