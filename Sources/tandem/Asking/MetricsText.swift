import TandemClient

// Design: one family after the other, as the text format wants it (prometheus.io, "Text-based
// format"): HELP, TYPE, then every sample of the family. Times are seconds and names end in their
// unit, counters in `_total`. Histograms are cumulative; a bucket that nothing fell into is left out,
// which the format allows, because bounds here are fine (four an octave).

/// A daemon's statistics as Prometheus reads them.
struct MetricsText {
    private var text = ""

    /// Renders statistics and the repository's states.
    init(_ report: StatisticsReport, _ entries: [RepositoryEntry]) {
        addServer(report.server)
        addCalls(report.models)
        addStages(report.models)
        addFeatures(report.models)
        addScores(report.models)
        addVersions(entries)
    }

    /// The whole document.
    var document: String { text }

    // MARK: Families

    private mutating func addServer(_ server: StatisticsReport.Server) {
        gauge(
            "tandem_uptime_seconds", "Time since the daemon's start.", server.uptime / .seconds(1))
        gauge("tandem_loops", "Event loops.", Double(server.loops))
        gauge("tandem_draining", "1 once draining began.", server.isDraining ? 1 : 0)
        gauge("tandem_connections", "Open connections.", Double(server.openConnections))
        counter(
            "tandem_connections_accepted_total", "Accepted connections.",
            server.acceptedConnections)
        gauge("tandem_in_flight", "Calls that wait or are half done.", Double(server.inFlight))
        gauge(
            "tandem_queued_work_seconds", "Estimated work that waits.",
            Double(server.queuedWorkMicroseconds) / 1e6)
        counter("tandem_frames_total", "Frames received.", server.requests)
        counter("tandem_received_bytes_total", "Bytes received.", server.receivedBytes)
        counter("tandem_sent_bytes_total", "Bytes sent.", server.sentBytes)
        gauge("tandem_resident_bytes", "Resident memory.", Double(server.residentBytes))
        gauge("tandem_model_bytes", "Memory for models.", Double(server.modelBytes))
        gauge(
            "tandem_model_bytes_max", "Budget for models; 0 for none.",
            Double(server.modelBytesMax))
        counter("tandem_loads_total", "Loads that succeeded.", server.loads)
        counter("tandem_loads_failed_total", "Loads that failed.", server.failedLoads)
        begin(
            "tandem_refusals_total", "counter", "Calls refused before a model was known, by reason."
        )
        for failure in server.refusals {
            sample(
                "tandem_refusals_total",
                [("code", "\(failure.code)"), ("reason", failure.reason)], Double(failure.count))
        }
    }

    private mutating func addCalls(_ models: [StatisticsReport.Model]) {
        counters("tandem_requests_total", "Predict calls answered with scores.", models) {
            $0.successes
        }
        counters("tandem_rows_total", "Rows scored.", models) { $0.rows }
        counters("tandem_expired_total", "Predict calls whose deadline passed.", models) {
            $0.expired
        }
        counters(
            "tandem_late_total", "Predict calls answered over 1 ms after their deadline.", models
        ) { $0.late }
        counters("tandem_request_bytes_total", "Bytes of Predict frames.", models) {
            $0.receivedBytes
        }
        counters("tandem_answer_bytes_total", "Bytes of their answers.", models) { $0.sentBytes }
        begin(
            "tandem_failures_total", "counter", "Predict calls answered with a status, by reason.")
        for model in models {
            for failure in model.failures {
                let labels = [("code", "\(failure.code)"), ("reason", failure.reason)]
                sample(
                    "tandem_failures_total", Self.labels(model) + labels, Double(failure.count))
            }
        }
        begin("tandem_rows_per_request", "histogram", "Rows a Predict call.")
        for model in models {
            histogram("tandem_rows_per_request", Self.labels(model), model.rowsPerRequest)
        }
    }

    private mutating func addStages(_ models: [StatisticsReport.Model]) {
        begin("tandem_stage_seconds", "histogram", "Time of Predict calls by stage.")
        for model in models {
            for stage in model.stages {
                histogram(
                    "tandem_stage_seconds", Self.labels(model) + [("stage", stage.name)],
                    stage.durations, scale: 1e-9)
            }
        }
    }

    private mutating func addFeatures(_ models: [StatisticsReport.Model]) {
        let families: [(String, String, (StatisticsReport.Feature) -> UInt64)] = [
            ("tandem_feature_rows_total", "Rows seen, by feature.", { $0.rows }),
            ("tandem_feature_missing_rows_total", "Rows without a value.", { $0.missingRows }),
            ("tandem_feature_values_total", "Values seen.", { $0.values }),
            (
                "tandem_feature_unknown_values_total", "Values that the vocabulary does not hold.",
                { $0.unknownValues }
            ),
            (
                "tandem_feature_clipped_values_total", "Values clipped or cut.",
                { $0.clippedValues }
            ),
        ]
        for (name, help, value) in families {
            begin(name, "counter", help)
            for model in models {
                for feature in model.features {
                    sample(
                        name, Self.labels(model) + [("feature", feature.name)],
                        Double(value(feature)))
                }
            }
        }
    }

    private mutating func addScores(_ models: [StatisticsReport.Model]) {
        begin("tandem_score", "histogram", "Scores given, of some 32 rows a request.")
        for model in models {
            for task in model.tasks {
                histogram("tandem_score", Self.labels(model) + [("task", task.name)], task.scores)
            }
        }
        begin("tandem_scores_not_finite_total", "counter", "Scores that were not finite.")
        for model in models {
            for task in model.tasks {
                sample(
                    "tandem_scores_not_finite_total", Self.labels(model) + [("task", task.name)],
                    Double(task.notFinite))
            }
        }
    }

    private mutating func addVersions(_ entries: [RepositoryEntry]) {
        begin("tandem_version_state", "gauge", "1 for the state that a version is in.")
        for entry in entries {
            sample(
                "tandem_version_state", Self.labels(entry) + [("state", "\(entry.state)")], 1)
        }
        let loaded = entries.filter { $0.state == .ready || $0.state == .unloading }
        begin("tandem_version_bytes", "gauge", "Memory of a loaded version, by kind.")
        for entry in loaded {
            for (kind, bytes) in [
                ("tables", entry.tableBytes), ("dense", entry.denseBytes),
                ("plan", entry.planBytes), ("arenas", entry.arenaBytes),
            ] {
                sample(
                    "tandem_version_bytes", Self.labels(entry) + [("kind", kind)], Double(bytes))
            }
        }
        begin("tandem_version_load_seconds", "gauge", "How long loading the version took.")
        for entry in loaded {
            sample(
                "tandem_version_load_seconds", Self.labels(entry), entry.loadDuration / .seconds(1))
        }
    }

    // MARK: Samples

    private static func labels(_ entry: RepositoryEntry) -> [(String, String)] {
        [("model", entry.model), ("version", "\(entry.version)")]
    }

    private static func labels(_ model: StatisticsReport.Model) -> [(String, String)] {
        [("model", model.name), ("version", "\(model.version)")]
    }

    private mutating func begin(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        begin(name, "gauge", help)
        sample(name, [], value)
    }

    private mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
        begin(name, "counter", help)
        sample(name, [], Double(value))
    }

    private mutating func counters(
        _ name: String, _ help: String, _ models: [StatisticsReport.Model],
        _ value: (StatisticsReport.Model) -> UInt64
    ) {
        begin(name, "counter", help)
        for model in models { sample(name, Self.labels(model), Double(value(model))) }
    }

    private mutating func histogram(
        _ name: String, _ labels: [(String, String)],
        _ distribution: StatisticsReport.Distribution, scale: Double = 1
    ) {
        var seen: UInt64 = 0
        for (bound, count) in zip(distribution.bounds, distribution.counts) {
            seen += count
            guard count > 0 else { continue }
            sample(
                "\(name)_bucket", labels + [("le", "\(bound * scale)")], Double(seen))
        }
        sample("\(name)_bucket", labels + [("le", "+Inf")], Double(distribution.count))
        sample("\(name)_sum", labels, distribution.sum * scale)
        sample("\(name)_count", labels, Double(distribution.count))
    }

    private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        // Whole numbers without a point, so that counters read as what they are.
        let isWhole = value == value.rounded() && value.magnitude < 9e15
        text += isWhole ? " \(Int(value))\n" : " \(value)\n"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
