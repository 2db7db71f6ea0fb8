import ArgumentParser
import TandemClient

/// Lists the models and versions of the daemon's repository.
struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the models and versions that the daemon knows, with their states.",
        discussion: """
            A star marks the version that answers requests which name none.

            Example:
              tandem models --admin-socket /tmp/tandem-admin.sock
            """)

    @OptionGroup var admin: AdminOptions

    @Argument(help: "Only this model.")
    var model: String?

    @Flag(help: "Only versions that answer.")
    var ready = false

    func run() throws {
        let entries = try admin.connection()
            .call(.repositoryIndex(model: model, readyOnly: ready))
        Terminal.write(
            admin.json ? EntryReport.json(entries).text + "\n" : EntryReport.text(entries))
    }
}

/// Loads a version.
struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Has the daemon load a version and waits until it answers or has failed.",
        discussion: """
            The version that answered before goes on until the loaded one is ready.

            Example:
              tandem load shop --version 2 --admin-socket /tmp/tandem-admin.sock
            """)

    @OptionGroup var admin: AdminOptions

    @Argument(help: "The model.")
    var model: String

    @Option(help: "The version; without it the latest.")
    var version: UInt64?

    func run() throws {
        let entry = try admin.connection().call(.load(model, version: version))
        Terminal.write(
            admin.json ? EntryReport.json([entry]).text + "\n" : EntryReport.text([entry]))
        if entry.state != .ready {
            throw Failure(
                .dataError, "\(entry.model) \(entry.version) did not load: \(entry.reason)")
        }
    }
}

/// Takes versions out of service.
struct Unload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Has the daemon take a version, or all of a model, out of service.",
        discussion: """
            Requests in flight are finished first.

            Example:
              tandem unload shop --version 1 --admin-socket /tmp/tandem-admin.sock
            """)

    @OptionGroup var admin: AdminOptions

    @Argument(help: "The model.")
    var model: String

    @Option(help: "The version; without it all versions.")
    var version: UInt64?

    func run() throws {
        let entries = try admin.connection().call(.unload(model, version: version))
        Terminal.write(
            admin.json ? EntryReport.json(entries).text + "\n" : EntryReport.text(entries))
    }
}

/// Has the daemon look at the repository again, and at its configuration.
struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Has the daemon look at the repository again, and waits until it is done.",
        discussion: """
            Lists the versions whose state changed. The exit status is 65 if one failed to load; \
            what was served before goes on. With --config the configuration file is read first; \
            what changed and what waits for a restart is said, and a wrong file changes nothing.

            Example:
              tandem reload --admin-socket /tmp/tandem-admin.sock
            """)

    @OptionGroup var admin: AdminOptions

    @Argument(help: "Only this model.")
    var model: String?

    @Flag(help: "Read the configuration file again too.")
    var config = false

    func run() throws {
        let outcome = try admin.connection().call(.reload(model: model, configuration: config))
        let entries = outcome.changed
        if config && !admin.json {
            Terminal.write(Self.line("changed", outcome.appliedSettings))
            Terminal.write(Self.line("waiting for a restart", outcome.restartSettings))
        }
        Terminal.write(
            admin.json
                ? (config ? Self.json(outcome) : EntryReport.json(entries)).text + "\n"
                : entries.isEmpty ? "no version changed\n" : EntryReport.text(entries))
        if let failed = entries.first(where: { $0.state == .failed }) {
            throw Failure(
                .dataError, "\(failed.model) \(failed.version) did not load: \(failed.reason)")
        }
    }

    private static func line(_ what: String, _ settings: [String]) -> String {
        settings.isEmpty ? "" : "\(what): \(settings.joined(separator: ", "))\n"
    }

    private static func json(_ outcome: ReloadOutcome) -> JSONText {
        .object([
            ("changed", EntryReport.json(outcome.changed)),
            ("applied_settings", .array(outcome.appliedSettings.map(JSONText.string))),
            ("restart_settings", .array(outcome.restartSettings.map(JSONText.string))),
        ])
    }
}
