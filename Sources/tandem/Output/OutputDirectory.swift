import Glibc

/// Directories that a command writes into.
enum OutputDirectory {
    /// Whether anything has this path.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Whether a directory, or a link to one, has this path.
    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Makes a directory and those above it, where they are not there.
    ///
    /// - Throws: `Failure` `cannotCreate`, naming the directory.
    static func make(_ path: String) throws(Failure) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += prefix.isEmpty || prefix == "/" ? String(part) : "/\(part)"
            if mkdir(prefix, 0o755) != 0, errno != EEXIST {
                throw Failure(
                    .cannotCreate,
                    "\(prefix): cannot be made: \(String(cString: strerror(errno)))")
            }
        }
    }
}
