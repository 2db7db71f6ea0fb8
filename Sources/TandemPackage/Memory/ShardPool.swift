internal import Glibc
internal import Synchronization
internal import TandemGraph

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
        var copies: [TensorContent: Copy] = [:]
        /// How many there were after the last that nobody had were forgotten.
        var copyCount = 0
        var adopted: [ShardMemory] = []
        /// What loads mapped, as long as somebody has it, and what of it is in no page table yet.
        var mapped: [Mapped] = []
        var unpopulated: [Mapped] = []
    }

    /// A tensor that was copied out of its shard.
    private struct Copy {
        weak var storage: TensorStorage?
    }

    /// Shards that were mapped for some tensors.
    private struct Mapped {
        let run: MappedRun
        weak var storage: TensorStorage?
    }

    private let state = Mutex(State())
    private let readCount = Atomic<Int>(0)
    private let sharedCount = Atomic<Int>(0)

    /// An empty pool.
    package init() {}

    /// Takes memory that an earlier process left, if it is one of ours and whole.
    ///
    /// - Parameter descriptor: Closed if it is not taken.
    /// - Returns: The memory, or nil.
    package func adopt(_ descriptor: Int32) -> ShardMemory? {
        guard let memory = ShardMemory(adopting: descriptor) else {
            close(descriptor)
            return nil
        }
        state.withLock { state in
            state.adopted.append(memory)
            state.entries[memory.contentID] = Entry(memory: memory)
        }
        return memory
    }

    /// Gives back adopted memory that no tensor uses.
    package func releaseAdopted() {
        let released = state.withLock { state in
            defer { state.adopted = [] }
            return state.adopted
        }
        withExtendedLifetime(released) {}
    }

    /// Populates what loads mapped of adopted memory, in order, and returns when that is done.
    ///
    /// On a thread that may take its time; models answer meanwhile. 1 GiB takes some 50 ms.
    package func populateAdopted() {
        let left = state.withLock { state in
            defer { state.unpopulated = [] }
            return state.unpopulated
        }
        for entry in left {
            for piece in entry.run.pieces {
                // Held over one piece only, so that whoever unloads it meanwhile is not held up.
                guard let storage = entry.storage else { break }
                entry.run.populate(piece)
                withExtendedLifetime(storage) {}
            }
        }
    }

    /// Takes what loads mapped out of the page tables, with so many threads.
    ///
    /// For a process that is about to end: the system would do it with one, which takes 36 ms a GiB of
    /// small pages, and a restart waits for that; two threads take 19. Who still reads the memory
    /// faults it in again.
    package func depopulate(threads: Int) {
        let shards = state.withLock { $0.mapped }.flatMap { entry in
            entry.run.shards.map { (entry, $0) }
        }
        ParallelWork(
            count: shards.count, makeWorker: { () throws(Never) in },
            body: { (_, index) throws(Never) in
                let (entry, shard) = shards[index]
                guard let storage = entry.storage else { return }
                entry.run.depopulate(shard)
                withExtendedLifetime(storage) {}
            }
        ).run(threads: threads)
    }

    /// Whether some of these shards are an earlier process's that were not given back yet.
    func holdsAdopted(_ memories: [ShardMemory]) -> Bool {
        state.withLock { state in
            memories.contains { memory in state.adopted.contains { $0 === memory } }
        }
    }

    /// Makes mapped memory known, and leaves it to `populateAdopted` if it `isLate`.
    func insert(_ run: MappedRun, _ storage: TensorStorage, isLate: Bool) {
        let entry = Mapped(run: run, storage: storage)
        state.withLock { state in
            state.mapped.removeAll { $0.storage == nil }
            state.mapped.append(entry)
            if isLate { state.unpopulated.append(entry) }
        }
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
            found.file != nil || !isMapped
        else { return nil }
        sharedCount.wrappingAdd(found.rawByteCount, ordering: .relaxed)
        return found
    }

    /// Makes filled and sealed memory known.
    func insert(_ memory: ShardMemory) {
        state.withLock { $0.entries[memory.contentID] = Entry(memory: memory) }
        readCount.wrappingAdd(memory.rawByteCount, ordering: .relaxed)
    }

    /// A tensor that somebody has copied out of its shard.
    func copy(of content: TensorContent, _ record: TensorRecord) -> Tensor? {
        state.withLock { $0.copies[content]?.storage }.map {
            Tensor(dtype: record.dtype, shape: record.shape, storage: $0, byteOffset: 0)
        }
    }

    /// Makes a copied tensor known, and forgets those that nobody has any more.
    func insert(copy tensor: Tensor, of content: TensorContent) {
        state.withLock { state in
            state.copies[content] = Copy(storage: tensor.storage)
            guard state.copies.count > 2 * state.copyCount + 64 else { return }
            state.copies = state.copies.filter { $0.value.storage != nil }
            state.copyCount = state.copies.count
        }
    }
}
