import TandemClient

/// What `tandem statistics` says of each model.
struct StatisticsText {
    private let report: StatisticsReport

    /// Says what a report has.
    init(_ report: StatisticsReport) { self.report = report }

    /// For people.
    var text: String {
        report.models.isEmpty
            ? "no model has been loaded\n"
            : report.models.map(Self.text).joined(separator: "\n")
    }

    private static func text(_ model: StatisticsReport.Model) -> String {
        var text =
            "\(model.name) version \(model.version): "
            + "\(Readable.grouped(Int(model.successes))) requests, "
            + "\(Readable.grouped(Int(model.rows))) rows, \(model.expired) expired, \(model.late) late\n"
        for failure in model.failures {
            text += "  \(failure.count) x \(failure.code) \(failure.reason)\n"
        }
        var stages = TextTable(["stage", "count", "mean us", "p50 us", "p99 us", "max us"])
        for stage in model.stages where stage.durations.count > 0 {
            stages.add([stage.name] + cells(stage.durations, scale: 1e-3, places: 1))
        }
        var tasks = TextTable(["task", "scores", "mean", "p50", "p99", "max"])
        for task in model.tasks where task.scores.count > 0 {
            tasks.add([task.name] + cells(task.scores, scale: 1, places: 4))
        }
        var features = TextTable(["feature", "rows", "missing %", "unknown %", "clipped %"])
        for feature in model.features where feature.rows > 0 {
            features.add([
                feature.name, Readable.grouped(Int(feature.rows)),
                percent(feature.missingRows, feature.rows),
                percent(feature.unknownValues, feature.values),
                percent(feature.clippedValues, feature.values),
            ])
        }
        return text + "\n" + stages.text + "\n" + tasks.text + "\n" + features.text
    }

    private static func cells(
        _ values: StatisticsReport.Distribution, scale: Double, places: Int
    ) -> [String] {
        let figures = [
            values.sum / Double(values.count), values.quantile(0.5), values.quantile(0.99),
            values.maximum,
        ]
        return [Readable.grouped(Int(values.count))]
            + figures.map { Readable.fixed($0 * scale, places) }
    }

    private static func percent(_ part: UInt64, _ whole: UInt64) -> String {
        whole == 0 ? "-" : Readable.fixed(100 * Double(part) / Double(whole), 2)
    }

    /// For programs.
    var json: JSONText {
        .object([
            ("models", .array(report.models.map(Self.json)))
        ])
    }

    private static func json(_ model: StatisticsReport.Model) -> JSONText {
        .object([
            ("model", .string(model.name)), ("version", .integer(Int(model.version))),
            ("requests", .integer(Int(model.successes))), ("rows", .integer(Int(model.rows))),
            ("expired", .integer(Int(model.expired))),
            ("late", .integer(Int(model.late))),
            (
                "failures",
                .array(
                    model.failures.map {
                        .object([
                            ("code", .string("\($0.code)")), ("reason", .string($0.reason)),
                            ("count", .integer(Int($0.count))),
                        ])
                    })
            ),
            (
                "stages_ns",
                .object(model.stages.map { ($0.name, json($0.durations)) })
            ),
            ("rows_per_request", json(model.rowsPerRequest)),
            ("scores", .object(model.tasks.map { ($0.name, json($0.scores)) })),
            (
                "features",
                .array(
                    model.features.map {
                        .object([
                            ("feature", .string($0.name)), ("rows", .integer(Int($0.rows))),
                            ("missing_rows", .integer(Int($0.missingRows))),
                            ("values", .integer(Int($0.values))),
                            ("unknown_values", .integer(Int($0.unknownValues))),
                            ("clipped_values", .integer(Int($0.clippedValues))),
                        ])
                    })
            ),
        ])
    }

    private static func json(_ values: StatisticsReport.Distribution) -> JSONText {
        .object([
            ("count", .integer(Int(values.count))), ("sum", .number(values.sum)),
            ("minimum", .number(values.minimum)), ("p50", .number(values.quantile(0.5))),
            ("p90", .number(values.quantile(0.9))), ("p99", .number(values.quantile(0.99))),
            ("maximum", .number(values.maximum)),
        ])
    }
}

extension StatisticsReport.Distribution {
    /// The bound of the bucket that so large a share lies within; NaN of nothing.
    func quantile(_ share: Double) -> Double {
        guard count > 0 else { return .nan }
        let rank = max(1, UInt64((share * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (index, bucket) in counts.enumerated() {
            seen += bucket
            if seen >= rank { return index < bounds.count ? min(bounds[index], maximum) : maximum }
        }
        return maximum
    }
}
