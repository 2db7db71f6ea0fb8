import TandemClient

/// What `tandem status` says of a daemon.
struct StatusReport {
    private let report: StatisticsReport
    private let entries: [RepositoryEntry]

    /// Reports on a daemon.
    init(_ report: StatisticsReport, _ entries: [RepositoryEntry]) {
        self.report = report
        self.entries = entries
    }

    private var server: StatisticsReport.Server { report.server }

    /// For people.
    var text: String {
        let uptime = server.uptime / .seconds(1)
        var lines = [
            "pid \(server.pid), up \(Readable.fixed(uptime, 0)) s, \(server.loops) loop(s)"
                + (server.isDraining ? ", draining" : ""),
            "connections \(server.openConnections) open, \(server.acceptedConnections) in all; "
                + "requests \(server.requests), \(server.inFlight) in flight",
            "received \(Readable.bytes(Int(server.receivedBytes))), "
                + "sent \(Readable.bytes(Int(server.sentBytes))), "
                + "resident \(Readable.bytes(Int(server.residentBytes)))",
            "models take \(Readable.bytes(Int(server.modelBytes))) of "
                + Readable.bytes(Int(clamping: server.modelBytesMax)),
        ]
        if !server.refusals.isEmpty { lines.append("refused: \(Self.text(server.refusals))") }
        return lines.joined(separator: "\n") + "\n\n" + EntryReport.text(entries) + "\n"
            + modelTable
    }

    private var modelTable: String {
        var table = TextTable(["model", "version", "requests", "rows", "compute us", "failures"])
        for model in report.models {
            table.add([
                model.name, "\(model.version)", Readable.grouped(Int(model.successes)),
                Readable.grouped(Int(model.rows)), computeText(model), Self.text(model.failures),
            ])
        }
        return table.text
    }

    /// The mean time of the engine a request, in microseconds.
    private func computeText(_ model: StatisticsReport.Model) -> String {
        guard let stage = model.stages.first(where: { $0.name == "compute" }),
            stage.durations.count > 0
        else { return "" }
        return Readable.fixed(stage.durations.sum / Double(stage.durations.count) / 1000, 1)
    }

    private static func text(_ failures: [StatisticsReport.FailureCount]) -> String {
        failures.map { failure in
            let reason = failure.reason.isEmpty ? "\(failure.code)" : failure.reason
            return "\(failure.count) x \(reason)"
        }.joined(separator: ", ")
    }

    /// For programs.
    var json: JSONText {
        .object([
            (
                "server",
                .object([
                    ("pid", .integer(server.pid)),
                    ("uptime_s", .number(server.uptime / .seconds(1))),
                    ("loops", .integer(server.loops)),
                    ("open_connections", .integer(Int(server.openConnections))),
                    ("accepted_connections", .integer(Int(server.acceptedConnections))),
                    ("requests", .integer(Int(server.requests))),
                    ("in_flight", .integer(Int(server.inFlight))),
                    ("received_bytes", .integer(Int(server.receivedBytes))),
                    ("sent_bytes", .integer(Int(server.sentBytes))),
                    ("resident_bytes", .integer(Int(server.residentBytes))),
                    ("model_bytes", .integer(Int(server.modelBytes))),
                    ("model_bytes_max", .integer(Int(clamping: server.modelBytesMax))),
                    ("draining", .bool(server.isDraining)),
                    ("refusals", Self.json(server.refusals)),
                ])
            ), ("versions", EntryReport.json(entries)),
            ("models", .array(report.models.map(Self.json))),
        ])
    }

    private static func json(_ model: StatisticsReport.Model) -> JSONText {
        .object([
            ("model", .string(model.name)), ("version", .integer(Int(model.version))),
            ("requests", .integer(Int(model.successes))), ("rows", .integer(Int(model.rows))),
            ("failures", json(model.failures)),
            (
                "stages",
                .array(
                    model.stages.map { stage in
                        .object([
                            ("stage", .string(stage.name)),
                            ("count", .integer(Int(stage.durations.count))),
                            ("sum_ns", .number(stage.durations.sum)),
                        ])
                    })
            ),
        ])
    }

    private static func json(_ failures: [StatisticsReport.FailureCount]) -> JSONText {
        .array(
            failures.map {
                .object([
                    ("code", .string("\($0.code)")), ("reason", .string($0.reason)),
                    ("count", .integer(Int($0.count))),
                ])
            })
    }
}
