internal import Glibc

// Design: what can be thrown away.
//
// A model needs its newest versions, to serve and to go back to, and those that a label names. What
// a publisher that was killed left behind is a hidden directory that nobody holds a lock on. A
// version is renamed to a hidden name before its files are removed, so that nobody sees half of one.

/// Something in a repository that nobody needs.
package struct Garbage: Hashable, Sendable {
    /// What it is.
    package enum Kind: Hashable, Sendable {
        /// A version that no label names and that is not among the newest ones.
        case version(model: String, UInt64)
        /// What a publisher or collector that was killed left behind.
        case unfinished
    }

    /// What it is.
    package var kind: Kind
    /// The directory.
    package var path: String
    /// Bytes of its files.
    package var byteCount: Int
}

extension Repository {
    /// Looks for what nobody needs; changes nothing.
    ///
    /// - Parameters:
    ///   - keepCount: The newest versions of each model that are kept in any case; at least 1.
    ///   - isHeld: Says of a model and version whether it is needed for another reason.
    /// - Returns: By model, then version.
    /// - Throws: `PackageError` if a directory or file of labels cannot be read.
    package func garbage(
        keeping keepCount: Int, isHeld: (String, UInt64) -> Bool = { _, _ in false }
    ) throws(PackageError) -> [Garbage] {
        var found: [Garbage] = []
        for model in try models() {
            let directory = try path(model: model)
            let labelled = Set(try labels(of: model).versions.values)
            for version in try versions(of: model).numbers.dropLast(max(1, keepCount))
            where !labelled.contains(version) && !isHeld(model, version) {
                let path = "\(directory)/\(version)"
                found.append(
                    Garbage(
                        kind: .version(model: model, version), path: path,
                        byteCount: LocalFileSystem.byteCount(ofFilesIn: path)))
            }
            for name in try LocalFileSystem.entries(of: directory)
            where Self.hiddenPrefixes.contains(where: name.hasPrefix) {
                let path = "\(directory)/\(name)"
                guard LocalFileSystem.isDirectory(path), DirectoryLock(ifFree: path) != nil else {
                    continue
                }
                found.append(
                    Garbage(
                        kind: .unfinished, path: path,
                        byteCount: LocalFileSystem.byteCount(ofFilesIn: path)))
            }
        }
        return found
    }

    /// Removes what was found.
    ///
    /// A daemon that serves the version goes on: it has the model in memory.
    ///
    /// - Throws: `PackageError` if it is still there afterwards.
    package func remove(
        _ garbage: Garbage, fileSystem: any FileSystem = LocalFileSystem()
    ) throws(PackageError) {
        var hidden = garbage.path
        if case .version(let model, let version) = garbage.kind {
            let directory = try path(model: model)
            hidden = "\(directory)/\(Self.removedPrefix)\(version)-\(HiddenName.nonce)"
            do throws(PackageError) {
                try fileSystem.renameDirectory(garbage.path, to: hidden)
            } catch {
                // The hidden name would say nothing to whoever reads it.
                var error = error
                error.path = garbage.path
                throw error
            }
        }
        fileSystem.removeFilesAndDirectory(hidden)
        guard !LocalFileSystem.exists(hidden) else {
            throw PackageError(
                .accessDenied,
                "the directory cannot be removed whole; look what is in it and who owns it",
                path: hidden)
        }
    }

    /// How the directories begin that publishing and removing make.
    static let publishPrefix = ".publish-"
    /// See `publishPrefix`.
    static let removedPrefix = ".removed-"
    private static let hiddenPrefixes = [publishPrefix, removedPrefix]
}

extension LocalFileSystem {
    /// Sum of the sizes of a directory's files; 0 for what cannot be read.
    static func byteCount(ofFilesIn path: String) -> Int {
        var total = 0
        for name in (try? entries(of: path)) ?? [] {
            var status = stat()
            if lstat("\(path)/\(name)", &status) == 0 { total += Int(status.st_size) }
        }
        return total
    }
}
