internal import TandemGraph

// Design: which tensor goes into which shard.
//
// A reload keeps every shard whose content it already has, and a program reads only shards that
// hold its tensors. So tensors are grouped first by the set of programs that read them, then by
// what is trained or replaced together: the trunk, each task's tower, each table, what was joined of
// several (`trunk/...`, `task/<name>/...`, `embedding/<name>...`, `joined/...` in tensors' names). Small groups of the same kind share
// a shard, because a file and a block of their own would cost more than they save. A group that is
// larger than a shard's target is cut between tensors or, within a table, between rows, where the
// rows so far are whole pages of memory.

/// The raw contents of one shard before it is written.
struct ShardDraft: Equatable {
    /// A run of a tensor's rows and where it begins in the shard.
    struct Piece: Equatable {
        var name: String
        var offset: Int
        var rowBegin: Int
        var rowCount: Int
        var byteCount: Int
    }

    var pieces: [Piece] = []

    /// Raw bytes of the shard.
    var byteCount: Int { pieces.last.map { $0.offset + $0.byteCount } ?? 0 }

    fileprivate mutating func append(_ piece: Piece) {
        var placed = piece
        placed.offset = ShardFormat.aligned(byteCount)
        pieces.append(placed)
    }
}

/// Lays tensors out over shards; the same contents always give the same shards.
struct ShardLayout {
    /// Raw bytes at which a shard is full.
    var shardByteCountTarget: Int
    /// Raw bytes up to which groups of one kind share a shard.
    var sharedByteCountMax: Int

    /// The shards, in an order that depends only on names and sizes.
    ///
    /// - Precondition: Every tensor is named by a program, and within `Limits`.
    func drafts(_ contents: PackageContents) -> [ShardDraft] {
        var groups: [Group: [String]] = [:]
        for (name, programs) in Self.readers(contents.model.programs) {
            groups[Group(programs: programs, part: Self.part(of: name)), default: []].append(name)
        }
        return merged(groups, contents.tensors).flatMap { names in
            cut(names.sorted(), contents.tensors)
        }
    }

    private struct Group: Hashable, Comparable {
        /// Positions of the programs that read the tensors.
        var programs: [Int]
        /// Kind, then name: `["task", "click"]`.
        var part: [String]

        static func < (left: Group, right: Group) -> Bool {
            if left.programs != right.programs {
                return left.programs.lexicographicallyPrecedes(right.programs)
            }
            return left.part.lexicographicallyPrecedes(right.part)
        }
    }

    private static func readers(_ programs: [Program]) -> [String: [Int]] {
        var readers: [String: [Int]] = [:]
        for (index, program) in programs.enumerated() {
            for id in program.graph.parameters {
                readers[program.graph[id].name, default: []].append(index)
            }
        }
        return readers
    }

    /// `task/click/hidden/weight` is of `task/click`; `trunk/expert0/weight` of `trunk`.
    private static func part(of name: String) -> [String] {
        let words = name.split(separator: "/", maxSplits: 2).map(String.init)
        guard words.count > 1 else { return ["trunk"] }
        return ["task", "embedding"].contains(words[0]) ? Array(words.prefix(2)) : [words[0]]
    }

    /// The groups' tensors, small groups of one kind together.
    private func merged(_ groups: [Group: [String]], _ tensors: TensorSet) -> [[String]] {
        var own: [(Group, [String])] = []
        var shared: [Group: [String]] = [:]
        for (group, names) in groups {
            let byteCount = names.reduce(0) { $0 + (tensors[$1]?.byteCount ?? 0) }
            if byteCount <= sharedByteCountMax, let kind = group.part.first {
                shared[Group(programs: group.programs, part: [kind]), default: []] += names
            } else {
                own.append((group, names))
            }
        }
        let joined = shared.map { (Group(programs: $0.key.programs, part: $0.key.part), $0.value) }
        return (own + joined).sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// Shards for tensors in this order, none much larger than the target.
    private func cut(_ names: [String], _ tensors: TensorSet) -> [ShardDraft] {
        var drafts: [ShardDraft] = []
        var draft = ShardDraft()
        for name in names {
            guard let tensor = tensors[name], tensor.byteCount > 0 else { continue }
            let rowCount = tensor.shape.first ?? 1
            let rowByteCount = tensor.byteCount / rowCount
            if draft.byteCount > 0, draft.byteCount + tensor.byteCount > shardByteCountTarget {
                drafts.append(draft)
                draft = ShardDraft()
            }
            let rowsPerShard = rowsPerShard(rowByteCount)
            for begin in stride(from: 0, to: rowCount, by: rowsPerShard) {
                if begin > 0 {
                    drafts.append(draft)
                    draft = ShardDraft()
                }
                let rows = min(rowsPerShard, rowCount - begin)
                draft.append(
                    ShardDraft.Piece(
                        name: name, offset: 0, rowBegin: begin, rowCount: rows,
                        byteCount: rows * rowByteCount))
            }
        }
        if draft.byteCount > 0 { drafts.append(draft) }
        return drafts
    }

    /// Rows of a table in a full shard: whole pages where the target allows it, so that the shards of
    /// a table can be mapped back to back (`LoadPlan`).
    ///
    /// Pages of 64 KiB are the largest that Linux has; most machines have 4 KiB.
    private func rowsPerShard(_ rowByteCount: Int) -> Int {
        let most = max(1, shardByteCountTarget / rowByteCount)
        for pageByteCount in [64 << 10, 4 << 10] {
            // Both are powers of two, so the greatest common divisor is a power of two of the row.
            let divisor = min(rowByteCount & -rowByteCount, pageByteCount)
            let rowsToPages = pageByteCount / divisor
            if most >= rowsToPages { return most / rowsToPages * rowsToPages }
        }
        return most
    }
}
