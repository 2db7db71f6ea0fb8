internal import TandemGraph

// Design: memory for what Swift makes of a manifest is looked for before it is made.
//
// An array, a dictionary or an object that cannot have its memory ends the process, and a manifest
// of some MiB makes many. How much they take is bounded by the manifest's bytes and by how many
// tensors and operations it has. So as much is mapped and let go of again before it is decoded
// (`Manifest.checkMemory`): where the address space, a limit of it or strict accounting says no,
// that is an error like any other. Where a control group is the limit nothing says no and the kernel
// ends the process; what may be taken there is the caller's to say.

/// Opens packages.
package enum PackageReader {
    /// Reads and checks a version's manifest, and looks whether its shards are there.
    ///
    /// Reads the manifest only; a version that is still being copied shows by its shards, before
    /// anything is allocated for it. Every byte of it is taken as hostile: after this, nothing that it
    /// states contradicts anything else in it, and the shards have the sizes it states.
    ///
    /// - Parameters:
    ///   - path: The version's directory.
    ///   - memoryMax: Bytes of memory that reading may take.
    /// - Returns: What the manifest states.
    /// - Throws: `PackageError`, naming the file; `outOfMemory` before anything is taken.
    package static func open(
        _ path: String, memoryMax: Int = .max
    ) throws(PackageError) -> Package {
        let opened = try openManifest(path, memoryMax: memoryMax)
        for shard in opened.shards { _ = try opened.openShard(shard) }
        return opened
    }

    /// Reads and checks a version's manifest, whether or not its shards are there.
    static func openManifest(
        _ path: String, memoryMax: Int = .max
    ) throws(PackageError) -> Package {
        let manifestPath = path + "/" + ManifestFile.name
        let file = try ReadableFile(path: manifestPath)
        guard file.byteCount <= Limits.manifestBytesMax else {
            throw PackageError(
                .limitExceeded, "the manifest is larger than \(Limits.manifestBytesMax) bytes",
                path: manifestPath, expected: UInt64(Limits.manifestBytesMax),
                actual: UInt64(file.byteCount))
        }
        try checkMemory(for: file, memoryMax)
        let contents = try file.contents()
        defer { withExtendedLifetime(contents) {} }
        do throws(PackageError) {
            return try read(
                UnsafeRawBufferPointer(start: contents.base, count: file.byteCount), path: path)
        } catch {
            throw error.at(manifestPath)
        }
    }

    /// Refuses a manifest that is more than memory.
    private static func checkMemory(
        for file: ReadableFile, _ memoryMax: Int
    ) throws(PackageError) {
        let decoded = file.byteCount * Limits.manifestDecodedFactor
        guard decoded <= memoryMax else {
            throw PackageError(
                .outOfMemory,
                "reading the manifest may take \(decoded) bytes, and there is room for "
                    + "\(memoryMax); unload a version, or raise memory.max",
                path: file.path, expected: UInt64(max(0, memoryMax)), actual: UInt64(decoded))
        }
    }

    /// The package that a manifest file's bytes state.
    static func read(_ bytes: [UInt8], path: String) throws(PackageError) -> Package {
        try bytes.withUnsafeBufferPointer { (bytes) throws(PackageError) in
            try read(UnsafeRawBufferPointer(bytes), path: path)
        }
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer, path: String
    ) throws(PackageError) -> Package {
        let (range, contentID) = try ManifestFile.decode(bytes)
        let manifest = try Manifest.decode(UnsafeRawBufferPointer(rebasing: bytes[range]))
        try manifest.validate()
        return Package(
            path: path, model: manifest.model, tensors: manifest.tensors, shards: manifest.shards,
            contentID: contentID, manifestByteCount: bytes.count)
    }
}

extension Package {
    /// The path of a shard's file.
    func path(of shard: ShardRecord) -> String { path + "/" + shard.fileName }

    /// Opens a shard and checks its size.
    func openShard(_ shard: ShardRecord) throws(PackageError) -> ReadableFile {
        let file = try ReadableFile(path: path(of: shard))
        guard file.byteCount == shard.storedByteCount else {
            throw PackageError(
                file.byteCount < shard.storedByteCount ? .truncated : .wrongSize,
                "the file has \(file.byteCount) bytes, the manifest says "
                    + "\(shard.storedByteCount); copy or publish the package again",
                path: file.path, expected: UInt64(shard.storedByteCount),
                actual: UInt64(file.byteCount))
        }
        return file
    }
}
