package import TandemWire

/// What becomes of a frame.
package enum FrameOutcome: Equatable, Sendable {
    /// Its answer is in the output.
    case answered
    /// Its answer comes later, by a `reply` message to this caller's id or by `work`; until then
    /// it holds so many bytes.
    case later(requestID: UInt64, byteCount: Int)
}

/// What a piece of work came to.
package enum WorkOutcome: Equatable, Sendable {
    /// There was none to do.
    case idle
    /// A call got on.
    case progressed
    /// A call is done: call `handOver` or `discard` with its number.
    case finished(Caller, token: Int)
}

/// What an event loop serves: frames in, answers out.
///
/// One value a loop, used by its thread only.
///
/// The loop is generic over it and specialised at compile time, so that the hot path has no
/// indirection; tests drive the loop with an echo.
package protocol FrameService {
    /// What other threads tell the loop: answers that they made, questions that they have.
    associatedtype Message: Sendable

    /// Answers one frame.
    ///
    /// - Parameters:
    ///   - payload: The frame's bytes; valid during the call.
    ///   - caller: Where a later answer goes.
    ///   - connection: Its `output` takes the answer's frame.
    /// - Returns: Whether the answer is there already.
    mutating func serve(
        _ payload: UnsafeRawBufferPointer, _ caller: Caller, _ connection: inout ConnectionState
    ) -> FrameOutcome

    /// Puts an answer that another thread made into the output.
    mutating func deliver(
        _ message: Message, _ caller: Caller, _ connection: inout ConnectionState)

    /// Takes a message that is for no connection.
    mutating func hear(_ message: Message)

    /// Whether calls wait or are half done, so that `work` has something to do.
    var isBusy: Bool { get }

    /// Whether calls wait that could have been done by now, had another loop read them.
    var isBehind: Bool { get }

    /// Does one piece of work, no longer than a block of rows takes, or a slice of one where small
    /// calls come.
    mutating func work() -> WorkOutcome

    /// Puts a finished call's answer into the output.
    mutating func handOver(_ token: Int, _ connection: inout ConnectionState)

    /// Drops a finished call whose connection is gone.
    mutating func discard(_ token: Int)

    /// Drops all calls of a connection that ended.
    mutating func forget(slot: Int, serial: UInt32)

    /// Puts a status about the connection itself (id 0) into the output.
    mutating func refuse(_ status: WireStatus, _ output: inout ByteQueue)

    /// Says that the connection will be closed, with id 0.
    mutating func sayGoodbye(closesIn nanoseconds: UInt64, _ output: inout ByteQueue)

    /// Called between requests, whenever the loop was woken.
    mutating func refresh()

    /// The daemon drains: readiness is over.
    mutating func drain()
}
