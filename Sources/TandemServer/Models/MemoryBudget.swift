internal import Glibc
internal import TandemEngine
internal import TandemGraph
package import TandemPackage
internal import TandemRequest

// Design: a load that would not fit is refused before it begins.
//
// In use is what lies in memory now: shards and packed weights, each counted once however many
// versions share it, and what each loaded version has of its own. A load needs the shards that it
// reads. Weights are packed some MiB at a time, and a shard whose weights are all packed goes: so
// packing takes about one shard's weights more, and what is packed already takes nothing. What a
// version's workspaces take depends on the limits of requests and is known only when it is loaded;
// it counts from then on.

/// The memory that models may take, and do.
package final class MemoryBudget: Sendable {
    /// The most bytes of all models together.
    package let byteCountMax: Int
    let pool: ShardPool
    let packed = PackedPool()
    private let loaded = Locked<[Reference]>([])

    private struct Reference {
        weak var model: LoadedModel?
        let byteCount: Int
    }

    /// A budget over the shards of a pool.
    ///
    /// - Parameters:
    ///   - byteCountMax: The most bytes; 0 for four fifths of what the machine and the control group
    ///     grant.
    ///   - groupByteCount: What the control group grants; nil for no limit.
    ///   - pool: Where the shards are.
    package init(byteCountMax: Int = .max, groupByteCount: UInt64? = nil, pool: ShardPool) {
        self.pool = pool
        guard byteCountMax == 0 else {
            self.byteCountMax = byteCountMax
            return
        }
        let pages = max(0, sysconf(Int32(_SC_PHYS_PAGES)))
        let machine = UInt64(pages) &* UInt64(getpagesize())
        self.byteCountMax = Int(clamping: min(machine, groupByteCount ?? .max) / 5 * 4)
    }

    /// Bytes that models take now.
    package var usedByteCount: Int {
        let shared = pool.live.reduce(packed.byteCount) { $0 + $1.rawByteCount }
        return loaded.withLock { loaded in
            loaded.removeAll { $0.model == nil }
            return loaded.reduce(shared) { $0 + $1.byteCount }
        }
    }

    /// Bytes that models do not take yet.
    var freeByteCount: Int { byteCountMax - min(usedByteCount, byteCountMax) }

    /// Counts a version for as long as it lives.
    ///
    /// Its tables and packed weights are counted by themselves.
    func add(_ model: LoadedModel) {
        let memory = model.memory
        let reference = Reference(
            model: model, byteCount: memory.dense + memory.arenas)
        loaded.withLock { $0.append(reference) }
    }

    /// Refuses a load that would go over the budget.
    ///
    /// - Throws: `loadFailed` with what it needs, what is in use, and the budget.
    func check(
        _ package: Package, _ program: Program, _ packed: [Packing: PackedWeights],
        _ name: String, _ version: UInt64
    ) throws(RequestError) {
        let spared = packed.spared(program.graph)
        let toRead = package.shardsToRead(program: program, except: spared, pool: pool)
        let shards = toRead.reduce(0) { $0 + $1.rawByteCount }
        let passing = Packing.parameters(of: program.graph).subtracting(spared)
        let packed = package.byteCountPerShard(of: passing)
        let used = usedByteCount
        let (needed, _) = shards.addingReportingOverflow(packed)
        guard needed > byteCountMax - min(used, byteCountMax) else { return }
        throw RequestError(
            .loadFailed,
            "version \(version) of model '\(name)' needs \(needed) bytes (\(shards) to read, "
                + "\(packed) to pack) beside \(used) in use; memory.max is \(byteCountMax): unload a "
                + "version, or raise it",
            model: name, limit: "memory.max", bound: byteCountMax, actual: needed)
    }
}
