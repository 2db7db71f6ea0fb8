// Design: one bump arena for the life of one message, with a cap.
//
// protobuf-c allocates each struct, array and byte string for itself, and a hostile message can make
// it spend 46 bytes of heap a byte (unknown fields, tried), or millions of mallocs. So it is given an
// allocator that hands out consecutive pieces of one mapping and refuses when the cap is reached;
// protobuf-c then gives up cleanly. Freeing does nothing; `reset` takes all back at once.
//
// The mapping is as large as the cap from the start but without memory behind it (MAP_NORESERVE):
// pages come when first touched. A large message's pages are given back on `reset`, a small one's
// kept, so that a loop in steady state makes no system call and no allocation.
//
// The state lies behind a pointer, not in the class: Swift would check exclusive access to a class's
// property at each of protobuf-c's calls.
import CTandemProto
import Glibc

/// A capped bump allocator for one message at a time.
///
/// Not safe for use by two threads at once.
package final class ArenaAllocator {
    private struct State {
        var base: UnsafeMutableRawPointer
        var used: Int
        var capacity: Int
        var isFull: Bool
        var allocator: ProtobufCAllocator
    }

    /// Bytes kept behind the mapping over a `reset`, by default.
    package static let keptBytesDefault = 1 << 20

    private let state: UnsafeMutablePointer<State>
    private let keptBytes: Int

    /// Maps an arena.
    ///
    /// - Parameters:
    ///   - capacity: The cap in bytes, `arena_bytes_max`; at least one page is mapped.
    ///   - keptBytes: Memory up to this many bytes is kept for the next message.
    /// - Throws: `arenaFull` when the system has no address space for it.
    package init(
        capacity: Int = WireLimits().arenaBytesMax, keptBytes: Int = keptBytesDefault
    ) throws(WireError) {
        precondition(capacity > 0, "an arena needs a capacity")
        let memory = mmap(
            nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1, 0)
        guard let memory, memory != MAP_FAILED else {
            throw WireError(
                .arenaFull, "no address space for an arena of \(capacity) bytes (errno \(errno))",
                limit: "arena_bytes_max", bound: capacity)
        }
        self.keptBytes = keptBytes
        state = .allocate(capacity: 1)
        state.initialize(
            to: State(
                base: memory, used: 0, capacity: capacity, isFull: false,
                allocator: ProtobufCAllocator()))
        state.pointee.allocator.allocator_data = UnsafeMutableRawPointer(state)
        state.pointee.allocator.free = { _, _ in }
        state.pointee.allocator.alloc = { state, count in
            state.flatMap {
                ArenaAllocator.allocate($0.assumingMemoryBound(to: State.self), count, 16)
            }
        }
    }

    deinit {
        munmap(state.pointee.base, state.pointee.capacity)
        state.deallocate()
    }

    /// The cap in bytes.
    package var capacity: Int { state.pointee.capacity }

    /// Bytes handed out since the last `reset`, with what alignment wasted.
    package var usedBytes: Int { state.pointee.used }

    /// Whether an allocation was refused since the last `reset`.
    package var isFull: Bool { state.pointee.isFull }

    /// For protobuf-c's calls; valid as long as the arena.
    var allocator: UnsafeMutablePointer<ProtobufCAllocator> {
        let offset = MemoryLayout<State>.offset(of: \State.allocator) ?? 0
        return (UnsafeMutableRawPointer(state) + offset)
            .assumingMemoryBound(to: ProtobufCAllocator.self)
    }

    /// Takes all memory back.
    ///
    /// Whatever was allocated, and every view of it, is void.
    package func reset() {
        let used = state.pointee.used
        if used > keptBytes {
            let page = Int(getpagesize())
            let kept = (keptBytes + page - 1) / page * page
            if kept < used { madvise(state.pointee.base + kept, used - kept, MADV_DONTNEED) }
        }
        state.pointee.used = 0
        state.pointee.isFull = false
    }

    /// Uninitialised memory for `count` values, or nil where the cap does not allow it.
    ///
    /// - Precondition: `Value` needs no deinitialising (numbers, pointers, structs of C; those with
    ///   unions are not `BitwiseCopyable` to the compiler, so it cannot check).
    package func allocate<Value>(
        _ type: Value.Type, count: Int
    ) -> UnsafeMutablePointer<Value>? {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Value>.stride)
        guard !overflow, bytes >= 0 else { return nil }
        return Self.allocate(state, bytes, MemoryLayout<Value>.alignment)?
            .bindMemory(to: Value.self, capacity: count)
    }

    private static func allocate(
        _ state: UnsafeMutablePointer<State>, _ count: Int, _ alignment: Int
    ) -> UnsafeMutableRawPointer? {
        // `used` is at most the capacity, far from overflow. `count` is anything: C's size_t comes
        // as Int, so that a huge one is negative.
        let start = (state.pointee.used + alignment - 1) & ~(alignment - 1)
        guard count >= 0, start <= state.pointee.capacity,
            count <= state.pointee.capacity - start
        else {
            state.pointee.isFull = true
            return nil
        }
        state.pointee.used = start + count
        return state.pointee.base + start
    }
}
