internal import Glibc

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
    ///   - version: The version's number.
    ///   - fileSystem: Where it is written.
    /// - Returns: The version's directory.
    /// - Throws: `PackageError`; nothing is changed then.
    @discardableResult
    package func publish(
        copyOf package: Package, model: String? = nil, version: UInt64,
        fileSystem: any FileSystem = LocalFileSystem()
    ) throws(PackageError) -> String {
        let problems = package.verify()
        if let first = problems.first { throw first }
        return try publish(model: model ?? package.model.name, version: version, fileSystem) {
            (directory) throws(PackageError) in
            for name in package.shards.map(\.fileName) + [ManifestFile.name] {
                let source = try ReadableFile(path: package.path + "/" + name)
                try Self.copy(source, to: directory + "/" + name, fileSystem)
            }
            try fileSystem.synchronizeDirectory(directory)
            // The source may have changed since it was verified; the copy counts.
            let copy = try PackageReader.open(directory)
            if let first = copy.verify().first { throw first }
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
        _ source: ReadableFile, to path: String, _ fileSystem: any FileSystem
    ) throws(PackageError) {
        let descriptor = try fileSystem.makeFile(path)
        defer { fileSystem.closeFile(descriptor) }
        try source.readPieces { (piece) throws(PackageError) in
            try fileSystem.write(piece, to: descriptor, path)
        }
        try fileSystem.synchronizeFile(descriptor, path)
    }

    /// Unlike any other publisher's, in this process or another.
    private static func hiddenPath(in directory: String, _ version: UInt64) -> String {
        let nonce = String(UInt64.random(in: .min ... .max), radix: 16)
        return "\(directory)/.publish-\(version)-\(getpid())-\(nonce)"
    }
}
