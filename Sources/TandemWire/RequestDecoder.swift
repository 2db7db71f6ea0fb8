// Design: hostile bytes become a checked view in one straight line: unpack into the capped arena,
// then check what the wire alone can say. protobuf-c refuses malformed bytes; the arena refuses
// what takes too much memory; the checks below refuse what is well-formed and wrong. After them the
// views need no checks of their own, and the room above sees only text that is UTF-8, columns that
// are whole and counts within limits.
import CTandemProto

/// A decoded request, borrowed from the arena it was decoded into; valid until that is reset.
package struct RequestView {
    /// What is called.
    package enum Call {
        /// Predict.
        case predict(PredictView)
        /// Anything else, by value.
        case control(ControlCall)
    }

    /// The caller's id; from 1.
    package let id: UInt64
    /// What is called.
    package let call: Call
}

/// Decodes frames' payloads into requests.
package struct RequestDecoder {
    private let limits: WireLimits
    private let arena: ArenaAllocator

    /// Makes a decoder that decodes into `arena`.
    ///
    /// The arena is never reset here.
    package init(limits: WireLimits = WireLimits(), arena: ArenaAllocator) {
        self.limits = limits
        self.arena = arena
    }

    /// Decodes one payload.
    ///
    /// - Parameter payload: A frame's payload; copied from, and free to go afterwards.
    /// - Returns: A view that is valid until the arena is reset.
    /// - Throws: `WireError`, whose `requestID` is the id to answer with (0 where it cannot be
    ///   read). It never loses the framing.
    /// - Complexity: O(bytes). Predict allocates nothing outside of the arena.
    package func decode(_ payload: UnsafeRawBufferPointer) throws(WireError) -> RequestView {
        let bytes = payload.assumingMemoryBound(to: UInt8.self)
        guard
            let message = tandem__v1__request__unpack(
                arena.allocator, bytes.count, bytes.baseAddress)
        else {
            var error = arena.isFull ? arenaFull() : Self.malformed(payload.count)
            error.requestID = EnvelopeScan.id(of: payload)
            throw error
        }
        do throws(WireError) {
            guard message.pointee.id != 0 else {
                throw WireError(
                    .idMissing, "a request's id must be 1 or more; 0 is the connection's own",
                    field: "Request.id")
            }
            return RequestView(id: message.pointee.id, call: try call(message))
        } catch {
            var error = error
            error.requestID = message.pointee.id
            throw error
        }
    }

    private func call(
        _ message: UnsafeMutablePointer<Tandem__V1__Request>
    ) throws(WireError) -> RequestView.Call {
        if message.pointee.call_case == TANDEM__V1__REQUEST__CALL_PREDICT,
            let predict = message.pointee.predict
        {
            try PredictCheck(limits: limits, arena: arena).check(predict)
            return .predict(PredictView(predict))
        }
        let control = try ControlCall(reading: message.pointee, limits: limits)
        return .control(control)
    }

    private func arenaFull() -> WireError {
        WireError(
            .arenaFull,
            "decoding this request takes more than arena_bytes_max = \(arena.capacity) bytes of "
                + "memory; send fewer columns or none that the schema does not know",
            limit: "arena_bytes_max", bound: arena.capacity)
    }

    private static func malformed(_ count: Int) -> WireError {
        WireError(
            .malformed,
            "the frame's \(count) bytes are not a tandem.v1.Request; check that the client's "
                + "schema is proto/tandem/v1",
            actual: count)
    }
}

/// Reads the id of a message that cannot be decoded as a whole.
enum EnvelopeScan {
    /// The last id (field 1, varint) among the top-level fields before the bytes stop making sense;
    /// 0 if there is none.
    static func id(of payload: UnsafeRawBufferPointer) -> UInt64 {
        var id: UInt64 = 0
        FieldScan.fields(payload) { number, value, content in
            if number == 1, content == nil { id = value }
        }
        return id
    }
}
