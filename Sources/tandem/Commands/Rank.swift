import ArgumentParser
import TandemClient

/// Ranks the candidates of a file for one context.
struct Rank: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ranks the candidates of a CSV file for one context.",
        discussion: """
            Columns are found by the names of the model's features. Features that are given neither \
            by --context nor by a column are missing, which is said once.

            Example:
              tandem rank --socket /tmp/tandem.sock --model shop --context user_id=7 \\
                  --context country=DE --candidates items.csv --formula 'click * purchase' --top 10
            """)

    @Option(help: "The daemon's data socket.")
    var socket = DaemonSocket.data

    @Option(help: "The model.")
    var model: String

    @Option(help: "A feature of the context, as name=value; lists are separated as in files.")
    var context: [String] = []

    @Option(help: "A CSV file with a header; one candidate a row.")
    var candidates: String

    @Option(
        help: "An expression over the tasks, or the name of one that ships with the model.")
    var formula: String?

    @Option(help: "How many of the best to show.")
    var top = 20

    @Option(help: "What separates the elements of lists.")
    var separator = "|"

    @Option(name: .customLong("repeat"), help: "Ask so often; print the round trips' percentiles.")
    var repetitions = 1

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (1...10_000_000).contains(repetitions) else {
            throw ValidationError("--repeat takes 1 to 10000000")
        }
        guard top >= 1 else { throw ValidationError("--top takes 1 or more") }
        guard separator.utf8.count == 1 else {
            throw ValidationError("--separator takes one character")
        }
    }

    func run() throws {
        let connection = try BlockingConnection(path: socket)
        let description = try connection.call(.modelMetadata(model))
        let byte = separator.utf8.first ?? 0
        let values = try FeatureText.context(
            context, model: description, separator: Character(separator))
        let table = try FeatureTable(
            path: candidates, model: description, sides: [.candidate], separator: byte)
        let unset = description.features.filter { $0.side == .context && values[$0.name] == nil }
        let missing = unset.map(\.name) + table.missing
        if !missing.isEmpty {
            Terminal.note("missing features: \(missing.joined(separator: ", "))")
        }
        let request = PredictRequest(
            model: model, context: values, candidates: table.candidates(0..<table.rowCount),
            rows: table.rowCount, ranking: ranking(description, table.rowCount))
        let prediction = try connection.predict(request)
        let report = RankReport(
            prediction, labels: try CandidateNames(path: candidates), formula: formula,
            roundTrips: repetitions > 1 ? try roundTrips(connection, request) : nil)
        Terminal.write(json ? report.json.text + "\n" : report.text)
    }

    /// Asks again and again, one request at a time.
    private func roundTrips(
        _ connection: BlockingConnection, _ request: PredictRequest
    ) throws -> Durations {
        var durations = Durations()
        for _ in 0..<repetitions {
            try durations.measure { _ = try connection.predict(request) }
        }
        return durations
    }

    private func ranking(_ description: ModelDescription, _ rowCount: Int) -> Ranking {
        let topK = min(top, rowCount)
        guard let formula else {
            // Without a formula the first task's score decides.
            let first = description.tasks.first?.name ?? ""
            return .expression(first, topK: topK)
        }
        return description.formulas[formula] == nil
            ? .expression(formula, topK: topK) : .named(formula, topK: topK)
    }
}
