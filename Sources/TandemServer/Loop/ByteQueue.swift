internal import Glibc

/// Bytes that wait to be read or sent: a growing buffer with a front and a back.
///
/// A struct over raw memory because every request passes through two of these: no reference counts,
/// no exclusivity checks, no zeroing. The owner must hand the memory back (`BufferPool.giveBack`,
/// or `free`). An empty queue without memory costs nothing, so idle connections hold none.
package struct ByteQueue {
    /// The memory, or nil before anything was needed.
    package private(set) var base: UnsafeMutableRawPointer?
    /// Size of the memory in bytes.
    package private(set) var capacity = 0
    private var front = 0
    private var back = 0

    /// An empty queue without memory.
    package init() {}

    /// An empty queue over memory from `malloc`.
    package init(taking base: UnsafeMutableRawPointer, capacity: Int) {
        self.base = base
        self.capacity = capacity
    }

    /// Number of bytes that wait.
    package var count: Int { back - front }

    /// Whether nothing waits.
    package var isEmpty: Bool { back == front }

    /// The bytes that wait, oldest first; valid until the queue changes.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: base.map { UnsafeRawPointer($0) + front }, count: back - front)
    }

    /// Makes room for `count` more bytes at the back and returns it; `commit` adds what was
    /// written.
    ///
    /// Pointers from earlier calls become invalid.
    package mutating func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if capacity - back < count { makeRoom(count) }
        let free = UnsafeMutableRawBufferPointer(
            start: base.map { $0 + back }, count: capacity - back)
        return free
    }

    /// Adds bytes that were written to the room that `reserve` returned.
    ///
    /// - Precondition: There was that much room.
    package mutating func commit(_ count: Int) {
        precondition(count >= 0 && count <= capacity - back, "wrote past the reserved room")
        back += count
    }

    /// Adds a copy of some bytes.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count).baseAddress?.copyMemory(from: source, byteCount: bytes.count)
        commit(bytes.count)
    }

    /// Drops bytes from the front.
    ///
    /// - Precondition: `count` is at most the queue's count.
    package mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= back - front, "consumed more than there is")
        front += count
        if front == back {
            front = 0
            back = 0
        }
    }

    /// Drops bytes from the back, down to `count`: takes back an answer that was begun.
    ///
    /// - Precondition: `count` is at most the queue's count.
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= back - front, "truncated to more than there is")
        back = front + count
    }

    /// Gives up the memory to the caller and leaves an empty queue.
    package mutating func takeMemory() -> ByteQueue {
        var taken = self
        taken.front = 0
        taken.back = 0
        self = ByteQueue()
        return taken
    }

    /// Frees the memory.
    package mutating func free() {
        Glibc.free(base)
        self = ByteQueue()
    }

    private mutating func makeRoom(_ count: Int) {
        let waiting = back - front
        if capacity - waiting >= count, waiting <= front, let base {
            // The gap at the front is large enough to move what waits without overlap.
            base.copyMemory(from: base + front, byteCount: waiting)
        } else {
            var wanted = max(capacity, 4_096)
            while wanted - waiting < count { wanted *= 2 }
            guard let moved = malloc(wanted) else {
                fatalError("out of memory for a connection's buffer of \(wanted) bytes")
            }
            if let base { moved.copyMemory(from: base + front, byteCount: waiting) }
            Glibc.free(base)
            base = moved
            capacity = wanted
        }
        front = 0
        back = waiting
    }
}

/// Memory for byte queues, kept by one loop and lent to the connections that are busy.
///
/// Last in, first out, so that the memory handed out is what the cache still holds. In steady state
/// borrowing and giving back allocate nothing.
package struct BufferPool {
    /// Size of a fresh buffer.
    ///
    /// A Predict of 200 rows and 30 features is some 30 KB.
    package static let bufferBytes = 64 << 10
    /// Larger buffers than this are freed rather than kept.
    package static let keptBytesMax = 1 << 20
    /// Buffers kept; a loop runs one request at a time and so needs two, the others are for
    /// connections with half a frame or a slow reader.
    package static let keptCountMax = 16

    private var kept: [ByteQueue] = []

    /// An empty pool.
    package init() { kept.reserveCapacity(Self.keptCountMax) }

    /// An empty queue with memory.
    package mutating func borrow() -> ByteQueue {
        if let last = kept.popLast() { return last }
        guard let base = malloc(Self.bufferBytes) else {
            fatalError("out of memory for a connection's buffer")
        }
        return ByteQueue(taking: base, capacity: Self.bufferBytes)
    }

    /// Takes a queue's memory back; what waits in it is lost.
    package mutating func giveBack(_ queue: inout ByteQueue) {
        guard queue.base != nil else { return }
        if kept.count < Self.keptCountMax && queue.capacity <= Self.keptBytesMax {
            kept.append(queue.takeMemory())
        } else {
            queue.free()
        }
    }

    /// Frees everything that is kept.
    package mutating func freeAll() {
        for index in kept.indices { kept[index].free() }
        kept.removeAll(keepingCapacity: true)
    }
}
