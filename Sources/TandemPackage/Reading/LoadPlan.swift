internal import TandemGraph

// Design: where each tensor lies once its shards are in memory.
//
// A shard's raw bytes lie in memory as they do in the shard, so a tensor in one shard is where its
// segment is. A table that goes on in the next shard needs both one behind the other. Our writer
// cuts tables so that all shards of one but the last are whole pages and hold nothing else; such
// shards form a run and are mapped back to back. A tensor for which that does not work out, in a
// package of another writer, is put together by copying.

/// What a load will do, made from a checked manifest.
struct LoadPlan {
    /// Shards that lie in memory back to back.
    struct Run: Equatable {
        /// Positions in the package's shards.
        var shards: [Int]
        /// Where each begins.
        var offsets: [Int]
        /// Bytes of all.
        var byteCount: Int
    }

    /// Where a tensor lies.
    enum Place: Equatable {
        /// In a run, at an offset.
        case run(Int, offset: Int)
        /// In memory of its own, put together from its segments.
        case own
    }

    /// By their first shard.
    private(set) var runs: [Run] = []
    /// The tensors that the program names.
    private(set) var placements: [(tensor: TensorRecord, place: Place)] = []
    /// Bytes of memory that the load takes.
    private(set) var byteCount = 0
    /// The run of a shard, and where the shard begins in it.
    private(set) var places: [Int: (run: Int, offset: Int)] = [:]

    /// Plans the load of the tensors that a program names, but for some.
    ///
    /// - Precondition: The package is validated; so sizes are in bounds and sums cannot overflow.
    init(
        _ package: Package, program: Program, except known: Set<String> = [],
        pageByteCount: Int = ShardMemory.pageByteCount
    ) {
        let names = Set(program.graph.parameters.map { program.graph[$0].name })
            .subtracting(known)
        let wanted = package.tensors.filter { names.contains($0.name) }
        let needed = Set(wanted.flatMap { $0.segments.map(\.shard) })
        let successors = Self.successors(wanted, package.shards, pageByteCount)
        let heads = needed.subtracting(successors.values)
        for head in heads.sorted() { addRun(from: head, successors, package.shards) }
        // Shards that follow each other in a circle have no head: no writer of ours makes them.
        for shard in needed.sorted() where places[shard] == nil {
            addRun(from: shard, [:], package.shards)
        }
        for tensor in wanted {
            let place = place(of: tensor)
            if place == .own { byteCount += tensor.byteCount }
            placements.append((tensor, place))
        }
    }

    /// The shard that has to lie behind each, where a tensor goes on from the end of one, which is a
    /// whole number of pages, to the beginning of the other; the first tensor that says so.
    private static func successors(
        _ tensors: [TensorRecord], _ shards: [ShardRecord], _ pageByteCount: Int
    ) -> [Int: Int] {
        var successors: [Int: Int] = [:]
        var followed: Set<Int> = []
        for tensor in tensors {
            for (segment, next) in zip(tensor.segments, tensor.segments.dropFirst()) {
                let byteCount = shards[segment.shard].rawByteCount
                guard segment.end == byteCount, byteCount % pageByteCount == 0, next.offset == 0,
                    successors[segment.shard] == nil, followed.insert(next.shard).inserted
                else { continue }
                successors[segment.shard] = next.shard
            }
        }
        return successors
    }

    private mutating func addRun(
        from head: Int, _ successors: [Int: Int], _ shards: [ShardRecord]
    ) {
        var run = Run(shards: [], offsets: [], byteCount: 0)
        var next: Int? = head
        while let shard = next {
            places[shard] = (runs.count, run.byteCount)
            run.shards.append(shard)
            run.offsets.append(run.byteCount)
            run.byteCount += shards[shard].rawByteCount
            next = successors[shard]
        }
        let last = run.shards.last.map { shards[$0].rawByteCount } ?? 0
        let end = run.byteCount - last + HugePages.span(rawByteCount: last)
        byteCount += max(run.byteCount, end)
        runs.append(run)
    }

    /// Whether all of a tensor's segments follow each other where they lie.
    private func place(of tensor: TensorRecord) -> Place {
        guard let first = tensor.segments.first, let start = places[first.shard] else {
            return .own
        }
        var end = start.offset + first.end
        for segment in tensor.segments.dropFirst() {
            guard let place = places[segment.shard], place.run == start.run,
                place.offset + segment.offset == end
            else { return .own }
            end += segment.byteCount
        }
        return .run(start.run, offset: start.offset + first.offset)
    }
}
