internal import CTandemSystem
internal import Glibc

/// What a writer asks of the file system; tests put one in its place that fails where they say.
package protocol FileSystem: Sendable {
    /// Makes a directory, mode 0755 less the umask.
    ///
    /// - Returns: False if it, or something else of that name, was there.
    func makeDirectory(_ path: String) throws(PackageError) -> Bool
    /// Makes a file that is not there yet.
    ///
    /// - Returns: A descriptor, to be closed by `closeFile`.
    func makeFile(_ path: String) throws(PackageError) -> Int32
    /// Appends all of the bytes.
    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String)
        throws(PackageError)
    /// Waits until the file's bytes are on the disk.
    func synchronizeFile(_ descriptor: Int32, _ path: String) throws(PackageError)
    /// Closes a file; its bytes are on the disk by then.
    func closeFile(_ descriptor: Int32)
    /// Waits until the directory's entries are on the disk.
    func synchronizeDirectory(_ path: String) throws(PackageError)
    /// Gives a directory its name, unless that name is taken.
    func renameDirectory(_ path: String, to target: String) throws(PackageError)
    /// Gives a file the name of another, which it replaces in one step.
    func replaceFile(_ target: String, by path: String) throws(PackageError)
    /// Removes a file, as far as that goes.
    func removeFile(_ path: String)
    /// Removes a directory and the files in it, as far as that goes.
    func removeFilesAndDirectory(_ path: String)
    /// Removes a directory if it is empty.
    func removeEmptyDirectory(_ path: String)
}

/// The file system of this machine.
package struct LocalFileSystem: FileSystem {
    /// Makes one; it holds no state.
    package init() {}

    /// Makes a directory by mkdir(2).
    package func makeDirectory(_ path: String) throws(PackageError) -> Bool {
        if mkdir(path, 0o755) == 0 { return true }
        let error = errno
        if error == EEXIST { return false }
        throw PackageError.system(error, "cannot make the directory", path)
    }

    /// Makes a file that nobody else has made (`O_EXCL`).
    package func makeFile(_ path: String) throws(PackageError) -> Int32 {
        let descriptor = tandemsys_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else {
            throw PackageError.system(-descriptor, "cannot make the file", path)
        }
        return descriptor
    }

    /// Writes all bytes, however many calls that takes.
    package func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String
    ) throws(PackageError) {
        var rest = bytes[...]
        while let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
            let count = Glibc.write(descriptor, base, rest.count)
            if count < 0 {
                let error = errno
                if error == EINTR { continue }
                throw PackageError.system(error, "cannot write the file", path)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits for fsync(2).
    package func synchronizeFile(_ descriptor: Int32, _ path: String) throws(PackageError) {
        let status = tandemsys_sync(descriptor)
        guard status == 0 else {
            throw PackageError.system(-status, "cannot bring the file to the disk", path)
        }
    }

    /// Closes the descriptor.
    package func closeFile(_ descriptor: Int32) { close(descriptor) }

    /// Waits for fsync(2) of the directory.
    package func synchronizeDirectory(_ path: String) throws(PackageError) {
        let status = tandemsys_sync_directory(path)
        guard status == 0 else {
            throw PackageError.system(-status, "cannot bring the directory to the disk", path)
        }
    }

    /// Renames by renameat2(2) without replacing.
    package func renameDirectory(_ path: String, to target: String) throws(PackageError) {
        let error = -tandemsys_rename_directory(path, target)
        switch error {
        case 0: return
        case EEXIST, ENOTEMPTY:
            throw PackageError(
                .versionExists,
                "the version is there already; published versions are never changed, take the "
                    + "next number",
                path: target, systemError: error)
        default: throw PackageError.system(error, "cannot rename the directory", target)
        }
    }

    /// Renames by rename(2).
    package func replaceFile(_ target: String, by path: String) throws(PackageError) {
        guard rename(path, target) == 0 else {
            throw PackageError.system(errno, "cannot replace the file", target)
        }
    }

    /// Unlinks the file.
    package func removeFile(_ path: String) { unlink(path) }

    /// Unlinks the directory's files, then the directory; what fails is left.
    package func removeFilesAndDirectory(_ path: String) {
        for name in (try? Self.entries(of: path)) ?? [] { unlink(path + "/" + name) }
        rmdir(path)
    }

    /// Removes the directory by rmdir(2).
    package func removeEmptyDirectory(_ path: String) { rmdir(path) }

    /// Names in a directory, sorted, without `.` and `..`.
    static func entries(of path: String) throws(PackageError) -> [String] {
        guard let directory = opendir(path) else {
            throw PackageError.system(errno, "cannot read the directory", path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Whether a path is a directory itself, and not a symbolic link to one.
    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether anything, be it a dangling link, has this name.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Size and time of the last change, of whatever has this name; empty if nothing has.
    static func change(of path: String) -> [Int] {
        var status = stat()
        guard lstat(path, &status) == 0 else { return [] }
        return [Int(status.st_size), status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }
}
