import ArgumentParser
import TandemClient
import TandemFeatures
import TandemPackage
import TandemTraining

/// Scores rows, by a package or by a daemon.
struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Scores the rows of files, by a package or by a daemon.",
        discussion: """
            Rows that follow one another with the same context are one request. The scores are the \
            same, bit for bit, whichever way is taken.

            Examples:
              tandem predict models/shop/1 shop.csv > scores.csv
              tandem predict --socket /tmp/tandem.sock --model shop shop.csv --jsonl
              tandem predict models/shop/1 --inputs tensors --outputs scores
            """)

    @Argument(help: "The package, unless --socket is given; then the CSV files.")
    var paths: [String] = []

    @Option(help: "Ask the daemon at this data socket instead of a package.")
    var socket: String?

    @Option(help: "The model to ask the daemon for.")
    var model: String?

    @Option(help: "Which executor of a package: int8, float or reference.")
    var executor = ExecutorName.int8

    @Option(help: "A directory with one .npy file an input of the graph, instead of CSV files.")
    var inputs: String?

    @Option(help: "A directory for one .npy file an output, with --inputs.")
    var outputs: String?

    @Option(help: "What separates the elements of lists, with --socket.")
    var separator = "|"

    @Option(help: "The most rows of one request, with --socket.")
    var requestRows = 500

    @Flag(help: "Say on standard error how each request was answered, with --socket.")
    var explain = false

    @Flag(help: "Add the weights that each gate gave its experts, with --socket.")
    var gates = false

    @Flag(help: "Print JSON lines instead of CSV.")
    var jsonl = false

    func validate() throws {
        if socket != nil {
            guard model != nil else { throw ValidationError("--socket needs --model") }
            guard !paths.isEmpty else { throw ValidationError("name a CSV file to score") }
            guard inputs == nil else { throw ValidationError("--inputs goes with a package") }
        } else {
            guard !paths.isEmpty else { throw ValidationError("name a package, or use --socket") }
            guard !explain else { throw ValidationError("--explain goes with --socket") }
            guard !gates else { throw ValidationError("--gates goes with --socket") }
            guard paths.count > 1 || inputs != nil else {
                throw ValidationError("name a CSV file to score, or use --inputs")
            }
        }
        guard (inputs == nil) == (outputs == nil) else {
            throw ValidationError("--inputs and --outputs go together")
        }
        guard inputs == nil || paths.count == 1 else {
            throw ValidationError("--inputs replaces the CSV files; name the package only")
        }
        guard separator.utf8.count == 1 else {
            throw ValidationError("--separator takes one character")
        }
        guard (1...1_000_000).contains(requestRows) else {
            throw ValidationError("--request-rows takes 1 to 1000000")
        }
    }

    func run() throws {
        if let socket, let model {
            for path in paths { try ask(socket, model, path) }
        } else if let inputs, let outputs {
            try TensorFiles.run(
                try LoadedProgram(path: paths[0], executor: executor), executor,
                inputs: inputs, outputs: outputs)
        } else {
            try scorePackage()
        }
    }

    private func scorePackage() throws {
        let program = try LoadedProgram(path: paths[0], executor: executor)
        let input = try PackageExamples.unlabelled(program.package, paths: Array(paths.dropFirst()))
        let dataset = try input.encoded(program)
        let engine = try Executor(executor, program.weights)
        let scores = try engine.scores(
            dataset.encodedInputs(firstRow: 0), rowCount: dataset.rowCount)
        let tasks = program.signature.tasks.map { ($0.name, $0.kind.width, $0.labels) }
        var writer = ScoreWriter(tasks: tasks, isJSON: jsonl)
        for row in 0..<dataset.rowCount {
            writer.append { task, column in scores[task][row * tasks[task].1 + column] }
        }
        writer.finish()
    }

    private func ask(_ socket: String, _ model: String, _ path: String) throws {
        let connection = try BlockingConnection(path: socket)
        let description = try connection.call(.modelMetadata(model))
        let table = try FeatureTable(
            path: path, model: description, sides: [.context, .candidate],
            separator: separator.utf8.first ?? 0)
        if !table.missing.isEmpty {
            Terminal.note("missing features: \(table.missing.joined(separator: ", "))")
        }
        var writer: ScoreWriter?
        var start = 0
        while start < table.rowCount {
            let rows = table.requestRows(from: start, limit: requestRows)
            var request = PredictRequest(
                model: model, context: table.context(ofRow: start),
                candidates: table.candidates(rows), rows: rows.count)
            request.wantsExplanation = explain
            request.wantsGateWeights = gates
            let prediction = try connection.predict(request)
            if let explanation = prediction.explanation {
                Terminal.note(ExplanationText(explanation, rowCount: rows.count).text)
            }
            let columns =
                prediction.tasks.map { ($0.values, $0.width) }
                + prediction.gates.map { ($0.weights, $0.experts) }
            let made = writer ?? Self.writer(description, prediction.gates, isJSON: jsonl)
            writer = made
            for row in 0..<rows.count {
                writer?.append { index, column in
                    columns[index].0[row * columns[index].1 + column]
                }
            }
            start = rows.upperBound
        }
        var finished = writer ?? Self.writer(description, [], isJSON: jsonl)
        finished.finish()
    }

    /// A column a task, then one a gate's expert.
    private static func writer(
        _ description: ModelDescription, _ gates: [Prediction.GateWeights], isJSON: Bool
    ) -> ScoreWriter {
        ScoreWriter(
            tasks: description.tasks.map { ($0.name, $0.width, $0.labels) }
                + gates.map { gate in
                    ("gate/\(gate.name)", gate.experts, (0..<gate.experts).map { "expert\($0)" })
                }, isJSON: isJSON)
    }
}
