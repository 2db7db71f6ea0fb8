import CTandemSystem
import Glibc

/// One run of the real `tandem`, from its arguments to what it printed.
struct ToolProcess {
    /// The exit status, or 128 + the signal that ended it.
    let status: Int32
    /// What it wrote to standard output.
    let output: String
    /// What it wrote to standard error.
    let errors: String

    /// Runs the tool to its end.
    ///
    /// - Parameters:
    ///   - arguments: After the program's name.
    ///   - folder: The working folder.
    ///   - input: What it reads from standard input.
    ///   - environment: Variables besides PATH.
    /// - Throws: `DaemonProcess.Failure` when it cannot be started.
    init(
        _ arguments: [String], in folder: ScratchFolder, input: String = "",
        environment: [String: String] = [:]
    ) throws {
        // What is printed has a folder of its own: several runs may share the working folder.
        let printed = try ScratchFolder()
        try printed.write("stdin", input)
        let pid = try Self.spawn(
            arguments, in: folder, printingTo: printed, environment: environment)
        status = Self.wait(pid)
        output = printed.read("stdout")
        errors = printed.read("stderr")
    }

    /// Starts the tool and returns its process id; with a terminal, standard error goes there.
    static func spawn(
        _ arguments: [String], in folder: ScratchFolder, printingTo printed: ScratchFolder,
        terminal: String? = nil, environment: [String: String] = [:]
    ) throws -> pid_t {
        let tool = try DaemonProcess.executable("tandem")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(
            &actions, 0, printed.file("stdin"), O_RDONLY | O_CREAT, 0o600)
        let errors = terminal ?? printed.file("stderr")
        for (descriptor, path) in [(Int32(1), printed.file("stdout")), (2, errors)] {
            posix_spawn_file_actions_addopen(
                &actions, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0o600)
        }
        DaemonProcess.closeDescriptors(from: 3, &actions)
        // The shell changes the folder and becomes the tool.
        let line = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder.path, tool] + arguments
        var argumentPointers = line.map { strdup($0) } + [nil]
        let variables = environment.map { "\($0.key)=\($0.value)" } + ["PATH=/usr/bin:/bin"]
        var variablePointers = variables.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + variablePointers { free(pointer) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, line[0], &actions, nil, &argumentPointers, &variablePointers)
        guard result == 0 else {
            throw DaemonProcess.Failure(description: "cannot start: errno \(result)")
        }
        return pid
    }

    /// Waits for a process that was started.
    static func wait(_ pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }
}

extension ScratchFolder {
    /// Writes a file.
    func write(_ name: String, _ text: String) throws {
        let descriptor = tandemsys_open(file(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard descriptor >= 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw DaemonProcess.Failure(description: "cannot write \(name)")
        }
    }
}
