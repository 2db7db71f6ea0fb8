import CTandemProto

/// Builds protobuf-c's structs in an arena, for messages that are packed and then forgotten.
///
/// Every method throws `arenaFull` when the arena's cap is reached.
struct MessageBuilder {
    let arena: ArenaAllocator

    /// One message, initialised by its generated function.
    func make<Message>(
        _ initialize: (UnsafeMutablePointer<Message>?) -> Void
    ) throws(WireError) -> UnsafeMutablePointer<Message> {
        let message = try memory(Message.self, 1)
        initialize(message)
        return message
    }

    /// A list of messages, one a value.
    ///
    /// Nil where there are none.
    func list<Value, Message>(
        _ values: [Value], _ initialize: (UnsafeMutablePointer<Message>?) -> Void,
        _ fill: (Value, inout Message) throws(WireError) -> Void
    ) throws(WireError) -> UnsafeMutablePointer<UnsafeMutablePointer<Message>?>? {
        guard !values.isEmpty else { return nil }
        let pointers = try memory(UnsafeMutablePointer<Message>?.self, values.count)
        for (index, value) in values.enumerated() {
            let message = try make(initialize)
            try fill(value, &message.pointee)
            pointers[index] = message
        }
        return pointers
    }

    /// A text's UTF-8.
    func text(_ text: String) throws(WireError) -> ProtobufCBinaryData {
        let count = text.utf8.count
        guard count > 0 else { return ProtobufCBinaryData(len: 0, data: nil) }
        let bytes = try memory(UInt8.self, count)
        for (index, byte) in text.utf8.enumerated() { bytes[index] = byte }
        return ProtobufCBinaryData(len: count, data: bytes)
    }

    /// A list of texts.
    ///
    /// Nil where there are none.
    func texts(
        _ texts: [String]
    ) throws(WireError) -> UnsafeMutablePointer<ProtobufCBinaryData>? {
        guard !texts.isEmpty else { return nil }
        let entries = try memory(ProtobufCBinaryData.self, texts.count)
        for (index, value) in texts.enumerated() { entries[index] = try text(value) }
        return entries
    }

    /// A packed array.
    ///
    /// Nil where it is empty.
    func numbers<Number>(
        _ numbers: [Number]
    ) throws(WireError) -> UnsafeMutablePointer<Number>? {
        guard !numbers.isEmpty else { return nil }
        let copy = try memory(Number.self, numbers.count)
        for (index, number) in numbers.enumerated() { copy[index] = number }
        return copy
    }

    private func memory<Value>(
        _ type: Value.Type, _ count: Int
    ) throws(WireError) -> UnsafeMutablePointer<Value> {
        guard let memory = arena.allocate(type, count: count) else {
            throw WireError(
                .arenaFull, "the message takes more than \(arena.capacity) bytes to build",
                limit: "arena_bytes_max", bound: arena.capacity)
        }
        return memory
    }
}
