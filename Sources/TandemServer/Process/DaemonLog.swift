internal import CTandemSystem
internal import Glibc
package import Logging

// Design: one line a problem, with fields where there is somebody who reads them.
//
// Under systemd a line goes to the journal's own socket as fields (systemd.io, "Journal Native
// Protocol"): MESSAGE, PRIORITY and what the line is about in upper case (MODEL=, VERSION=, CODE=),
// so that `journalctl MODEL=shop` finds it. Where that socket is not to be had the line goes to
// standard error with its priority in front (sd-daemon(3)); without systemd with `tandemd:` and the
// level. A line is written by one call, so lines of several threads do not mix.

/// Writes log lines where the service manager, or a person, reads them.
package struct DaemonLog: LogHandler {
    /// Added to each line.
    package var metadata: Logger.Metadata = [:]
    /// What is below it is not written.
    package var logLevel: Logger.Level = .info
    private let isJournal: Bool
    private let journal: Journal?
    private let rate: Locked<LogRate>

    /// The journal's socket; open for the life of the process.
    private final class Journal: Sendable {
        let descriptor: Int32
        let path: String

        init?(_ path: String) {
            descriptor = tandemsys_unix_socket(false, false)
            self.path = path
            guard descriptor >= 0, access(path, W_OK) == 0 else {
                if descriptor >= 0 { close(descriptor) }
                return nil
            }
        }

        /// False if it was not taken.
        func send(_ text: String) -> Bool {
            var address = sockaddr_un()
            let length = tandemsys_unix_address(path, path.utf8.count, &address)
            guard length > 0 else { return false }
            let count = text.utf8.count
            return tandemsys_send_to(descriptor, text, count, &address, length) >= 0
        }
    }

    /// Makes a handler.
    ///
    /// - Parameters:
    ///   - isJournal: Whether the journal reads standard error.
    ///   - journalPath: The journal's own socket.
    package init(isJournal: Bool, journalPath: String = "/run/systemd/journal/socket") {
        self.isJournal = isJournal
        journal = isJournal ? Journal(journalPath) : nil
        rate = Locked(LogRate())
    }

    /// One entry of `metadata`.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line, unless many of its kind came just now.
    package func log(event: LogEvent) {
        let verdict = rate.withLock {
            $0.admit("\(event.file):\(event.line)", now: tandemsys_monotonic_ns())
        }
        guard case .write(let leftOut) = verdict else { return }
        var message = event.message.description.split(whereSeparator: \.isNewline)
            .joined(separator: " ")
        if leftOut > 0 { message += " (and \(leftOut) more like it before)" }
        let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }
            .map { (key: $0.key, value: Self.line("\($0.value)")) }
        if let journal, journal.send(Self.entry(message, event.level, fields)) { return }
        var text = isJournal ? "<\(Self.priority(event.level))>" : "tandemd: \(event.level): "
        text += message
        for field in fields { text += " \(field.key)=\(field.value)" }
        text += "\n"
        text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// An entry of the journal; nothing in it has a line break.
    static func entry(
        _ message: String, _ level: Logger.Level, _ fields: [(key: String, value: String)]
    ) -> String {
        var text = "MESSAGE=\(message)\nPRIORITY=\(priority(level))\nSYSLOG_IDENTIFIER=tandemd\n"
        for field in fields { text += "\(field.key.uppercased())=\(field.value)\n" }
        return text
    }

    private static func line(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    /// syslog's number of a level.
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
