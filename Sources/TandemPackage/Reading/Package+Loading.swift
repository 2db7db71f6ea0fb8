internal import Glibc
package import TandemGraph

extension Package {
    /// Bytes of memory that a program's tensors take, before they are packed for kernels.
    ///
    /// - Throws: `PackageError` `unknownProgram`.
    package func memoryByteCount(program name: String) throws(PackageError) -> Int {
        LoadPlan(self, program: try program(named: name)).byteCount
    }

    /// Reads, checks and decodes the tensors that a program names.
    ///
    /// Only shards that hold such a tensor are opened. Every stored block is held against its
    /// CRC-32C. Peak memory is the tensors and two blocks a thread. All tensors share one mapping,
    /// which goes back to the system with the last of them.
    ///
    /// - Parameters:
    ///   - name: `float`, `int8` or another program of the package.
    ///   - threads: Threads to use, the caller's among them; they inherit its scheduling policy.
    ///   - memoryByteCountMax: Refuses a program whose tensors take more.
    /// - Returns: The tensors by name, each at a multiple of 64 bytes.
    /// - Throws: `PackageError`, naming file and block; nothing is kept then.
    package func load(
        program name: String, threads: Int = 1, memoryByteCountMax: Int = .max
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
        let storage = try Self.map(plan.byteCount, path)
        try decode(plan, into: storage, threads: threads)
        var tensors: TensorSet = [:]
        for placement in plan.placements {
            tensors[placement.tensor.name] = Tensor(
                dtype: placement.tensor.dtype, shape: placement.tensor.shape, storage: storage,
                byteOffset: placement.tensor.segments.isEmpty ? 0 : placement.destination)
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

    private func decode(
        _ plan: LoadPlan, into storage: TensorStorage, threads: Int
    ) throws(PackageError) {
        var jobs: [BlockJob] = []
        for shard in plan.shards { jobs += try blockJobs(shard) }
        let queue = jobs
        try ParallelWork(
            count: queue.count,
            makeWorker: { () throws(PackageError) in try BlockDecoder() },
            body: { (decoder, index) throws(PackageError) in
                try queue[index].run(decoder, self, storage)
            }
        ).run(threads: threads)
    }

    /// The blocks of a shard that are needed, from its index.
    private func blockJobs(_ plan: LoadPlan.ShardPlan) throws(PackageError) -> [BlockJob] {
        let entries = try blockEntries(of: plan.shard)
        var jobs: [BlockJob] = []
        var rawOffset = 0
        for (block, entry) in entries.enumerated() {
            let raw = rawOffset..<rawOffset + entry.rawByteCount
            rawOffset = raw.upperBound
            let fate = plan.fate(of: raw)
            guard fate != .skipped else { continue }
            jobs.append(
                BlockJob(shard: plan, block: block, entry: entry, raw: raw, fate: fate))
        }
        return jobs
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

    /// Fresh zeroed memory straight from the system, so that giving it back is giving it back.
    private static func map(_ byteCount: Int, _ path: String) throws(PackageError) -> TensorStorage
    {
        let mapped = max(byteCount, 1)
        let address = mmap(
            nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let address, address != MAP_FAILED else {
            throw PackageError(
                .outOfMemory, "no memory for \(byteCount) bytes of tensors", path: path,
                actual: UInt64(byteCount), systemError: errno)
        }
        // Fewer page faults while decoding and fewer TLB misses while gathering; only advice.
        madvise(address, mapped, MADV_HUGEPAGE)
        return TensorStorage(base: address, byteCount: byteCount) { base, _ in
            munmap(base, mapped)
        }
    }
}

/// One block to read, and what becomes of it.
private struct BlockJob: Sendable {
    let shard: LoadPlan.ShardPlan
    let block: Int
    let entry: BlockEntry
    let raw: Range<Int>
    let fate: LoadPlan.ShardPlan.BlockFate

    func run(
        _ decoder: BlockDecoder, _ package: Package, _ storage: TensorStorage
    ) throws(PackageError) {
        let file = try decoder.open(shard.shard, of: package)
        do throws(PackageError) {
            switch fate {
            case .skipped: break
            case .direct(let destination):
                let target = UnsafeMutableRawBufferPointer(
                    start: storage.base + destination, count: raw.count)
                try decoder.decode(entry, of: file, into: target)
            case .scattered:
                let buffer = decoder.rawBuffer(raw.count)
                try decoder.decode(entry, of: file, into: buffer)
                scatter(UnsafeRawBufferPointer(buffer), storage)
            }
        } catch {
            throw error.at(file.path, block: block)
        }
    }

    private func scatter(_ bytes: UnsafeRawBufferPointer, _ storage: TensorStorage) {
        for span in shard.spans[shard.firstSpan(endingAfter: raw.lowerBound)...] {
            let part = span.raw.clamped(to: raw)
            guard !part.isEmpty else { return }
            let target = UnsafeMutableRawBufferPointer(
                start: storage.base + span.destination + part.lowerBound - span.raw.lowerBound,
                count: part.count)
            let start = part.lowerBound - raw.lowerBound
            target.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + part.count]))
        }
    }
}
