/// How a shard's blocks are stored; for people.
package struct ShardSummary: Hashable, Sendable {
    /// Blocks stored as they are, because compression would have gained little.
    package var rawBlockCount: Int
    /// Blocks stored as zstd frames.
    package var compressedBlockCount: Int
    /// Names of the tensors with rows in the shard, in the order of their bytes.
    package var tensorNames: [String]
}

extension Package {
    /// Reads a shard's index and says how its blocks are stored.
    ///
    /// - Parameter position: Position in `shards`.
    /// - Returns: Counts and names.
    /// - Throws: `PackageError`, naming the shard's file.
    /// - Precondition: There is such a shard.
    package func summary(ofShard position: Int) throws(PackageError) -> ShardSummary {
        let entries = try blockEntries(of: shards[position])
        let compressed = entries.filter { $0.codec == .zstd }.count
        let inside = tensors.flatMap { tensor in
            tensor.segments.filter { $0.shard == position }.map { ($0.offset, tensor.name) }
        }
        return ShardSummary(
            rawBlockCount: entries.count - compressed, compressedBlockCount: compressed,
            tensorNames: inside.sorted { $0.0 < $1.0 }.map(\.1))
    }
}
