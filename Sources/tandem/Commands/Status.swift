import ArgumentParser
import TandemClient

/// Shows what the daemon holds, does and refuses.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what the daemon holds, does and refuses.",
        discussion: """
            Example:
              tandem status --admin-socket /tmp/tandem-admin.sock
            """)

    @OptionGroup var admin: AdminOptions

    func run() throws {
        let connection = try admin.connection()
        let report = try connection.call(.statistics())
        let entries = try connection.call(.repositoryIndex())
        let text = StatusReport(report, entries)
        Terminal.write(admin.json ? text.json.text + "\n" : text.text)
    }
}
