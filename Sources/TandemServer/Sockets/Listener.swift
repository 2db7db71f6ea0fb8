internal import CTandemSystem
internal import Glibc

// Design: who owns a socket path.
//
// A path is ours if we could bind it, or if what lies there is a socket that nobody listens on (a
// daemon was killed). A live listener is refused by its pid, so that two daemons never fight; a
// file that is no socket is never touched. Asking, removing and binding happen under a lock on the
// directory itself, so that two daemons that start together cannot remove each other's fresh
// socket, and no lock file is left behind. At the end only our own socket is removed: by then the
// path may belong to a successor.

/// A Unix socket that listens: bound by us, or passed by the service manager.
package struct Listener: Sendable {
    /// The listening descriptor; non-blocking.
    package let descriptor: Int32
    /// Which calls its connections may make.
    package let door: Door
    /// Where it is bound, if we bound it.
    package let path: String?
    private let fileID: FileID?

    private struct FileID: Equatable, Sendable {
        let device: UInt64
        let inode: UInt64

        /// What lies at a path now, or nil if nothing does.
        init?(_ path: String, isSocket: inout Bool) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            isSocket = status.st_mode & mode_t(S_IFMT) == mode_t(S_IFSOCK)
        }
    }

    /// Takes over a descriptor from the service manager, which also removes its path.
    package init(adopting descriptor: Int32, door: Door) throws(ServerError) {
        let result = tandemsys_set_nonblocking(descriptor, true)
        _ = tandemsys_set_cloexec(descriptor, true)
        guard result >= 0 else {
            throw ServerError(
                .activationInvalid,
                "cannot use descriptor \(descriptor): \(systemErrorText(Int(result)))",
                errorNumber: -result)
        }
        self.descriptor = descriptor
        self.door = door
        path = nil
        fileID = nil
    }

    /// Binds a path and listens.
    ///
    /// - Parameters:
    ///   - path: At most 107 bytes; a leading `@` means the abstract name space.
    ///   - mode: Permission bits of the socket file; who may write may connect.
    ///   - door: Which calls its connections may make.
    /// - Throws: `socketPathTooLong`, `socketPathInvalid`, `socketPathTaken` for something that is
    ///   no socket, `socketInUse` with the pid of the listener, `socketFailed` for the rest.
    package init(binding path: String, mode: UInt32, door: Door) throws(ServerError) {
        var address = sockaddr_un()
        let length = try Self.address(of: path, &address)
        let descriptor = tandemsys_unix_socket(true, true)
        guard descriptor >= 0 else { throw Self.failure("make a socket for", path, descriptor) }
        do throws(ServerError) {
            try Self.bind(descriptor, &address, length, path, mode)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.door = door
        self.path = path
        var isSocket = false
        fileID = path.hasPrefix("@") ? nil : FileID(path, isSocket: &isSocket)
    }

    /// Stops listening and removes the path, if it is still ours.
    package func end() {
        close(descriptor)
        var isSocket = false
        if let path, let fileID, fileID == FileID(path, isSocket: &isSocket) { unlink(path) }
    }

    private static func address(
        of path: String, _ address: inout sockaddr_un
    ) throws(ServerError) -> Int32 {
        var text = path
        let length = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                tandemsys_unix_address($0.baseAddress, $0.count, &address)
            }
        }
        if length == -ENAMETOOLONG {
            let bound = tandemsys_unix_path_bytes_max()
            throw ServerError(
                .socketPathTooLong,
                "the socket path is \(path.utf8.count) bytes long and the kernel takes \(bound); "
                    + "use a shorter one, such as /run/tandemd/tandemd.sock: \(path)",
                path: path, bound: bound, actual: path.utf8.count)
        }
        guard length > 0 else {
            throw ServerError(
                .socketPathInvalid, "the socket path is empty or has a NUL byte in it; give a path",
                path: path)
        }
        return length
    }

    private static func bind(
        _ descriptor: Int32, _ address: inout sockaddr_un, _ length: Int32, _ path: String,
        _ mode: UInt32
    ) throws(ServerError) {
        let lock = lockDirectory(of: path)
        defer { if lock >= 0 { close(lock) } }
        // The file gets the descriptor's own mode less the umask: no instant with too many rights,
        // and the umask, which all threads share, stays as it is for the files they make meanwhile.
        guard fchmod(descriptor, mode_t(mode)) == 0 else { throw failure("make", path, -errno) }
        var result = tandemsys_bind(descriptor, &address, length)
        if result == -EADDRINUSE {
            try removeStale(path, &address, length)
            result = tandemsys_bind(descriptor, &address, length)
        }
        guard result >= 0 else { throw failure("bind", path, result) }
        // Gives back the rights that the umask took.
        if !path.hasPrefix("@") { chmod(path, mode_t(mode)) }
        result = tandemsys_listen(descriptor, 4_096)
        guard result >= 0 else { throw failure("listen on", path, result) }
    }

    /// Removes a socket that nobody listens on; throws for anything else at the path.
    private static func removeStale(
        _ path: String, _ address: inout sockaddr_un, _ length: Int32
    ) throws(ServerError) {
        var isSocket = path.hasPrefix("@")
        if !isSocket {
            guard FileID(path, isSocket: &isSocket) != nil else { return }
            guard isSocket else {
                throw ServerError(
                    .socketPathTaken,
                    "\(path) exists and is not a socket; it is left alone: remove it or give "
                        + "another path", path: path)
            }
        }
        let probe = tandemsys_unix_socket(true, true)
        guard probe >= 0 else { throw failure("make a socket for", path, probe) }
        defer { close(probe) }
        let result = tandemsys_connect(probe, &address, length)
        if result == -ECONNREFUSED {
            if unlink(path) != 0 && errno != ENOENT { throw failure("remove", path, -errno) }
            return
        }
        // EAGAIN is a listener whose queue is full: alive, only busy.
        guard result >= 0 || result == -EAGAIN else {
            throw failure("find out who listens on", path, result)
        }
        var peer = tandemsys_peer()
        let pid = result >= 0 && tandemsys_peer_of(probe, &peer) == 0 ? peer.pid : nil
        throw ServerError(
            .socketInUse,
            "\(path) is in use by " + (pid.map { "process \($0)" } ?? "another process")
                + "; stop it first (kill \(pid.map(String.init) ?? "PID")) or give another path",
            path: path, pid: pid)
    }

    /// Locks the directory of a path until the descriptor is closed; -1 if there is none to lock.
    private static func lockDirectory(of path: String) -> Int32 {
        guard !path.hasPrefix("@") else { return -1 }
        let directory: String
        if let slash = path.lastIndex(of: "/") {
            directory = slash == path.startIndex ? "/" : String(path[..<slash])
        } else {
            directory = "."
        }
        let descriptor = tandemsys_open(directory, O_RDONLY | O_DIRECTORY, 0)
        // A directory that can be written but not read cannot be locked; binding still works.
        if descriptor >= 0 { _ = flock(descriptor, LOCK_EX) }
        return descriptor
    }

    private static func failure(_ action: String, _ path: String, _ result: Int32) -> ServerError {
        let remedy =
            switch -result {
            case ENOENT: "; make its directory first"
            case EACCES, EPERM: "; use a directory that this user may write to"
            case EROFS: "; it is read-only here: let a socket unit bind it, or give another path"
            default: ""
            }
        return ServerError(
            .socketFailed, "cannot \(action) \(path): \(systemErrorText(Int(result)))\(remedy)",
            path: path, errorNumber: -result)
    }
}
