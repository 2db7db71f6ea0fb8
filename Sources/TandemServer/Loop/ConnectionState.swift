package import TandemRequest
package import TandemWire

// Design: a connection without a socket.
//
// Everything that can happen to a connection is an event on this value: bytes came, the peer ended
// its side, bytes were sent, an answer is owed or was given, the daemon drains. What to do next is
// asked for: the next frame, whether to read, whether to write, whether it is over. The loop does
// the system calls. So every order of events is a unit test, and the loop has no cases of its own.
//
// Rules:
// - Requests are taken one at a time. While more answers wait than `unsentBytesMax`, none is taken
//   and nothing is read: a client that does not read its answers stops being served, not the
//   daemon.
// - A peer that ended its side is still answered; half a frame at the end is dropped.
// - Lost framing ends the connection after the status that says so; what came later is not read.
// - While draining, whole frames are answered and half ones awaited; an idle connection is over.

/// Where one connection stands: its bytes, what it owes and whether it is over.
package struct ConnectionState {
    /// What to do with the bytes that came.
    package enum Step {
        /// Serve the frame with this payload (a range of `input.bytes`), then call `frameServed`.
        case frame(payload: Range<Int>)
        /// Nothing whole is here; the window must reach this size to know more.
        case wait(windowBytesMin: Int)
        /// Frames may be here but answers must be sent first, or calls finish first.
        case held
        /// The framing is lost: say so with id 0, then call `breakOff`.
        case broken(WireError)
    }

    /// A call whose answer comes later.
    package struct Owed: Equatable, Sendable {
        /// The call's id.
        package let id: UInt64
        /// Bytes of its request.
        package let byteCount: Int
    }

    private enum Phase {
        case open
        /// No request is taken any more; over once everything is sent.
        case finishing
    }

    /// Bytes received and not yet served.
    package var input = ByteQueue()
    /// Bytes answered and not yet sent.
    package var output = ByteQueue()
    /// Calls whose answers come later.
    package private(set) var inFlight: [Owed] = []
    /// Bytes of their requests.
    package private(set) var inFlightBytes = 0
    /// When the connection's next call has its turn among the others'.
    package var turn = CallQueue.Turn()
    /// Whether the daemon itself is at the other end: not counted, and allowed everything.
    package var isOwn = false
    /// Who is at the other end.
    package var peer: Peer?
    /// Which rules let the peer do what, as far as was looked up.
    var access = AccessMemo()
    /// Whether a frame has begun but not ended.
    package private(set) var hasPartialFrame = false
    private var phase = Phase.open
    private var peerEnded = false
    private var mayHaveMore = true
    private var isDraining = false

    /// A fresh connection.
    package init() {}

    /// The next thing to do with `input`.
    ///
    /// - Complexity: O(1). Allocates nothing unless the framing is lost.
    package mutating func nextStep(_ reader: FrameReader, _ limits: ServerLimits) -> Step {
        guard phase == .open else { return .held }
        guard
            output.count <= limits.unsentBytesMax, hasRoom(limits)
        else { return .held }
        switch reader.scan(input.bytes) {
        case .frame(let payload):
            hasPartialFrame = false
            return .frame(payload: payload)
        case .needsMore(let windowBytesMin):
            hasPartialFrame = !input.isEmpty
            if peerEnded { finish() }
            return .wait(windowBytesMin: windowBytesMin)
        case .refused(let error):
            return .broken(error)
        }
    }

    /// A frame whose payload ended at this offset of `input.bytes` was served.
    package mutating func frameServed(end: Int) { input.consume(end) }

    /// A call's answer comes later.
    package mutating func owe(_ id: UInt64, byteCount: Int) {
        inFlight.append(Owed(id: id, byteCount: byteCount))
        inFlightBytes += byteCount
    }

    /// A call's answer was put into `output`.
    ///
    /// - Returns: False if no such answer was owed.
    package mutating func settle(_ id: UInt64) -> Bool {
        guard let index = inFlight.firstIndex(where: { $0.id == id }) else { return false }
        inFlightBytes -= inFlight.remove(at: index).byteCount
        return true
    }

    /// Whether a call with this id is in flight.
    package func owes(_ id: UInt64) -> Bool {
        !inFlight.isEmpty && inFlight.contains { $0.id == id }
    }

    /// Bytes were read into the room that `input.reserve` gave.
    package mutating func received(_ count: Int, of roomBytes: Int) {
        input.commit(count)
        mayHaveMore = count == roomBytes
    }

    /// A read found nothing, or the end of the stream.
    package mutating func socketIsEmpty(peerEnded: Bool) {
        mayHaveMore = false
        if peerEnded { self.peerEnded = true }
    }

    /// Whether `nextStep` would give a frame to serve or to refuse.
    package mutating func hasWork(_ reader: FrameReader, _ limits: ServerLimits) -> Bool {
        guard !input.isEmpty else { return false }
        switch nextStep(reader, limits) {
        case .frame, .broken: return true
        case .wait, .held: return false
        }
    }

    /// Ends the connection once `output` is sent; what waits in `input` is dropped.
    package mutating func breakOff() {
        inFlight.removeAll()
        inFlightBytes = 0
        finish()
    }

    /// The daemon drains: the connection is over as soon as it is idle.
    package mutating func drain() { isDraining = true }

    /// Whether to wait for bytes to read.
    package func wantsToRead(_ limits: ServerLimits) -> Bool {
        phase == .open && !peerEnded && output.count <= limits.unsentBytesMax && hasRoom(limits)
    }

    /// Whether one more call may be in flight.
    private func hasRoom(_ limits: ServerLimits) -> Bool {
        inFlight.count < limits.inFlightPerConnectionMax
            && inFlightBytes <= limits.inFlightBytesPerConnectionMax
    }

    /// Whether to wait for room to send.
    package var wantsToWrite: Bool { !output.isEmpty }

    /// Whether the connection can be closed.
    package var isOver: Bool {
        guard output.isEmpty && inFlight.isEmpty else { return false }
        if phase == .finishing { return true }
        return isDraining && input.isEmpty && !mayHaveMore
    }

    /// Whether nothing of it is under way, so that it could be another loop's from now on.
    package var isQuiet: Bool {
        phase == .open && !isOwn && !peerEnded && input.isEmpty && output.isEmpty
            && inFlight.isEmpty
    }

    private mutating func finish() {
        phase = .finishing
        hasPartialFrame = false
        input.consume(input.count)
    }
}
