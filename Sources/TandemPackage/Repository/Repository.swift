/// A directory of models, each a directory of versions: `<repository>/<model>/<version>/`.
///
/// Names beginning with `.` and symbolic links are passed over, so that what is being published,
/// and what lies elsewhere, is never taken for a version.
package struct Repository: Hashable, Sendable {
    /// The repository's directory.
    package let path: String

    /// Names a repository; nothing is read yet.
    package init(path: String) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
    }

    /// What a model's directory holds.
    package struct Versions: Equatable, Sendable {
        /// Ascending.
        package var numbers: [UInt64] = []
        /// Why other entries are not versions: `007`, `x`, a link.
        ///
        /// Hidden entries and files are not among them.
        package var rejected: [PackageError] = []
    }

    /// The path of a model's directory.
    ///
    /// - Throws: `PackageError` `invalidName`.
    package func path(model: String) throws(PackageError) -> String {
        try ModelName.check(model)
        return "\(path)/\(model)"
    }

    /// The path of a version's directory.
    ///
    /// - Throws: `PackageError` `invalidName` or `invalidVersion`.
    package func path(model: String, version: UInt64) throws(PackageError) -> String {
        try VersionName.check(version)
        return "\(try path(model: model))/\(version)"
    }

    /// Names of directories that could be models, sorted; one without versions is among them.
    ///
    /// - Throws: `PackageError` if the repository cannot be read.
    package func models() throws(PackageError) -> [String] {
        try LocalFileSystem.entries(of: path).filter { name in
            (try? ModelName.check(name)) != nil && LocalFileSystem.isDirectory("\(path)/\(name)")
        }
    }

    /// A model's versions, without opening them.
    ///
    /// - Throws: `PackageError` `invalidName`, or `notFound` and others if the directory cannot be
    ///   read.
    package func versions(of model: String) throws(PackageError) -> Versions {
        let directory = try path(model: model)
        var versions = Versions()
        for name in try LocalFileSystem.entries(of: directory) where !name.hasPrefix(".") {
            let entry = "\(directory)/\(name)"
            guard LocalFileSystem.isDirectory(entry) else {
                if (try? VersionName.parse(name)) != nil {
                    versions.rejected.append(
                        PackageError(
                            .notRegularFile, "a version is a directory, not a file or link",
                            path: entry))
                }
                continue
            }
            do throws(PackageError) {
                versions.numbers.append(try VersionName.parse(name))
            } catch {
                versions.rejected.append(error.at(entry))
            }
        }
        versions.numbers.sort()
        return versions
    }

    /// A model's highest version, or nil if it has none.
    ///
    /// - Throws: As `versions(of:)`.
    package func latestVersion(of model: String) throws(PackageError) -> UInt64? {
        try versions(of: model).numbers.last
    }

    /// Opens a version.
    ///
    /// - Throws: `PackageError`.
    package func open(
        model: String, version: UInt64, memoryMax: Int = .max
    ) throws(PackageError) -> Package {
        try PackageReader.open(try path(model: model, version: version), memoryMax: memoryMax)
    }

    /// A number that changes when a version's files do: their names, sizes and times.
    ///
    /// - Returns: 0 for what is not there or cannot be read.
    package func stamp(model: String, version: UInt64) -> UInt64 {
        guard let directory = try? path(model: model, version: version),
            let names = try? LocalFileSystem.entries(of: directory)
        else { return 0 }
        var hasher = Hasher()
        for name in names {
            hasher.combine(name)
            hasher.combine(LocalFileSystem.change(of: "\(directory)/\(name)"))
        }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
