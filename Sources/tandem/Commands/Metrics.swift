import ArgumentParser
import TandemClient

/// Prints the daemon's figures for Prometheus.
struct Metrics: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the daemon's counters and histograms in Prometheus' text format.",
        discussion: """
            With --textfile the document becomes DIR/tandem.prom, whole or not at all, for \
            node_exporter's textfile collector; run it from a timer.

            Examples:
              tandem metrics --admin-socket /tmp/tandem-admin.sock
              tandem metrics --textfile /var/lib/prometheus/node-exporter
            """)

    @Option(help: "The daemon's admin socket.")
    var adminSocket = DaemonSocket.admin

    @Option(help: ArgumentHelp("Write tandem.prom there instead.", valueName: "dir"))
    var textfile: String?

    func run() throws {
        let connection = try BlockingConnection(path: adminSocket)
        let report = try connection.call(.statistics())
        let entries = try connection.call(.repositoryIndex())
        let document = MetricsText(report, entries).document
        guard let textfile else { return Terminal.write(document) }
        let file = try OutputFile(path: textfile + "/tandem.prom")
        try file.append(Array(document.utf8))
        try file.finish()
    }
}

/// Shows what models did: requests, stages, scores, features.
struct Statistics: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what each model did since the start: stages, scores, features.",
        discussion: """
            Example:
              tandem statistics shop --admin-socket /tmp/tandem-admin.sock
            """)

    @OptionGroup var admin: AdminOptions

    @Argument(help: "Only this model.")
    var model: String?

    func run() throws {
        let report = try admin.connection().call(.statistics(model: model))
        let text = StatisticsText(report)
        Terminal.write(admin.json ? text.json.text + "\n" : text.text)
    }
}
