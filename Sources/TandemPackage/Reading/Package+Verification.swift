internal import Synchronization

extension PackageReader {
    /// Opens a package and reads every byte of it.
    ///
    /// - Parameters:
    ///   - path: The version's directory.
    ///   - threads: Threads to use, the caller's among them; each reads one shard at a time.
    ///   - progress: See `Package.verify`.
    /// - Returns: Everything that is wrong, manifest first, then by shard and block; empty if nothing
    ///   is. Of a manifest that cannot be read, only the first thing.
    package static func verify(
        _ path: String, threads: Int = 1,
        progress: @escaping @Sendable (_ done: Int, _ count: Int) -> Void = { _, _ in }
    ) -> [PackageError] {
        do throws(PackageError) {
            return try openManifest(path).verify(threads: threads, progress: progress)
        } catch {
            return [error]
        }
    }
}

extension Package {
    /// Reads every byte of the package: each shard's SHA-256, each block's checksum and decoding.
    ///
    /// The manifest was checked when the package was opened.
    ///
    /// - Parameters:
    ///   - threads: Threads to use, the caller's among them; each reads one shard at a time.
    ///   - progress: Told after each shard how many are done, and how many there are; by one thread
    ///     at a time.
    /// - Returns: Everything that is wrong, by shard and block; empty if nothing is.
    package func verify(
        threads: Int = 1,
        progress: @escaping @Sendable (_ done: Int, _ count: Int) -> Void = { _, _ in }
    ) -> [PackageError] {
        let found = Mutex<(done: Int, problems: [Int: [PackageError]])>((0, [:]))
        do throws(PackageError) {
            try ParallelWork(
                count: shards.count,
                makeWorker: { () throws(PackageError) in try BlockDecoder() },
                body: { (decoder, index) throws(PackageError) in
                    let problems = verify(shards[index], decoder)
                    found.withLock {
                        $0.done += 1
                        if !problems.isEmpty { $0.problems[index] = problems }
                        progress($0.done, shards.count)
                    }
                }
            ).run(threads: threads)
        } catch {
            return [error.at(path)]
        }
        return found.withLock { $0.problems }.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    private func verify(_ shard: ShardRecord, _ decoder: BlockDecoder) -> [PackageError] {
        var problems: [PackageError] = []
        do throws(PackageError) {
            let file = try openShard(shard)
            if let wrong = try Self.contentProblem(of: file, shard) { problems.append(wrong) }
            for (block, entry) in try blockEntries(of: shard).enumerated() {
                do throws(PackageError) {
                    try decoder.decode(
                        entry, of: file, into: decoder.rawBuffer(entry.rawByteCount))
                } catch {
                    problems.append(error.at(file.path, block: block))
                }
            }
        } catch {
            // Not there, cut or unreadable, or without an index: there are no blocks to look at.
            problems.append(error)
        }
        return problems
    }

    private static func contentProblem(
        of file: ReadableFile, _ shard: ShardRecord
    ) throws(PackageError) -> PackageError? {
        var hash = ContentHash()
        try file.readPieces { (piece) throws(PackageError) in hash.update(piece) }
        let actual = hash.finish()
        guard actual != shard.contentID else { return nil }
        return PackageError(
            .contentMismatch,
            "the file's SHA-256 is \(actual), not its name; copy or publish the package again",
            path: file.path)
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
