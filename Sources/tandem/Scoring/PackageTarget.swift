import ArgumentParser
import TandemPackage

/// Where a package is published, from an argument of the form REPOSITORY/MODEL/VERSION.
struct PackageTarget {
    private let repository: Repository
    private let model: String
    private let version: UInt64

    /// Takes a path apart.
    ///
    /// - Throws: `ValidationError` if it does not have the form.
    init(_ path: String) throws {
        var parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard parts.count >= 2, let version = UInt64(parts.removeLast()), version > 0,
            path.split(separator: "/").last.map(String.init) == "\(version)"
        else {
            throw ValidationError(
                "--out '\(path)': write REPOSITORY/MODEL/VERSION, the version a number from 1")
        }
        model = parts.removeLast()
        self.version = version
        let directory = parts.joined(separator: "/")
        repository = Repository(
            path: path.hasPrefix("/") ? "/" + directory : directory.isEmpty ? "." : directory)
    }

    /// Finds out early what publishing would refuse: a bad name, or a version that exists.
    ///
    /// - Throws: `PackageError` or `Failure`.
    func check() throws {
        let path = try repository.path(model: model, version: version)
        if OutputDirectory.exists(path) {
            throw Failure(
                .cannotCreate,
                "\(path): exists already, and no version is ever changed; "
                    + "publish under the next number")
        }
    }

    /// Publishes a package under the target's model and version.
    ///
    /// - Parameters:
    ///   - contents: The package.
    ///   - level: zstd's level.
    /// - Returns: The version's directory.
    /// - Throws: `PackageError`; nothing half-written stays.
    func publish(_ contents: PackageContents, level: Int) throws -> String {
        try OutputDirectory.make(repository.path)
        var contents = contents
        contents.model.name = model
        return try repository.publish(
            contents, version: version,
            options: PackageOptions(compressionLevel: level, threads: Processors.count))
    }
}
