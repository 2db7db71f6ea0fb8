internal import Glibc
internal import Synchronization

// Design: the pool knows memory and does not own it.
//
// Tensors hold the memory they lie in. As long as some version's tensors do, the pool finds it for
// the next version that has a shard of the same content, which then is not read. When the last
// version that uses it ends, the memory goes back to the system, pool or not. What an earlier
// process left in the service manager's store is held until the first loads had their chance.

/// Shards in memory, by content; several loads share it.
package final class ShardPool: Sendable {
    private struct Entry {
        weak var memory: ShardMemory?
    }

    private struct State {
        var entries: [ContentID: Entry] = [:]
        var adopted: [ShardMemory] = []
    }

    private let state = Mutex(State())
    private let readCount = Atomic<Int>(0)
    private let sharedCount = Atomic<Int>(0)

    /// An empty pool.
    package init() {}

    /// Takes memory that an earlier process left, if it is one of ours and whole.
    ///
    /// - Parameter descriptor: Closed if it is not taken.
    /// - Returns: What it holds, or nil.
    package func adopt(_ descriptor: Int32) -> ContentID? {
        guard let memory = ShardMemory(adopting: descriptor) else {
            close(descriptor)
            return nil
        }
        state.withLock { state in
            state.adopted.append(memory)
            state.entries[memory.contentID] = Entry(memory: memory)
        }
        return memory.contentID
    }

    /// Gives back adopted memory that no tensor uses.
    package func releaseAdopted() {
        let released = state.withLock { state in
            defer { state.adopted = [] }
            return state.adopted
        }
        withExtendedLifetime(released) {}
    }

    /// The memory that is in use now.
    package var live: [ShardMemory] {
        state.withLock { state in
            state.entries = state.entries.filter { $0.value.memory != nil }
            return state.entries.values.compactMap(\.memory)
        }
    }

    /// Raw bytes that loads decoded, and those that they found here, since the beginning.
    package var byteCounts: (read: Int, shared: Int) {
        (readCount.load(ordering: .relaxed), sharedCount.load(ordering: .relaxed))
    }

    /// The memory of a shard, if somebody uses it.
    func memory(of shard: ShardRecord, isMapped: Bool) -> ShardMemory? {
        let found = state.withLock { $0.entries[shard.contentID]?.memory }
        guard let found, found.rawByteCount == shard.rawByteCount,
            found.descriptor != nil || !isMapped
        else { return nil }
        sharedCount.wrappingAdd(found.rawByteCount, ordering: .relaxed)
        return found
    }

    /// Makes filled and sealed memory known.
    func insert(_ memory: ShardMemory) {
        state.withLock { $0.entries[memory.contentID] = Entry(memory: memory) }
        readCount.wrappingAdd(memory.rawByteCount, ordering: .relaxed)
    }
}
