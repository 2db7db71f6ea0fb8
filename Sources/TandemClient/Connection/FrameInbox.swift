import TandemWire

/// Bytes received and not yet consumed, with the frames among them.
///
/// One frame at a time lies whole in the memory, which grows to the largest one seen.
final class FrameInbox {
    private static let initialBytes = 64 << 10

    private let reader: FrameReader
    private var memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0

    init(frameBytesMax: Int) {
        reader = FrameReader(frameBytesMax: frameBytesMax)
        memory = .allocate(byteCount: Self.initialBytes, alignment: 16)
    }

    deinit { memory.deallocate() }

    /// The next whole frame's payload, valid until the next call; nil where more must be received.
    ///
    /// - Throws: What is wrong with the framing; the connection is of no use afterwards.
    func next() throws(WireError) -> UnsafeRawBufferPointer? {
        let window = UnsafeRawBufferPointer(rebasing: memory[start..<end])
        switch reader.scan(window) {
        case .frame(let payload):
            start += payload.upperBound
            return UnsafeRawBufferPointer(rebasing: window[payload])
        case .needsMore(let windowBytesMin):
            makeRoom(windowBytesMin)
            return nil
        case .refused(let error): throw error
        }
    }

    /// Receives into the free memory.
    ///
    /// - Parameter receive: Gives the bytes received, or nil for none.
    /// - Returns: Whether bytes were received.
    /// - Throws: What `receive` throws.
    func fill(
        _ receive: (UnsafeMutableRawBufferPointer) throws(ClientError) -> Int?
    ) throws(ClientError) -> Bool {
        if end == memory.count { makeRoom(end - start + 1) }
        let space = UnsafeMutableRawBufferPointer(rebasing: memory[end...])
        guard let received = try receive(space) else { return false }
        end += received
        return true
    }

    /// Makes room for a window of so many bytes from `start`.
    private func makeRoom(_ bytes: Int) {
        let held = end - start
        if start > 0, held == 0 || start + bytes > memory.count {
            memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
            start = 0
            end = held
        }
        guard bytes > memory.count else { return }
        let grown = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(bytes, 2 * memory.count), alignment: 16)
        grown.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
        memory.deallocate()
        memory = grown
        start = 0
        end = held
    }
}
