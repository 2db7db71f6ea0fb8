import TandemClient
import TandemTraining

/// The texts of a file's first column, to tell candidates apart.
struct CandidateNames {
    /// The column's name.
    let head: String
    private let texts: TextColumn?

    /// Reads the column of a file that looks like the candidates' id: `item_id`, `id`, or the first.
    init(path: String) throws(TrainingError) {
        let names = try TableReader.columnNames(path: path, dialect: CSVDialect())
        head = names.first { $0 == "item_id" } ?? names.first { $0 == "id" } ?? names.first ?? ""
        let request = ColumnRequest(head, .text)
        let table = try TableReader(paths: [path], columns: [request]).readAll()
        if case .text(let texts) = table[request] { self.texts = texts } else { texts = nil }
    }

    /// A row's text, or nothing.
    subscript(row: Int) -> String { texts?.text(row) ?? "" }
}

/// The best candidates with every task's scores.
struct RankReport {
    private let prediction: Prediction
    private let labels: CandidateNames
    private let formula: String?
    private let roundTrips: Durations?

    /// Reports on a ranked prediction, and on how long asking took where that was measured.
    init(
        _ prediction: Prediction, labels: CandidateNames, formula: String?, roundTrips: Durations?
    ) {
        self.prediction = prediction
        self.labels = labels
        self.formula = formula
        self.roundTrips = roundTrips
    }

    private var ranked: [Prediction.RankedCandidate] { prediction.ranked ?? [] }

    /// For people.
    var text: String {
        var table = TextTable(
            ["rank", labels.head, "row"] + prediction.tasks.map(\.name)
                + [formula ?? "score"])
        for (rank, candidate) in ranked.enumerated() {
            table.add(
                ["\(rank + 1)", labels[candidate.row], "\(candidate.row)"]
                    + prediction.tasks.map { Self.text($0, candidate.row) }
                    + [Readable.fixed(Double(candidate.score), 5)])
        }
        return table.text + (roundTrips.map { "\n\($0.text)" } ?? "")
    }

    /// A task's scores of a row: one number, or the likeliest class.
    private static func text(_ task: Prediction.TaskScores, _ row: Int) -> String {
        let scores = Array(task[row])
        guard scores.count > 1 else { return Readable.fixed(Double(scores.first ?? .nan), 5) }
        let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
        return "\(best): \(Readable.fixed(Double(scores[best]), 3))"
    }

    /// For programs.
    var json: JSONText {
        .object([
            ("model", .string(prediction.model)),
            ("version", .integer(Int(prediction.version))),
            ("round_trips", roundTrips?.json ?? .null),
            (
                "ranked",
                .array(
                    ranked.map { candidate in
                        .object([
                            ("row", .integer(candidate.row)),
                            (labels.head, .string(labels[candidate.row])),
                            ("score", .number(Double(candidate.score))),
                            (
                                "tasks",
                                .object(
                                    prediction.tasks.map { task in
                                        (
                                            task.name,
                                            .array(
                                                task[candidate.row].map { .number(Double($0)) })
                                        )
                                    })
                            ),
                        ])
                    })
            ),
        ])
    }
}
