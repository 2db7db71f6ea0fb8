import CTandemProto

/// A frame that protobuf-c will write; valid until the arena it was built in is reset.
package struct EncodedFrame {
    private let message: UnsafePointer<ProtobufCMessage>
    private let payloadBytes: Int

    /// Bytes of the whole frame, its length prefix included.
    package let byteCount: Int

    init(
        _ message: UnsafePointer<ProtobufCMessage>, frameBytesMax: Int
    ) throws(WireError) {
        self.message = message
        payloadBytes = protobuf_c_message_get_packed_size(message)
        guard payloadBytes <= frameBytesMax else {
            throw WireError(
                .frameTooLarge,
                "the message would take \(payloadBytes) bytes, over frame_bytes_max = "
                    + "\(frameBytesMax); ask for less at a time or raise the limit",
                limit: "frame_bytes_max", bound: frameBytesMax, actual: payloadBytes)
        }
        byteCount = EncodedSize.varint(UInt64(payloadBytes)) + payloadBytes
    }

    /// Writes the frame.
    ///
    /// - Parameter memory: `byteCount` bytes.
    package func write(to memory: UnsafeMutableRawPointer) {
        var writer = RawWriter(memory, count: byteCount)
        writer.varint(UInt64(payloadBytes))
        let payload = writer.cursor.bindMemory(to: UInt8.self, capacity: payloadBytes)
        let written = protobuf_c_message_pack(message, payload)
        precondition(written == payloadBytes, "protobuf-c packs what it measured")
    }

    /// The frame as an array; allocates.
    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            if let base = buffer.baseAddress { write(to: UnsafeMutableRawPointer(base)) }
            count = byteCount
        }
    }
}

/// An explanation that protobuf-c will write; valid until the arena it was built in is reset.
package struct EncodedExplanation {
    private let message: UnsafePointer<ProtobufCMessage>
    /// Bytes it takes.
    let byteCount: Int

    init(_ message: UnsafePointer<ProtobufCMessage>) {
        self.message = message
        byteCount = protobuf_c_message_get_packed_size(message)
    }

    func write(to memory: UnsafeMutableRawPointer) {
        let written = protobuf_c_message_pack(
            message, memory.bindMemory(to: UInt8.self, capacity: byteCount))
        precondition(written == byteCount, "protobuf-c packs what it measured")
    }
}

/// Encodes every answer but Predict's scores, for which see `PredictResponseLayout`.
///
/// Messages are built in the arena, which must not be reset before they are written.
package struct ResponseEncoder {
    private let builder: MessageBuilder
    private let frameBytesMax: Int

    /// Makes an encoder that builds in `arena`.
    package init(arena: ArenaAllocator, frameBytesMax: Int = WireLimits().frameBytesMax) {
        builder = MessageBuilder(arena: arena)
        self.frameBytesMax = frameBytesMax
    }

    /// The answer to a control call.
    ///
    /// - Throws: `arenaFull` or `frameTooLarge` where the answer is too large.
    package func control(id: UInt64, _ answer: ControlAnswer) throws(WireError) -> EncodedFrame {
        let response = try builder.make(tandem__v1__response__init)
        response.pointee.id = id
        try answer.write(into: &response.pointee, builder)
        return try frame(response)
    }

    /// A failure: of the call with this id, or of the connection where the id is 0.
    ///
    /// The message is cut to 4,096 bytes and the details to 16, as the schema says, at a
    /// character's end.
    ///
    /// - Throws: `arenaFull` where the arena has no room left; 16 KiB are always enough.
    package func status(id: UInt64, _ status: WireStatus) throws(WireError) -> EncodedFrame {
        let response = try builder.make(tandem__v1__response__init)
        response.pointee.id = id
        response.pointee.status = try status.message(builder)
        return try frame(response)
    }

    /// The notice that the connection will be closed.
    ///
    /// - Throws: `arenaFull` where the arena has no room left.
    package func goingAway(
        reason: String, closesInNanoseconds: UInt64 = 0
    ) throws(WireError) -> EncodedFrame {
        let response = try builder.make(tandem__v1__response__init)
        let notice = try builder.make(tandem__v1__going_away__init)
        notice.pointee.reason = try builder.text(reason)
        notice.pointee.closes_in_ns = closesInNanoseconds
        response.pointee.result_case = TANDEM__V1__RESPONSE__RESULT_GOING_AWAY
        response.pointee.going_away = notice
        return try frame(response)
    }

    /// An explanation, to be added to a Predict answer.
    ///
    /// - Throws: `arenaFull` where the arena has no room left.
    package func explanation(
        _ explanation: Explanation
    ) throws(WireError) -> EncodedExplanation {
        let message = try explanation.message(builder)
        return EncodedExplanation(UnsafePointer(message).base)
    }

    private func frame(
        _ response: UnsafeMutablePointer<Tandem__V1__Response>
    ) throws(WireError) -> EncodedFrame {
        try EncodedFrame(UnsafePointer(response).base, frameBytesMax: frameBytesMax)
    }
}

extension UnsafePointer {
    /// The protobuf-c message that a generated struct begins with.
    var base: UnsafePointer<ProtobufCMessage> {
        UnsafeRawPointer(self).assumingMemoryBound(to: ProtobufCMessage.self)
    }
}
