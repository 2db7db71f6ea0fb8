import TandemWire
import Testing

@testable import TandemServer

@Suite struct ConnectionStateTests {
    private let reader = FrameReader(frameBytesMax: 100)
    private var limits = ServerLimits()

    private func feed(_ bytes: [UInt8], _ state: inout ConnectionState) {
        bytes.withUnsafeBytes { state.input.append($0) }
        state.socketIsEmpty(peerEnded: false)
    }

    private func isFrame(_ step: ConnectionState.Step, _ payload: Range<Int>) -> Bool {
        if case .frame(payload) = step { return true }
        return false
    }

    private func isHeld(_ step: ConnectionState.Step) -> Bool {
        if case .held = step { return true }
        return false
    }

    @Test func `waits for the rest of a frame at every byte, then gives it`() {
        var state = ConnectionState()
        defer { state.input.free() }
        for byte: UInt8 in [3, 9, 9] {
            feed([byte], &state)
            guard case .wait = state.nextStep(reader, limits) else {
                Issue.record("gave a frame early")
                return
            }
            #expect(state.hasPartialFrame)
        }
        feed([9], &state)
        #expect(isFrame(state.nextStep(reader, limits), 1..<4))
        state.frameServed(end: 4)
        let hasWork = state.hasWork(reader, limits)
        #expect(!hasWork)
        #expect(!state.hasPartialFrame)
    }

    @Test func `holds frames while more answers wait than the limit, and not at the limit`() {
        var state = ConnectionState()
        var limits = limits
        limits.unsentBytesMax = 4
        defer {
            state.input.free()
            state.output.free()
        }
        feed([1, 9], &state)
        [UInt8](repeating: 0, count: 4).withUnsafeBytes { state.output.append($0) }
        #expect(isFrame(state.nextStep(reader, limits), 1..<2))
        #expect(state.wantsToRead(limits))
        [UInt8](repeating: 0, count: 1).withUnsafeBytes { state.output.append($0) }
        #expect(isHeld(state.nextStep(reader, limits)))
        #expect(!state.wantsToRead(limits))
        state.output.consume(1)
        let hasWork = state.hasWork(reader, limits)
        #expect(hasWork)
    }

    @Test func `holds frames while as many calls are in flight as the limit`() {
        var state = ConnectionState()
        var limits = limits
        limits.inFlightPerConnectionMax = 2
        defer { state.input.free() }
        feed([1, 9], &state)
        state.owe(1, byteCount: 0)
        #expect(isFrame(state.nextStep(reader, limits), 1..<2))
        state.owe(2, byteCount: 0)
        #expect(isHeld(state.nextStep(reader, limits)))
        #expect(!state.wantsToRead(limits))
        let wasOwed = state.settle(1)
        let isTwice = state.settle(1)
        #expect(wasOwed && !isTwice)
        #expect(isFrame(state.nextStep(reader, limits), 1..<2))
    }

    @Test(arguments: [(99, true), (100, true), (101, false)])
    func `holds frames while more bytes are in flight than the limit`(
        byteCount: Int, isTaken: Bool
    ) {
        var state = ConnectionState()
        var limits = limits
        limits.inFlightBytesPerConnectionMax = 100
        defer { state.input.free() }
        feed([1, 9], &state)
        state.owe(1, byteCount: byteCount)
        #expect(isFrame(state.nextStep(reader, limits), 1..<2) == isTaken)
        #expect(state.wantsToRead(limits) == isTaken)
    }

    @Test func `answers a peer that ended its side, then is over; half a frame is dropped`() {
        var state = ConnectionState()
        defer { state.input.free() }
        feed([1, 9, 5, 1], &state)
        state.socketIsEmpty(peerEnded: true)
        #expect(isFrame(state.nextStep(reader, limits), 1..<2))
        state.frameServed(end: 2)
        #expect(!state.isOver)
        _ = state.nextStep(reader, limits)
        #expect(state.isOver)
        #expect(state.input.isEmpty)
    }

    @Test func `is not over while an answer is owed or unsent`() {
        var state = ConnectionState()
        defer { state.output.free() }
        state.owe(7, byteCount: 0)
        state.socketIsEmpty(peerEnded: true)
        _ = state.nextStep(reader, limits)
        #expect(!state.isOver)
        [UInt8](repeating: 0, count: 1).withUnsafeBytes { state.output.append($0) }
        _ = state.settle(7)
        #expect(!state.isOver)
        state.output.consume(1)
        #expect(state.isOver)
    }

    @Test func `breaks off after lost framing without reading what came later`() {
        var state = ConnectionState()
        defer { state.input.free() }
        feed([0, 1, 9], &state)
        guard case .broken(let error) = state.nextStep(reader, limits) else {
            Issue.record("took a frame of length 0")
            return
        }
        #expect(error.code == .frameEmpty)
        state.breakOff()
        #expect(isHeld(state.nextStep(reader, limits)))
        #expect(!state.wantsToRead(limits))
        #expect(state.isOver)
    }

    @Test func `a drained connection is over only when idle and its socket was seen empty`() {
        var state = ConnectionState()
        defer { state.input.free() }
        state.drain()
        #expect(!state.isOver)
        state.socketIsEmpty(peerEnded: false)
        #expect(state.isOver)
        feed([2, 9], &state)
        #expect(!state.isOver)
        feed([9], &state)
        #expect(isFrame(state.nextStep(reader, limits), 1..<3))
        state.frameServed(end: 3)
        #expect(state.isOver)
    }
}
