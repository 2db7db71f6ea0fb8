import ArgumentParser
import Glibc
import TandemServer
import TandemWire

/// The daemon's options.
struct DaemonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tandemd",
        abstract: "Serves multi-task models over a Unix socket.",
        discussion: """
            Example:

              tandemd --repository /var/lib/tandem/models --socket /run/tandem/tandem.sock

            The repository is laid out as MODEL/VERSION/; each model's highest version answers. The \
            admin socket, which `tandem status`, `load` and `unload` use, is PATH.admin unless \
            --admin-socket says otherwise. Sockets that a service manager passes come before both.

            SIGTERM drains and ends, a second one ends at once. SIGHUP looks at the repository again.
            """,
        version: ServerVersion.text)

    @Option(help: ArgumentHelp("The directory of models.", valueName: "dir"))
    var repository: String

    @Option(help: ArgumentHelp("Where to bind the data socket.", valueName: "path"))
    var socket: String?

    @Option(help: ArgumentHelp("Where to bind the admin socket.", valueName: "path"))
    var adminSocket: String?

    @Option(help: "Permissions of the data socket's file, octal.")
    var socketMode: String = "660"

    @Option(help: "Permissions of the admin socket's file, octal.")
    var adminSocketMode: String = "600"

    @Option(help: "Event loops; default one per allowed core.")
    var threads: Int?

    @Option(help: "Which program of a package runs: best (int8 if there is one), int8 or float.")
    var executor: ExecutorChoice = .best

    @Option(
        help: """
            Which versions are loaded: latest (and those that a label names), all, or listed (those \
            that a label names).
            """)
    var versions: VersionPolicy = .latest

    @Flag(inversion: .prefixedNo, help: "Follow changes of the repository as they happen.")
    var watch = true

    @Option(help: "Threads that load models; 0 for one per allowed core.")
    var loadThreads = 0

    @Option(help: "Milliseconds that a request without deadline gets; 0 for no deadline.")
    var defaultDeadlineMs: UInt64 = 0

    @Option(help: "Largest frame in bytes.")
    var frameBytesMax: Int = WireLimits().frameBytesMax

    @Option(help: "Most candidates in a request.")
    var rowsMax: Int = WireLimits().rowsMax

    @Option(help: "Most open connections on the data socket.")
    var connectionsMax: Int = ServerLimits().connectionsMax

    @Option(help: "Bytes of answers that may wait for a slow reader.")
    var unsentBytesMax: Int = ServerLimits().unsentBytesMax

    @Option(help: "Milliseconds that a frame may take from its first byte to its last.")
    var frameStallMs: UInt64 = ServerLimits().frameStallNanoseconds / 1_000_000

    @Option(help: "Milliseconds that a reader may leave answers untouched.")
    var sendStallMs: UInt64 = ServerLimits().sendStallNanoseconds / 1_000_000

    @Option(help: "Milliseconds that connections may take to finish when draining.")
    var drainMs: UInt64 = ServerLimits().drainNanoseconds / 1_000_000

    func validate() throws {
        try Self.check("--threads", threads ?? 1, 1...ServerOptions.loopCountMax)
        try Self.check("--load-threads", loadThreads, 0...256)
        try Self.check("--frame-bytes-max", frameBytesMax, 1_024...(1 << 30))
        try Self.check("--rows-max", rowsMax, 1...(1 << 24))
        try Self.check("--connections-max", connectionsMax, 1...(1 << 20))
        try Self.check("--unsent-bytes-max", unsentBytesMax, 0...(1 << 30))
        for milliseconds in [frameStallMs, sendStallMs, drainMs, defaultDeadlineMs] {
            try Self.check("a time in milliseconds", Int(clamping: milliseconds), 0...86_400_000)
        }
        _ = try Self.mode("--socket-mode", socketMode)
        _ = try Self.mode("--admin-socket-mode", adminSocketMode)
    }

    /// The options as the server takes them; `validate` has checked them.
    var options: ServerOptions {
        var options = ServerOptions(repository: repository)
        options.socketPath = socket
        options.adminSocketPath = adminSocket ?? socket.map { $0 + ".admin" }
        options.socketMode = (try? Self.mode("--socket-mode", socketMode)) ?? 0o600
        options.adminSocketMode =
            (try? Self.mode("--admin-socket-mode", adminSocketMode)) ?? 0o600
        options.loopCount = threads
        options.executor = executor
        options.versionPolicy = versions
        options.watchesRepository = watch
        options.loadThreads = loadThreads
        options.defaultDeadline = defaultDeadlineMs * 1_000_000
        options.wireLimits.frameBytesMax = frameBytesMax
        options.wireLimits.arenaBytesMax = frameBytesMax * 4
        options.wireLimits.rowsMax = rowsMax
        options.limits.connectionsMax = connectionsMax
        options.limits.unsentBytesMax = unsentBytesMax
        options.limits.frameStallNanoseconds = frameStallMs * 1_000_000
        options.limits.sendStallNanoseconds = sendStallMs * 1_000_000
        options.limits.drainNanoseconds = drainMs * 1_000_000
        return options
    }

    private static func check(
        _ option: String, _ value: Int, _ range: ClosedRange<Int>
    ) throws {
        guard range ~= value else {
            throw ValidationError(
                "\(option) is \(value); give \(range.lowerBound) to \(range.upperBound)")
        }
    }

    private static func mode(_ option: String, _ text: String) throws -> UInt32 {
        guard let mode = UInt32(text, radix: 8), mode <= 0o777 else {
            throw ValidationError("\(option) is '\(text)'; give octal digits, such as 660")
        }
        return mode
    }
}

extension ExecutorChoice: ExpressibleByArgument {}

extension VersionPolicy: ExpressibleByArgument {}

/// The exit status of sysexits(3) for what kept the daemon from starting.
func exitStatus(of error: ServerError) -> Int32 {
    switch error.code {
    case .optionInvalid, .socketPathTooLong, .socketPathInvalid: 64  // EX_USAGE
    case .repositoryUnreadable: 66  // EX_NOINPUT
    case .socketPathTaken, .socketInUse: 73  // EX_CANTCREAT
    case .activationInvalid: 78  // EX_CONFIG
    case .threadFailed, .loopFailed, .socketFailed: 71  // EX_OSERR
    default: 70  // EX_SOFTWARE
    }
}
