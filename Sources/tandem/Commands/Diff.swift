import ArgumentParser
import TandemPackage

/// Compares two packages.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what a reload from one package to another reads, and how quality changes.",
        discussion: """
            Shards that both packages have are not read again. Only the manifests are looked at.

            Example:
              tandem diff models/shop/1 models/shop/2
            """)

    @Argument(help: "The package that is served: REPOSITORY/MODEL/VERSION.")
    var first: String

    @Argument(help: "The package that would take its place.")
    var second: String

    @Flag(help: "List the tensors that are the same, too.")
    var all = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let difference = PackageDifference(
            from: try PackageReader.open(first), to: try PackageReader.open(second))
        let report = DifferenceReport(difference, showsSame: all)
        Terminal.write(json ? report.json.text + "\n" : report.text)
    }
}

/// What `tandem diff` says.
struct DifferenceReport {
    private let difference: PackageDifference
    private let tensors: [(name: String, change: PackageDifference.TensorChange, byteCount: Int)]

    /// Reports on a comparison; with `showsSame`, also on tensors that nothing happened to.
    init(_ difference: PackageDifference, showsSame: Bool) {
        self.difference = difference
        tensors = difference.tensors.filter { showsSame || $0.change != .same }
    }

    /// For people.
    var text: String {
        var parts = [readingTable]
        if !tensors.isEmpty { parts.append(tensorTable) }
        if !difference.quality.isEmpty { parts.append(qualityTable) }
        return parts.joined(separator: "\n")
    }

    private var readingTable: String {
        var table = TextTable([
            "program", "shards", "read", "stored bytes", "read", "bytes in memory", "new",
        ])
        for reading in difference.readings {
            table.add([
                reading.program, "\(reading.shardCount)", "\(reading.readShardCount)",
                Readable.grouped(reading.storedByteCount),
                Readable.grouped(reading.readStoredByteCount),
                Readable.grouped(reading.rawByteCount),
                Readable.grouped(reading.readRawByteCount),
            ])
        }
        return table.text
    }

    private var tensorTable: String {
        var table = TextTable(["tensor", "bytes", "change"])
        for tensor in tensors {
            table.add([tensor.name, Readable.grouped(tensor.byteCount), tensor.change.rawValue])
        }
        return table.text
    }

    private var qualityTable: String {
        var table = TextTable([
            "task", "metric", "program", "split", "first", "second", "difference",
        ])
        for entry in difference.quality {
            let change: Double? = entry.before.flatMap { before in
                entry.after.map { $0 - before }
            }
            table.add([
                entry.figure.task, entry.figure.metric, entry.figure.program, entry.figure.split,
                Self.fixed(entry.before), Self.fixed(entry.after), Self.fixed(change),
            ])
        }
        return table.text
    }

    private static func fixed(_ value: Double?) -> String {
        value.map { Readable.fixed($0, 5) } ?? "-"
    }

    /// For programs.
    var json: JSONText {
        .object([
            ("programs", .array(difference.readings.map(Self.json))),
            (
                "tensors",
                .array(
                    tensors.map { tensor in
                        .object([
                            ("name", .string(tensor.name)),
                            ("bytes", .integer(tensor.byteCount)),
                            ("change", .string(tensor.change.rawValue)),
                        ])
                    })
            ),
            ("quality", .array(difference.quality.map(Self.json))),
        ])
    }

    private static func json(_ reading: PackageDifference.Reading) -> JSONText {
        .object([
            ("name", .string(reading.program)),
            ("shards", .integer(reading.shardCount)),
            ("read_shards", .integer(reading.readShardCount)),
            ("stored_bytes", .integer(reading.storedByteCount)),
            ("read_stored_bytes", .integer(reading.readStoredByteCount)),
            ("raw_bytes", .integer(reading.rawByteCount)),
            ("read_raw_bytes", .integer(reading.readRawByteCount)),
        ])
    }

    private static func json(_ entry: PackageDifference.Quality) -> JSONText {
        .object([
            ("task", .string(entry.figure.task)), ("metric", .string(entry.figure.metric)),
            ("program", .string(entry.figure.program)), ("split", .string(entry.figure.split)),
            ("first", entry.before.map(JSONText.number) ?? .null),
            ("second", entry.after.map(JSONText.number) ?? .null),
        ])
    }
}
