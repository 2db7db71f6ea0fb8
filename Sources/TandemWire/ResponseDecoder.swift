import CTandemProto

/// A decoded response, borrowed from the arena it was decoded into; valid until that is reset.
package struct ResponseView {
    /// What the response says.
    package enum Content {
        /// Scores.
        case predict(PredictResponseView)
        /// The answer to a control call, by value.
        case control(ControlAnswer)
        /// The call failed, or with id 0 the connection did.
        case status(WireStatus)
        /// The server will close this connection.
        ///
        /// Id 0.
        case goingAway(reason: String, closesInNanoseconds: UInt64)
    }

    /// The call's id; 0 is about the connection.
    package let id: UInt64
    /// What the response says.
    package let content: Content
}

/// Decodes frames' payloads into responses; for clients.
package struct ResponseDecoder {
    private let arena: ArenaAllocator

    /// Makes a decoder that decodes into `arena`.
    ///
    /// The arena is never reset here.
    package init(arena: ArenaAllocator) { self.arena = arena }

    /// Decodes one payload.
    ///
    /// - Parameter payload: A frame's payload; copied from, and free to go afterwards.
    /// - Returns: A view that is valid until the arena is reset.
    /// - Throws: `malformed`, `arenaFull`, `callMissing` (nothing that this client knows),
    ///   `lengthMismatch` (counts that do not fit together).
    package func decode(_ payload: UnsafeRawBufferPointer) throws(WireError) -> ResponseView {
        let bytes = payload.assumingMemoryBound(to: UInt8.self)
        guard
            let message = tandem__v1__response__unpack(
                arena.allocator, bytes.count, bytes.baseAddress)
        else {
            var error =
                arena.isFull
                ? WireError(
                    .arenaFull, "the answer takes more than \(arena.capacity) bytes to decode",
                    limit: "arena_bytes_max", bound: arena.capacity)
                : WireError(
                    .malformed,
                    "the frame's \(payload.count) bytes are not a tandem.v1.Response; is it "
                        + "tandemd that listens on this socket?", actual: payload.count)
            error.requestID = EnvelopeScan.id(of: payload)
            throw error
        }
        let id = message.pointee.id
        do throws(WireError) {
            return ResponseView(id: id, content: try content(message.pointee))
        } catch {
            var error = error
            error.requestID = id
            throw error
        }
    }

    private func content(
        _ response: Tandem__V1__Response
    ) throws(WireError) -> ResponseView.Content {
        if let status = response.status?.pointee, status.code.rawValue != 0 {
            return .status(WireStatus(reading: status))
        }
        switch response.result_case {
        case TANDEM__V1__RESPONSE__RESULT_PREDICT:
            return .predict(try PredictResponseView(checking: response.predict))
        case TANDEM__V1__RESPONSE__RESULT_GOING_AWAY:
            let notice = response.going_away.pointee
            return .goingAway(
                reason: TextView(notice.reason).string, closesInNanoseconds: notice.closes_in_ns)
        default:
            guard let answer = ControlAnswer(reading: response) else {
                throw WireError(
                    .callMissing,
                    "the answer holds nothing that this client knows; it may be older than the "
                        + "server", field: "Response.result")
            }
            return .control(answer)
        }
    }
}
