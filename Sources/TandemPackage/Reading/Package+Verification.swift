extension Package {
    /// Reads every byte of the package: each shard's SHA-256, each block's checksum and decoding.
    ///
    /// The manifest was checked when the package was opened.
    ///
    /// - Returns: What is wrong, at most one failure of each kind a shard; empty if nothing is.
    package func verify() -> [PackageError] {
        var problems: [PackageError] = []
        for shard in shards {
            do throws(PackageError) {
                try verifyContent(of: shard)
            } catch {
                problems.append(error)
                // Cut or unreadable: what follows would say the same again.
                if error.code != .contentMismatch { continue }
            }
            do throws(PackageError) {
                try verifyBlocks(of: shard)
            } catch {
                problems.append(error)
            }
        }
        return problems
    }

    private func verifyContent(of shard: ShardRecord) throws(PackageError) {
        let file = try openShard(shard)
        var hash = ContentHash()
        try file.readPieces { (piece) throws(PackageError) in hash.update(piece) }
        let actual = hash.finish()
        guard actual == shard.contentID else {
            throw PackageError(
                .contentMismatch,
                "the file's SHA-256 is \(actual), not its name; copy or publish the package again",
                path: file.path)
        }
    }

    private func verifyBlocks(of shard: ShardRecord) throws(PackageError) {
        let file = try openShard(shard)
        let decoder = try BlockDecoder()
        for (block, entry) in try blockEntries(of: shard).enumerated() {
            do throws(PackageError) {
                try decoder.decode(
                    entry, of: file, into: decoder.rawBuffer(entry.rawByteCount))
            } catch {
                throw error.at(file.path, block: block)
            }
        }
    }
}

extension ReadableFile {
    /// The whole file in order, in pieces of at most 1 MiB.
    func readPieces(
        _ body: (UnsafeRawBufferPointer) throws(PackageError) -> Void
    ) throws(PackageError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Limits.blockRawBytesMax, alignment: 64)
        defer { buffer.deallocate() }
        var offset = 0
        while offset < byteCount {
            let piece = UnsafeMutableRawBufferPointer(
                rebasing: buffer.prefix(min(buffer.count, byteCount - offset)))
            try read(at: offset, into: piece)
            try body(UnsafeRawBufferPointer(piece))
            offset += piece.count
        }
    }
}
