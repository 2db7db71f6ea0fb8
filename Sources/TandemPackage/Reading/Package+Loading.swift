package import TandemGraph

// Design: small tensors have memory of their own.
//
// A plan reads tables where they lie, and packs other weights into memory of its own. What is left
// to be read from a shard of dense weights are biases, scales and the like. They are copied, so that
// the shard goes back to the system with the last large tensor that somebody holds. The pool knows
// the copies too: a shard is read only for what neither a copy nor the caller has.
//
// A thread that waits for its own block's bytes decodes nothing meanwhile, and threads that take
// turns look to the system like readers who jump. So each thread that takes a block has the disk
// bring one that comes later. 900 blocks of 1 MiB and 0.9 ms of work, two threads, 2.4 GB/s of disk:
// 0.65 to 0.76 s with that advice, 0.95 to 1.17 s without, and no better with one descriptor
// for all threads, nor with POSIX_FADV_SEQUENTIAL.

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
    /// blocks a thread. The memory goes back to the system with the last tensor in it. Pages are
    /// populated, but for those that an earlier process left (`ShardPool.populateAdopted`).
    ///
    /// - Parameters:
    ///   - name: `float`, `int8` or another program of the package.
    ///   - known: Tensors that the caller does not need.
    ///   - threads: Threads to use, the caller's among them; they inherit its scheduling policy.
    ///   - memoryByteCountMax: Refuses a program whose tensors take more.
    ///   - pool: Where shards of other loads are found.
    ///   - progress: Told how far it is.
    /// - Returns: The tensors by name, each at a multiple of 64 bytes. Writing to one is a fault.
    /// - Throws: `PackageError`, naming file and block; nothing is kept then.
    package func load(
        program name: String, except known: Set<String> = [], threads: Int = 1,
        memoryByteCountMax: Int = .max, pool: ShardPool = ShardPool(),
        progress: LoadProgress = LoadProgress()
    ) throws(PackageError) -> TensorSet {
        let program = try program(named: name)
        var tensors = copies(for: program, except: known, in: pool)
        let plan = LoadPlan(self, program: program, except: known.union(tensors.keys))
        guard plan.byteCount <= memoryByteCountMax else {
            throw PackageError(
                .outOfMemory,
                "program '\(name)' takes \(plan.byteCount) bytes, \(memoryByteCountMax) are "
                    + "allowed; raise the limit or load a smaller program",
                path: path, expected: UInt64(clamping: memoryByteCountMax),
                actual: UInt64(plan.byteCount))
        }
        let memories = try memories(plan, pool, threads, progress)
        let storages = try storages(plan, memories, pool, threads)
        for (record, place) in plan.placements {
            let tensor = try Self.tensor(record, place, plan, storages)
            tensors[record.name] = tensor
            if Self.isCopied(record) {
                pool.insert(copy: tensor, of: TensorContent(record, shards))
            }
        }
        return tensors
    }

    /// The shards that loading a program would read.
    package func shardsToRead(
        program: Program, except known: Set<String> = [], pool: ShardPool
    ) -> [ShardRecord] {
        let copies = copies(for: program, except: known, in: pool)
        let plan = LoadPlan(self, program: program, except: known.union(copies.keys))
        let held = Set(pool.live.map(\.contentID))
        return plan.runs.flatMap(\.shards).map { shards[$0] }
            .filter { !held.contains($0.contentID) }
    }

    private func copies(
        for program: Program, except known: Set<String>, in pool: ShardPool
    ) -> TensorSet {
        let names = Set(program.graph.parameters.map { program.graph[$0].name }).subtracting(known)
        var copies: TensorSet = [:]
        for record in tensors where names.contains(record.name) && Self.isCopied(record) {
            copies[record.name] = pool.copy(of: TensorContent(record, shards), record)
        }
        return copies
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
        _ plan: LoadPlan, _ pool: ShardPool, _ threads: Int, _ progress: LoadProgress
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
        progress.begin(fresh.reduce(0) { $0 + $1.rawByteCount })
        try ParallelWork(
            count: queue.count,
            makeWorker: { () throws(PackageError) in try BlockDecoder() },
            body: { (decoder, index) throws(PackageError) in
                let ahead = index + Limits.readAheadBlocks
                if ahead < queue.count { queue[ahead].readAhead(decoder, self) }
                try queue[index].run(decoder, self)
                progress.add(queue[index].entry.rawByteCount)
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

    /// Each run's memory as one storage, which holds the shards.
    private func storages(
        _ plan: LoadPlan, _ memories: [Int: ShardMemory], _ pool: ShardPool, _ threads: Int
    ) throws(PackageError) -> [TensorStorage] {
        var storages: [TensorStorage] = []
        var pieces: [(run: MappedRun, piece: Range<Int>)] = []
        for run in plan.runs {
            let held = run.shards.compactMap { memories[$0] }
            if let small = held.first?.small {
                storages.append(small)
                continue
            }
            let mapped = try MappedRun(held, run.offsets, byteCount: run.byteCount)
            let storage = mapped.storage(holding: held)
            storages.append(storage)
            let isLate = pool.holdsAdopted(held)
            pool.insert(mapped, storage, isLate: isLate)
            if !isLate { pieces += mapped.pieces.map { (mapped, $0) } }
        }
        let queue = pieces
        try ParallelWork(
            count: queue.count, makeWorker: { () throws(PackageError) in },
            body: { (_, index) throws(PackageError) in
                queue[index].run.populate(queue[index].piece)
            }
        ).run(threads: threads)
        return storages
    }

    /// Whether a tensor gets memory of its own.
    private static func isCopied(_ record: TensorRecord) -> Bool {
        record.byteCount <= copiedByteCountMax
    }

    private static let copiedByteCountMax = 64 << 10

    private static func tensor(
        _ record: TensorRecord, _ place: LoadPlan.Place, _ plan: LoadPlan,
        _ storages: [TensorStorage]
    ) throws(PackageError) -> Tensor {
        if case .run(let run, let offset) = place, !isCopied(record) {
            return Tensor(
                dtype: record.dtype, shape: record.shape, storage: storages[run],
                byteOffset: offset)
        }
        let tensor = Tensor(
            dtype: record.dtype, shape: record.shape,
            storage: try TensorStorage.taken(record.byteCount, for: record.name))
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

    /// Has the block brought from the disk while others are decoded.
    func readAhead(_ decoder: BlockDecoder, _ package: Package) {
        // What is wrong with the file is told when it is read.
        let file = try? decoder.openAhead(shard, of: package)
        file?.readAhead(at: entry.fileOffset, byteCount: entry.storedByteCount)
    }

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
