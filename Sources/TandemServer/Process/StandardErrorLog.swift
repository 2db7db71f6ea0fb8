internal import Glibc
package import Logging

/// Writes log lines to standard error, as the service manager or a person wants them.
///
/// Under systemd each line begins with its priority (`<3>`, sd-daemon(3)), and the journal adds
/// time and unit. Elsewhere it begins with `tandemd:` and the level. A line is written by one call,
/// so lines of several threads do not mix.
package struct StandardErrorLog: LogHandler {
    /// Added to each line.
    package var metadata: Logger.Metadata = [:]
    /// What is below it is not written.
    package var logLevel: Logger.Level = .info
    private let isJournal: Bool

    /// Makes a handler.
    ///
    /// - Parameter isJournal: Whether the journal reads standard error.
    package init(isJournal: Bool) { self.isJournal = isJournal }

    /// One entry of `metadata`.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line.
    package func log(event: LogEvent) {
        var text = isJournal ? "<\(Self.priority(event.level))>" : "tandemd: \(event.level): "
        text += event.message.description.split(whereSeparator: \.isNewline).joined(separator: " ")
        for (key, value) in (event.metadata ?? [:]).sorted(by: { $0.key < $1.key }) {
            text += " \(key)=\(value)"
        }
        text += "\n"
        text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
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
