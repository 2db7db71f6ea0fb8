import ArgumentParser
import Glibc
import TandemServer

/// The daemon's options.
struct DaemonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tandemd",
        abstract: "Serves multi-task models over a Unix socket.",
        discussion: """
            Examples:

              tandemd --repository /var/lib/tandem/models --socket /run/tandem/tandem.sock
              tandemd --config /etc/tandem/tandemd.toml --set limits.rows_max=1000

            The repository is laid out as MODEL/VERSION/; each model's highest version answers. The \
            admin socket, which `tandem status`, `load` and `unload` use, is PATH.admin unless \
            --admin-socket says otherwise. Sockets that a service manager passes come before both.

            --print-config lists every setting with its meaning, range and default; any of them can \
            stand in the file, or after --set, which comes before the file.

            SIGTERM drains and ends, a second one ends at once. SIGHUP looks at the configuration \
            and the repository again.
            """,
        version: ServerVersion.text)

    @Option(help: ArgumentHelp("The configuration file, TOML.", valueName: "file"))
    var config: String?

    @Flag(help: "Say whether the configuration can be taken, then end.")
    var checkConfig = false

    @Flag(help: "Print the whole configuration with origins, then end.")
    var printConfig = false

    @Option(
        help: ArgumentHelp(
            "Set anything that --print-config lists; may come several times.",
            valueName: "setting=value"))
    var set: [String] = []

    @Option(help: ArgumentHelp("The directory of models.", valueName: "dir"))
    var repository: String?

    @Option(help: ArgumentHelp("Where to bind the data socket.", valueName: "path"))
    var socket: String?

    @Option(help: ArgumentHelp("Where to bind the admin socket.", valueName: "path"))
    var adminSocket: String?

    @Option(help: "Permissions of the data socket's file, octal.")
    var socketMode: String?

    @Option(help: "Permissions of the admin socket's file, octal.")
    var adminSocketMode: String?

    @Option(help: "Event loops; 0, the default: one per core that we may use.")
    var threads: String?

    @Option(help: "Which program of a package runs: best (int8 if there is one), int8 or float.")
    var executor: String?

    @Option(
        help: """
            Which versions are loaded: latest (and those that a label names), all, or listed (those \
            that a label names).
            """)
    var versions: String?

    @Flag(inversion: .prefixedNo, help: "Follow changes of the repository as they happen.")
    var watch: Bool?

    @Option(help: "Threads that load models; 0 for one per allowed core.")
    var loadThreads: String?

    @Option(help: "Milliseconds that a request without deadline gets; 0 for no deadline.")
    var defaultDeadlineMs: String?

    @Option(help: "Largest frame in bytes.")
    var frameBytesMax: String?

    @Option(help: "Most candidates in a request.")
    var rowsMax: String?

    @Option(help: "Most open connections on the data socket.")
    var connectionsMax: String?

    @Option(help: "Bytes of answers that may wait for a slow reader.")
    var unsentBytesMax: String?

    @Option(help: "Milliseconds that a frame may take from its first byte to its last.")
    var frameStallMs: String?

    @Option(help: "Milliseconds that a reader may leave answers untouched.")
    var sendStallMs: String?

    @Option(help: "Milliseconds that connections may take to finish when draining.")
    var drainMs: String?

    /// Reads the file and what the command line says.
    ///
    /// - Throws: `ServerError`.
    func configuration() throws(ServerError) -> Configuration {
        try Configuration(path: config, overrides: try overrides())
    }

    /// What the command line says, in the order in which it holds: `--set` last.
    private func overrides() throws(ServerError) -> [Configuration.Override] {
        let flags: [(flag: String, setting: String, value: String?)] = [
            ("--repository", "repository", repository), ("--socket", "socket.data", socket),
            ("--admin-socket", "socket.admin", adminSocket),
            ("--socket-mode", "socket.data_mode", socketMode),
            ("--admin-socket-mode", "socket.admin_mode", adminSocketMode),
            ("--threads", "threads", threads), ("--executor", "executor", executor),
            ("--versions", "versions", versions),
            (watch == false ? "--no-watch" : "--watch", "watch", watch.map { "\($0)" }),
            ("--load-threads", "load.threads", loadThreads),
            ("--default-deadline-ms", "default_deadline_ms", defaultDeadlineMs),
            ("--frame-bytes-max", "limits.frame_bytes_max", frameBytesMax),
            ("--rows-max", "limits.rows_max", rowsMax),
            ("--connections-max", "limits.connections_max", connectionsMax),
            ("--unsent-bytes-max", "limits.unsent_bytes_max", unsentBytesMax),
            ("--frame-stall-ms", "limits.frame_stall_ms", frameStallMs),
            ("--send-stall-ms", "limits.send_stall_ms", sendStallMs),
            ("--drain-ms", "limits.drain_ms", drainMs),
        ]
        var overrides = flags.compactMap { flag in
            flag.value.map { Configuration.Override(flag.setting, $0, flag: flag.flag) }
        }
        for text in set {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw ServerError(
                    .optionInvalid, "--set is '\(text)'; give SETTING=VALUE, such as threads=2")
            }
            overrides.append(
                Configuration.Override(
                    String(parts[0]), String(parts[1]), flag: "--set \(parts[0])"))
        }
        return overrides
    }
}

/// The exit status of sysexits(3) for what kept the daemon from starting.
func exitStatus(of error: ServerError) -> Int32 {
    switch error.code {
    case .optionInvalid, .socketPathTooLong, .socketPathInvalid: 64  // EX_USAGE
    case .repositoryUnreadable: 66  // EX_NOINPUT
    case .socketPathTaken, .socketInUse: 73  // EX_CANTCREAT
    case .activationInvalid, .configurationInvalid, .configurationUnreadable: 78  // EX_CONFIG
    case .threadFailed, .loopFailed, .socketFailed: 71  // EX_OSERR
    default: 70  // EX_SOFTWARE
    }
}
