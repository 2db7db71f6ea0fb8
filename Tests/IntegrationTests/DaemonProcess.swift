import CTandemSystem
import Glibc
import TandemServingSupport
import TandemWire

/// A real `tandemd`, its folder and its sockets.
final class DaemonProcess {
    let folder: ScratchFolder
    private(set) var repository: String
    let socketPath: String
    let adminPath: String
    private(set) var pid: pid_t = 0
    private var hasEnded = false

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes a folder with an empty repository; `start` starts the daemon.
    init() throws {
        folder = try ScratchFolder()
        repository = folder.file("models")
        socketPath = folder.file("data.sock")
        adminPath = socketPath + ".admin"
        guard mkdir(repository, 0o755) == 0 else { throw Failure(description: "no repository") }
    }

    deinit {
        if pid > 0 && !hasEnded {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
    }

    /// What it wrote to standard error.
    var log: String { folder.read("stderr") }

    /// Starts it without waiting.
    ///
    /// - Parameters:
    ///   - options: After repository and socket.
    ///   - bindsSocket: Whether it is told where its socket is.
    ///   - sockets: Descriptors to pass as a service manager does, with their names.
    ///   - environment: Variables besides PATH.
    ///   - descriptorLimit: Its RLIMIT_NOFILE.
    /// - Throws: `Failure` when it cannot be started.
    func spawn(
        _ options: [String] = [], bindsSocket: Bool = true, sockets: [(Int32, String)] = [],
        environment: [String: String] = [:], descriptorLimit: Int? = nil
    ) throws {
        // Beside other tests a load that gives way to everybody would take as long as they do.
        var arguments = [
            try Self.executable("tandemd"), "--repository", repository, "--set",
            "load.priority=normal",
        ]
        if bindsSocket { arguments += ["--socket", socketPath] }
        arguments += options
        var variables = environment.map { "\($0.key)=\($0.value)" } + ["PATH=/usr/bin:/bin"]
        if !sockets.isEmpty {
            // LISTEN_PID is the process's own, which only it knows: the shell becomes the daemon.
            arguments = ["/bin/sh", "-c", "export LISTEN_PID=$$; exec \"$0\" \"$@\""] + arguments
            variables.append("LISTEN_FDS=\(sockets.count)")
            variables.append("LISTEN_FDNAMES=" + sockets.map(\.1).joined(separator: ":"))
        }
        if let descriptorLimit {
            let script = "ulimit -n \(descriptorLimit); exec \"$0\" \"$@\""
            arguments = ["/bin/sh", "-c", script] + arguments
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(
            &actions, 2, folder.file("stderr"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(
            &actions, 1, folder.file("stdout"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
        for (index, socket) in sockets.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, socket.0, 3 + Int32(index))
        }
        Self.closeDescriptors(from: 3 + Int32(sockets.count), &actions)
        var argumentPointers = arguments.map { strdup($0) } + [nil]
        var variablePointers = variables.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + variablePointers { free(pointer) } }
        let result = posix_spawn(
            &pid, arguments[0], &actions, nil, &argumentPointers, &variablePointers)
        guard result == 0 else { throw Failure(description: "cannot start: errno \(result)") }
        hasEnded = false
    }

    /// Has a process begin without what other tests have open at that moment: it would count against
    /// its descriptor limit, and keep ends of pipes open.
    static func closeDescriptors(
        from first: Int32, _ actions: inout posix_spawn_file_actions_t
    ) {
        // The lowest free one is given out, so that none is beyond; closing one that is not open
        // fails no spawn.
        for descriptor in first..<1_024 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
    }

    /// Starts it and waits until it is ready.
    func start(_ options: [String] = []) throws {
        try spawn(options)
        try waitUntilReady()
    }

    /// Starts it over models that lie elsewhere, and waits until it is ready.
    func serve(_ models: String, _ options: [String] = []) throws {
        repository = models
        try start(options)
    }

    /// Waits until it answers that it is ready.
    func waitUntilReady() throws {
        for _ in 0..<3_000 {
            if let connection = try? RawConnection(socketPath),
                let answer = try? connection.call(.serverReady),
                case .serverReady(true, _)? = answer.control
            {
                return
            }
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) == pid {
                hasEnded = true
                throw Failure(description: "the daemon ended: \(log)")
            }
            usleep(10_000)
        }
        throw Failure(description: "the daemon did not become ready: \(log)")
    }

    /// Sends a signal.
    func send(_ signal: Int32) { kill(pid, signal) }

    /// Waits for its end; the exit status, or 128 + the signal that ended it.
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        hasEnded = true
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }

    /// A connection to the data socket.
    func connect() throws -> RawConnection { try RawConnection(socketPath) }

    /// A connection to the admin socket.
    func connectAdmin() throws -> RawConnection { try RawConnection(adminPath) }

    /// An executable that was built beside the tests.
    static func executable(_ name: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { throw Failure(description: "no /proc/self/exe") }
        let own = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        // The bundle's runner may be elsewhere; the bundle itself is named by the arguments then.
        for candidate in [own] + CommandLine.arguments {
            guard let slash = candidate.lastIndex(of: "/") else { continue }
            let path = candidate[..<slash] + "/" + name
            if access(String(path), X_OK) == 0 { return String(path) }
        }
        throw Failure(description: "\(name) was not built beside \(own)")
    }
}

/// A fresh folder with a short path, removed with what is in it.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/tandem-it-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw DaemonProcess.Failure(description: "no scratch folder: errno \(errno)")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// A path inside.
    func file(_ name: String) -> String { path + "/" + name }

    /// A file's text; empty if there is none.
    func read(_ name: String) -> String {
        let descriptor = tandemsys_open(file(name), O_RDONLY, 0)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    private static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != "." && name != ".." { remove(path + "/" + name) }
            }
            closedir(folder)
        }
        Glibc.remove(path)
    }
}
