/// How blocks are stored: as they are, where compression would have gained little, or as frames.
package struct BlockCounts: Hashable, Sendable {
    /// Blocks stored as they are.
    package var raw = 0
    /// Blocks stored as zstd frames.
    package var compressed = 0

    /// Such as `zstd`, `raw` or `3 zstd, 1 raw`.
    package var text: String {
        if raw == 0 { return "zstd" }
        return compressed == 0 ? "raw" : "\(compressed) zstd, \(raw) raw"
    }

    fileprivate mutating func add(_ codec: BlockCodec) {
        switch codec {
        case .raw: raw += 1
        case .zstd: compressed += 1
        }
    }
}

/// How a shard is stored; for people.
package struct ShardSummary: Hashable, Sendable {
    /// A tensor's rows in the shard.
    package struct Piece: Hashable, Sendable {
        /// The tensor's name.
        package var tensor: String
        /// Which rows.
        package var rows: Range<Int>
        /// Bytes of the rows.
        package var rawByteCount: Int
        /// Bytes of the blocks that hold any of the rows, which other tensors may share.
        package var storedByteCount: Int
        /// Those blocks.
        package var blocks: BlockCounts
    }

    /// All blocks of the shard.
    package var blocks = BlockCounts()
    /// The tensors with rows in the shard, in the order of their bytes.
    package var pieces: [Piece] = []
}

extension Package {
    /// Reads a shard's index and says how its blocks are stored.
    ///
    /// - Parameter position: Position in `shards`.
    /// - Returns: Counts of blocks, and the tensors in the shard.
    /// - Throws: `PackageError`, naming the shard's file.
    /// - Precondition: There is such a shard.
    package func summary(ofShard position: Int) throws(PackageError) -> ShardSummary {
        let entries = try blockEntries(of: shards[position])
        var summary = ShardSummary()
        var rawEnds: [Int] = []
        for entry in entries {
            summary.blocks.add(entry.codec)
            rawEnds.append((rawEnds.last ?? 0) + entry.rawByteCount)
        }
        let inside = tensors.flatMap { tensor in
            tensor.segments.filter { $0.shard == position }.map { (tensor.name, $0) }
        }
        var first = 0
        for (name, segment) in inside.sorted(by: { $0.1.offset < $1.1.offset }) {
            var piece = ShardSummary.Piece(
                tensor: name, rows: segment.rowBegin..<segment.rowBegin + segment.rowCount,
                rawByteCount: segment.byteCount, storedByteCount: 0, blocks: BlockCounts())
            while rawEnds[first] <= segment.offset { first += 1 }
            for (entry, rawEnd) in zip(entries[first...], rawEnds[first...]) {
                guard rawEnd - entry.rawByteCount < segment.end else { break }
                piece.storedByteCount += entry.storedByteCount
                piece.blocks.add(entry.codec)
            }
            summary.pieces.append(piece)
        }
        return summary
    }
}
