/// What a load test came to, for people and programs.
struct LoadReport {
    let outcome: LoadRun.Outcome
    let mix: LoadMix
    /// What one queue with as many servers as the daemon has loops would have made of it; open loop
    /// only.
    var simulated: LatencyHistogram?
    /// An earlier run's histogram, and the file that has it.
    var earlier: (name: String, latency: LatencyHistogram)?

    private static let shares: [(name: String, share: Double)] = [
        ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999),
    ]

    /// For people.
    var text: String {
        let all = outcome.latency
        var text =
            "\(Readable.grouped(outcome.requests)) requests in "
            + "\(Readable.fixed(outcome.seconds, 1)) s: "
            + "\(Readable.grouped(Int(outcome.rate))) answered a second, \(outcome.refused) "
            + "refused, \(outcome.errors) errors"
        if outcome.late > 0 { text += ", \(outcome.late) later than deadline + 1 ms" }
        var table = TextTable(["us"] + Self.shares.map(\.name) + ["max", "count"])
        table.add(Self.row("all", all))
        if mix.kinds.count > 1 {
            for (kind, latency) in zip(mix.kinds, outcome.latencies) {
                table.add(Self.row("\(kind.name) rows", latency))
            }
        }
        if outcome.refused > 0 { table.add(Self.row("refusals", outcome.refusalLatencies)) }
        if let simulated {
            table.add(Self.row("one queue", simulated))
            table.add(Self.row("sent late", outcome.lateness))
        }
        text += "\n" + table.text
        if let earlier { text += "\n" + comparison(with: earlier.latency, name: earlier.name) }
        return text
    }

    private static func row(_ name: String, _ latency: LatencyHistogram) -> [String] {
        [name] + shares.map { Readable.fixed(latency.microseconds($0.share), 1) }
            + [
                Readable.fixed(latency.maximumMicroseconds, 1),
                Readable.grouped(Int(latency.count)),
            ]
    }

    /// For programs.
    var json: JSONText {
        let all = outcome.latency
        var members: [(String, JSONText)] = [
            ("requests", .integer(outcome.requests)), ("errors", .integer(outcome.errors)),
            ("refused", .integer(outcome.refused)), ("late", .integer(outcome.late)),
            ("rate_per_s", .number(outcome.rate)),
        ]
        members += Self.members(all)
        if mix.kinds.count > 1 {
            let kinds = zip(mix.kinds, outcome.latencies).map { kind, latency in
                JSONText.object([("rows", .string(kind.name))] + Self.members(latency))
            }
            members.append(("kinds", .array(kinds)))
        }
        if outcome.refused > 0 {
            members.append(("refusals", .object(Self.members(outcome.refusalLatencies))))
        }
        if let simulated {
            members.append(("one_queue", .object(Self.members(simulated))))
            members.append(("sent_late", .object(Self.members(outcome.lateness))))
        }
        if let earlier {
            members.append(("earlier", .object(Self.members(earlier.latency))))
        }
        return .object(members)
    }

    private static func members(_ latency: LatencyHistogram) -> [(String, JSONText)] {
        [
            ("p50_us", .number(latency.microseconds(0.5))),
            ("p90_us", .number(latency.microseconds(0.9))),
            ("p99_us", .number(latency.microseconds(0.99))),
            ("p999_us", .number(latency.microseconds(0.999))),
            ("p9999_us", .number(latency.microseconds(0.9999))),
            ("max_us", .number(latency.maximumMicroseconds)),
        ]
    }

    private func comparison(with other: LatencyHistogram, name: String) -> String {
        var table = TextTable(["us"] + Self.shares.map(\.name) + ["max"])
        let own = outcome.latency
        table.add(["this run"] + Self.values(own).map { Readable.fixed($0, 1) })
        table.add([name] + Self.values(other).map { Readable.fixed($0, 1) })
        table.add(
            ["ratio"] + zip(Self.values(own), Self.values(other)).map { Readable.fixed($0 / $1, 2) }
        )
        return table.text
    }

    private static func values(_ latency: LatencyHistogram) -> [Double] {
        shares.map { latency.microseconds($0.share) } + [latency.maximumMicroseconds]
    }
}
