// Design: a version appears whole or not at all.
//
// It is written under a hidden name beside its final one, brought to the disk, and renamed: the one
// step that readers can see, and one that refuses a name that is taken. Whatever fails before or
// at that step takes the hidden directory away again. If bringing the rename itself to the disk
// fails, the version is taken back, so that an error always means that nothing was published.

extension Repository {
    /// Writes contents as a version of the model that they name.
    ///
    /// Makes the model's directory, and the repository's, if need be.
    ///
    /// - Returns: The version's directory.
    /// - Throws: `PackageError` `versionExists`, `invalidContents` and others; nothing is changed
    ///   then.
    @discardableResult
    package func publish(
        _ contents: PackageContents, version: UInt64, options: PackageOptions = PackageOptions(),
        fileSystem: any FileSystem = LocalFileSystem()
    ) throws(PackageError) -> String {
        try publish(model: contents.model.name, version: version, fileSystem) {
            (directory) throws(PackageError) in
            try PackageWriter.write(
                contents, to: directory, options: options, fileSystem: fileSystem)
        }
    }

    /// Copies a package, checking every byte of it, as a version of a model.
    ///
    /// - Parameters:
    ///   - package: Any opened package.
    ///   - model: The name to publish it under; the package's own if nil.
    ///   - version: The version's number; nil for the one after the highest there is.
    ///   - programs: Names of the programs to keep; nil for all, which keeps the package's identity.
    ///   - threads: Threads to check with.
    ///   - fileSystem: Where it is written.
    ///   - progress: Of the check; see `Package.verify`.
    /// - Returns: The version's directory.
    /// - Throws: `PackageError`; nothing is changed then.
    @discardableResult
    package func publish(
        copyOf package: Package, model: String? = nil, version: UInt64? = nil,
        keeping programs: [String]? = nil, threads: Int = 1,
        fileSystem: any FileSystem = LocalFileSystem(),
        progress: @escaping @Sendable (_ done: Int, _ count: Int) -> Void = { _, _ in }
    ) throws(PackageError) -> String {
        if let first = package.verify(threads: threads, progress: progress).first { throw first }
        let model = model ?? package.model.name
        let stripped: Manifest? =
            if let programs { try package.manifest(keeping: programs) } else { nil }
        let number: UInt64
        if let version { number = version } else { number = try nextVersion(of: model) }
        return try publish(model: model, version: number, fileSystem) {
            (directory) throws(PackageError) in
            for shard in stripped?.shards ?? package.shards {
                try Self.copy(shard.fileName, of: package, to: directory, fileSystem)
            }
            if let stripped {
                try PackageWriter.write(stripped, to: directory, fileSystem)
            } else {
                try Self.copy(ManifestFile.name, of: package, to: directory, fileSystem)
            }
            try fileSystem.synchronizeDirectory(directory)
            // The source may have changed since it was verified; the copy counts.
            let copy = try PackageReader.open(directory)
            if let first = copy.verify(threads: threads).first { throw first }
        }
    }

    /// The number after the highest version, 1 for the first.
    private func nextVersion(of model: String) throws(PackageError) -> UInt64 {
        do throws(PackageError) {
            return try (latestVersion(of: model) ?? 0) + 1
        } catch {
            if error.code == .notFound { return 1 }
            throw error
        }
    }

    private func publish(
        model: String, version: UInt64, _ fileSystem: any FileSystem,
        write: (String) throws(PackageError) -> Void
    ) throws(PackageError) -> String {
        let modelPath = try path(model: model)
        let target = try path(model: model, version: version)
        guard !LocalFileSystem.exists(target) else {
            throw PackageError(
                .versionExists,
                "the version is there already; published versions are never changed, take the "
                    + "next number",
                path: target)
        }
        let madeRepository = try fileSystem.makeDirectory(path)
        defer { if madeRepository { fileSystem.removeEmptyDirectory(path) } }
        let madeModel = try fileSystem.makeDirectory(modelPath)
        // An empty directory only: after success there is a version in it.
        defer { if madeModel { fileSystem.removeEmptyDirectory(modelPath) } }
        let hidden = Self.hiddenPath(in: modelPath, version)
        guard try fileSystem.makeDirectory(hidden) else {
            throw PackageError(.inputOutput, "the directory is there already", path: hidden)
        }
        defer { fileSystem.removeFilesAndDirectory(hidden) }
        // Until the rename, the lock tells a collector that somebody is at work here.
        let lock = try DirectoryLock(waitingFor: hidden)
        defer { withExtendedLifetime(lock) {} }
        try write(hidden)
        try fileSystem.renameDirectory(hidden, to: target)
        do throws(PackageError) {
            try fileSystem.synchronizeDirectory(modelPath)
            if madeModel { try fileSystem.synchronizeDirectory(path) }
        } catch {
            try? fileSystem.renameDirectory(target, to: hidden)
            throw error
        }
        return target
    }

    private static func copy(
        _ name: String, of package: Package, to directory: String, _ fileSystem: any FileSystem
    ) throws(PackageError) {
        let source = try ReadableFile(path: "\(package.path)/\(name)")
        let path = "\(directory)/\(name)"
        let descriptor = try fileSystem.makeFile(path)
        defer { fileSystem.closeFile(descriptor) }
        try source.readPieces { (piece) throws(PackageError) in
            try fileSystem.write(piece, to: descriptor, path)
        }
        try fileSystem.synchronizeFile(descriptor, path)
    }

    /// Unlike any other publisher's, in this process or another.
    private static func hiddenPath(in directory: String, _ version: UInt64) -> String {
        "\(directory)/\(publishPrefix)\(version)-\(HiddenName.nonce)"
    }
}
