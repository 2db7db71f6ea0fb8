internal import CProtobufC
internal import Glibc

// Design: protobuf-c's memory, bounded.
//
// protobuf-c 1.4 allocates as the bytes tell it to: 46 bytes of heap for one byte of unknown field,
// and a whole struct for a message of two bytes. A frame's length is therefore no bound on what
// unpacking takes. This arena gives protobuf-c memory up to a limit and then none, upon which it
// gives up cleanly; everything is freed at once with the arena. Packing uses the same arena for the
// structs it is built from, so that no message is ever freed piece by piece.

/// Memory for the structs of one protobuf-c message.
final class MessageArena {
    private static let chunkByteCount = 64 << 10
    private static let alignment = 16

    private let byteCountMax: Int
    private(set) var byteCount = 0
    /// Whether the limit was reached.
    private(set) var isExhausted = false
    /// Whether the system had no more.
    private(set) var isOutOfMemory = false
    private var chunks: [UnsafeMutableRawPointer] = []
    private var free: UnsafeMutableRawBufferPointer.SubSequence?

    /// An arena that gives at most so many bytes, chunks counted whole.
    init(byteCountMax: Int = .max) { self.byteCountMax = byteCountMax }

    deinit { for chunk in chunks { Glibc.free(chunk) } }

    /// Memory aligned to 16 bytes, or nil when the limit is reached or there is none.
    func allocate(_ wanted: Int) -> UnsafeMutableRawPointer? {
        guard wanted >= 0, wanted <= Int.max - Self.alignment else { return nil }
        let size = max(Self.alignment, (wanted + Self.alignment - 1) & ~(Self.alignment - 1))
        if let free, free.count >= size {
            self.free = free.dropFirst(size)
            return UnsafeMutableRawBufferPointer(rebasing: free).baseAddress
        }
        let chunkSize = max(size, Self.chunkByteCount)
        guard chunkSize <= byteCountMax - byteCount else {
            isExhausted = true
            return nil
        }
        guard let base = malloc(chunkSize) else {
            isOutOfMemory = true
            return nil
        }
        let chunk = UnsafeMutableRawBufferPointer(start: base, count: chunkSize)
        chunks.append(base)
        byteCount += chunkSize
        let rest = chunk.dropFirst(size)
        if rest.count > (free?.count ?? 0) { free = rest }
        return base
    }

    /// Runs a closure with an allocator that draws on this arena.
    func withAllocator<Result>(
        _ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> Result
    ) -> Result {
        var allocator = ProtobufCAllocator(
            alloc: { arena, size in
                guard let arena else { return nil }
                return Unmanaged<MessageArena>.fromOpaque(arena).takeUnretainedValue()
                    .allocate(size)
            },
            free: { _, _ in },
            allocator_data: Unmanaged.passUnretained(self).toOpaque())
        return withExtendedLifetime(self) { body(&allocator) }
    }
}

// What packing is built from. An arena without a limit always has memory, or the process ends.
extension MessageArena {
    /// A copy of bytes.
    func data(_ bytes: some Collection<UInt8>) -> ProtobufCBinaryData {
        let (count, base) = numbers(Array(bytes))
        return ProtobufCBinaryData(len: count, data: base)
    }

    /// A copy of a text's UTF-8.
    func data(_ text: String) -> ProtobufCBinaryData { data(text.utf8) }

    /// A copy of numbers, as count and pointer.
    func numbers<Number: BitwiseCopyable>(
        _ numbers: [Number]
    ) -> (Int, UnsafeMutablePointer<Number>?) {
        guard !numbers.isEmpty else { return (0, nil) }
        let memory = reserve(Number.self, numbers.count)
        memory.initialize(from: numbers, count: numbers.count)
        return (numbers.count, memory)
    }

    /// A message, moved into the arena.
    func message<Message>(_ message: Message) -> UnsafeMutablePointer<Message> {
        let memory = reserve(Message.self, 1)
        memory.initialize(to: message)
        return memory
    }

    /// One message an item, as count and pointer to pointers.
    func messages<Item, Message>(
        _ items: [Item], _ make: (Item) -> Message
    ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?) {
        guard !items.isEmpty else { return (0, nil) }
        let pointers = reserve(UnsafeMutablePointer<Message>?.self, items.count)
        for (index, item) in items.enumerated() {
            (pointers + index).initialize(to: message(make(item)))
        }
        return (items.count, pointers)
    }

    /// One bytes field an item, as count and pointer.
    func texts(_ texts: [String]) -> (Int, UnsafeMutablePointer<ProtobufCBinaryData>?) {
        guard !texts.isEmpty else { return (0, nil) }
        let memory = reserve(ProtobufCBinaryData.self, texts.count)
        for (index, text) in texts.enumerated() { (memory + index).initialize(to: data(text)) }
        return (texts.count, memory)
    }

    private func reserve<Element>(
        _ type: Element.Type, _ count: Int
    ) -> UnsafeMutablePointer<Element> {
        guard let memory = allocate(count * MemoryLayout<Element>.stride) else {
            preconditionFailure("no memory for a manifest")
        }
        return memory.bindMemory(to: type, capacity: count)
    }
}
