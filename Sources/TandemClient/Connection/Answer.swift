import TandemWire

/// What came for one call, by value.
enum Answer: Sendable {
    /// Scores.
    case prediction(Prediction)
    /// Anything else.
    case control(ControlAnswer)
    /// The server's refusal.
    case failure(WireStatus)
}

/// One frame from the server.
enum Incoming: Sendable {
    /// The answer to the call with this id.
    case answer(id: UInt64, Answer)
    /// The server will close the connection.
    case goingAway(reason: String)
    /// The connection is over, and why.
    case connectionFailure(WireStatus)

    /// Decodes a payload.
    ///
    /// The arena is reset first.
    init(
        _ payload: UnsafeRawBufferPointer, arena: ArenaAllocator
    ) throws(WireError) {
        arena.reset()
        let response = try ResponseDecoder(arena: arena).decode(payload)
        switch response.content {
        case .goingAway(let reason, _): self = .goingAway(reason: reason)
        case .status(let status) where response.id == 0: self = .connectionFailure(status)
        case .status(let status): self = .answer(id: response.id, .failure(status))
        case .predict(let view):
            self = .answer(id: response.id, .prediction(Prediction(view)))
        case .control(let answer): self = .answer(id: response.id, .control(answer))
        }
    }
}

/// What is sent: Predict or anything else.
enum Outgoing: Sendable {
    case predict(PredictRequestMessage)
    case control(ControlCall)
}
