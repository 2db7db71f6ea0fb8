internal import Glibc
package import TandemGraph

// Design: small tensors have memory of their own.
//
// A plan reads tables where they lie, and packs other weights into memory of its own. What is left
// to be read from a shard of dense weights are biases, scales and the like. They are copied, so that
// the shard goes back to the system with the last large tensor that somebody holds.

extension Package {
    /// Bytes of memory that loading a program takes, before it is packed for kernels.
    ///
    /// - Throws: `PackageError` `unknownProgram`.
    package func memoryByteCount(program name: String) throws(PackageError) -> Int {
        LoadPlan(self, program: try program(named: name)).byteCount
    }

    /// Reads, checks and decodes the tensors that a program names.
    ///
    /// Only shards that hold such a tensor are opened, and of those only the ones that the pool does
    /// not have. Every stored block is held against its CRC-32C. Peak memory is the shards and two
    /// blocks a thread. The memory goes back to the system with the last tensor in it.
    ///
    /// - Parameters:
    ///   - name: `float`, `int8` or another program of the package.
    ///   - threads: Threads to use, the caller's among them; they inherit its scheduling policy.
    ///   - memoryByteCountMax: Refuses a program whose tensors take more.
    ///   - pool: Where shards of other loads are found.
    /// - Returns: The tensors by name, each at a multiple of 64 bytes. Writing to one is a fault.
    /// - Throws: `PackageError`, naming file and block; nothing is kept then.
    package func load(
        program name: String, threads: Int = 1, memoryByteCountMax: Int = .max,
        pool: ShardPool = ShardPool()
    ) throws(PackageError) -> TensorSet {
        let plan = LoadPlan(self, program: try program(named: name))
        guard plan.byteCount <= memoryByteCountMax else {
            throw PackageError(
                .outOfMemory,
                "program '\(name)' takes \(plan.byteCount) bytes, \(memoryByteCountMax) are "
                    + "allowed; raise the limit or load a smaller program",
                path: path, expected: UInt64(clamping: memoryByteCountMax),
                actual: UInt64(plan.byteCount))
        }
        let memories = try memories(plan, pool, threads)
        var storages: [TensorStorage] = []
        for run in plan.runs {
            storages.append(try Self.storage(of: run, run.shards.compactMap { memories[$0] }))
        }
        var tensors: TensorSet = [:]
        for (record, place) in plan.placements {
            tensors[record.name] = Self.tensor(record, place, plan, storages)
        }
        return tensors
    }

    private func program(named name: String) throws(PackageError) -> Program {
        guard let program = model.program(named: name) else {
            let known = model.programs.map(\.name).joined(separator: ", ")
            throw PackageError(
                .unknownProgram, "the package has no such program, it has: \(known)", path: path,
                subject: name)
        }
        return program
    }

    // MARK: Shards

    /// The memory of each shard of a plan, from the pool or filled now.
    private func memories(
        _ plan: LoadPlan, _ pool: ShardPool, _ threads: Int
    ) throws(PackageError) -> [Int: ShardMemory] {
        var memories: [Int: ShardMemory] = [:]
        var fresh: [ShardMemory] = []
        var jobs: [BlockJob] = []
        for run in plan.runs {
            for position in run.shards {
                let shard = shards[position]
                let isMapped = run.shards.count > 1
                if let found = pool.memory(of: shard, isMapped: isMapped) {
                    memories[position] = found
                    continue
                }
                let memory = try ShardMemory(for: shard, isMapped: isMapped)
                memories[position] = memory
                fresh.append(memory)
                jobs += try blockJobs(shard, memory)
            }
        }
        let queue = jobs
        try ParallelWork(
            count: queue.count,
            makeWorker: { () throws(PackageError) in try BlockDecoder() },
            body: { (decoder, index) throws(PackageError) in
                try queue[index].run(decoder, self)
            }
        ).run(threads: threads)
        for memory in fresh {
            try memory.seal()
            pool.insert(memory)
        }
        return memories
    }

    private func blockJobs(
        _ shard: ShardRecord, _ memory: ShardMemory
    ) throws(PackageError) -> [BlockJob] {
        var rawOffset = 0
        return try blockEntries(of: shard).enumerated().map { block, entry in
            defer { rawOffset += entry.rawByteCount }
            return BlockJob(
                shard: shard, memory: memory, block: block, entry: entry, rawOffset: rawOffset)
        }
    }

    /// A shard's index, checked against the manifest.
    func blockEntries(of shard: ShardRecord) throws(PackageError) -> [BlockEntry] {
        let file = try openShard(shard)
        let bytes = try file.prefix(ShardFormat.blocksOffset(blockCount: shard.blockCount))
        do throws(PackageError) {
            return try ShardFormat.decode(bytes, shard)
        } catch {
            throw error.at(file.path)
        }
    }

    // MARK: Tensors

    /// A run's memory as one storage, which holds the shards.
    private static func storage(
        of run: LoadPlan.Run, _ memories: [ShardMemory]
    ) throws(PackageError) -> TensorStorage {
        if let small = memories.first?.small { return small }
        let byteCount = ShardMemory.pageAligned(run.byteCount)
        // Addresses first, so that the shards' pages can be put side by side.
        let address = mmap(
            nil, byteCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let address, address != MAP_FAILED else {
            throw PackageError.system(errno, "no addresses for \(byteCount) bytes", "memory")
        }
        let storage = TensorStorage(base: address, byteCount: run.byteCount) { base, _ in
            munmap(base, byteCount)
            withExtendedLifetime(memories) {}
        }
        for (memory, offset) in zip(memories, run.offsets) { try memory.map(at: address + offset) }
        return storage
    }

    /// Bytes of a tensor up to which it gets memory of its own.
    private static let copiedByteCountMax = 64 << 10

    private static func tensor(
        _ record: TensorRecord, _ place: LoadPlan.Place, _ plan: LoadPlan,
        _ storages: [TensorStorage]
    ) -> Tensor {
        if case .run(let run, let offset) = place, record.byteCount > copiedByteCountMax {
            return Tensor(
                dtype: record.dtype, shape: record.shape, storage: storages[run],
                byteOffset: offset)
        }
        let tensor = Tensor(zeros: record.dtype, shape: record.shape)
        var destination = 0
        for segment in record.segments {
            guard let place = plan.places[segment.shard] else { continue }
            UnsafeMutableRawPointer(tensor.base + destination).copyMemory(
                from: storages[place.run].base + place.offset + segment.offset,
                byteCount: segment.byteCount)
            destination += segment.byteCount
        }
        return tensor
    }
}

/// One block to read, and where its bytes go.
private struct BlockJob: Sendable {
    let shard: ShardRecord
    let memory: ShardMemory
    let block: Int
    let entry: BlockEntry
    let rawOffset: Int

    func run(_ decoder: BlockDecoder, _ package: Package) throws(PackageError) {
        let file = try decoder.open(shard, of: package)
        let buffer = decoder.rawBuffer(entry.rawByteCount)
        do throws(PackageError) {
            try decoder.decode(entry, of: file, into: buffer)
            try memory.write(UnsafeRawBufferPointer(buffer), at: rawOffset)
        } catch {
            throw error.at(file.path, block: block)
        }
    }
}
