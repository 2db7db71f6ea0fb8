import ArgumentParser
import TandemEngine
import TandemFeatures
import TandemGraph
import TandemNotation
import TandemTraining

/// Times the engine alone, without socket and without features.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times the engine alone on random requests.",
        discussion: """
            Each call takes another request with random ids, so that embedding rows come from \
            memory as they do in service. With --threads N, large requests are split over N \
            threads, the caller's among them. With --callers N, N callers have the engine compute \
            requests side by side, each with its own threads.

            --paced is for measuring beside another engine, turn and turn about: each line on \
            standard input is a number of rows, and is answered by one round of --seconds, as a \
            line of JSON.

            Example:
              tandem bench models/shop/1 --rows 1,16,64 --threads 1,2
            """)

    @Argument(help: "The package: REPOSITORY/MODEL/VERSION.")
    var package: String

    @Option(help: "Candidates a request, separated by commas.")
    var rows = "1,16,64,256"

    @Option(help: "Threads that compute a request, separated by commas.")
    var threads = "1"

    @Option(help: "Callers side by side, separated by commas.")
    var callers = "1"

    @Option(help: "Which executor: int8, float or reference (clear, not fast).")
    var executor = ExecutorName.int8

    @Option(help: "Tasks a request wants, separated by commas; all by default.")
    var tasks: String?

    @Option(help: "Seconds a measurement takes at least.")
    var seconds = 1.0

    @Option(
        help: """
            A folder of recorded requests instead of random ones: FOLDER/ROWS/INPUT.npy, requests \
            end to end.
            """)
    var requests: String?

    @Flag(help: "Measure a round for each line of standard input.")
    var paced = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard Self.counts(rows, 1...100_000) != nil else {
            throw ValidationError("--rows takes numbers from 1 to 100000, as 1,16,64")
        }
        for (name, text) in [("--threads", threads), ("--callers", callers)]
        where Self.counts(text, 1...WorkerThreads.countMax) == nil {
            throw ValidationError(
                "\(name) takes numbers from 1 to \(WorkerThreads.countMax), as 1,2")
        }
        guard !paced || (Int(threads) != nil && callers == "1") else {
            throw ValidationError("--paced takes one number of --threads, and one caller")
        }
        guard executor != .reference || threads == "1" else {
            throw ValidationError("--executor reference computes on one thread")
        }
        guard executor != .reference || tasks == nil else {
            throw ValidationError("--executor reference computes all tasks; leave out --tasks")
        }
        guard seconds > 0, seconds <= 3600 else {
            throw ValidationError("--seconds takes more than 0, up to 3600")
        }
    }

    func run() throws {
        let program = try LoadedProgram(path: package, executor: executor)
        let (graph, tensors) = (program.weights.graph, program.weights.tensors)
        let callee: EngineBench.Callee =
            executor == .reference
            ? .reference(try ReferenceExecutor(graph, tensors)) : .plan(try Plan(graph, tensors))
        let bench = EngineBench(
            callee: callee, graph: graph, tasks: try taskMask(program), recorded: requests,
            seconds: seconds)
        if paced { return try answerLines(bench) }
        var results: [EngineBench.Result] = []
        for callerCount in Self.counts(callers, 1...WorkerThreads.countMax) ?? [] {
            for threadCount in Self.counts(threads, 1...WorkerThreads.countMax) ?? [] {
                for rowCount in Self.counts(rows, 1...100_000) ?? [] {
                    Terminal.progress(
                        "bench: \(rowCount) rows, \(threadCount) thread(s), "
                            + "\(callerCount) caller(s) ...")
                    results.append(
                        try bench.measured(
                            rowCount: rowCount, threadCount: threadCount,
                            callerCount: callerCount))
                }
            }
        }
        Terminal.clearProgress()
        Terminal.write(json ? jsonText(results) : Self.tableText(results))
    }

    /// The outputs of the tasks that are wanted.
    private func taskMask(_ program: LoadedProgram) throws(Failure) -> TaskMask {
        guard let tasks else { return .all }
        let graph = program.weights.graph
        let names = program.signature.tasks.map(\.name)
        var mask = TaskMask.none
        for word in tasks.split(separator: ",", omittingEmptySubsequences: false) {
            let name = String(word)
            guard names.contains(name),
                let output = graph.outputs.firstIndex(where: { graph[$0].name == name })
            else {
                throw Failure(
                    .usage,
                    "--tasks: the model has no task '\(name)'; "
                        + NearestName.remedy(name, among: names))
            }
            mask.insert(output)
        }
        return mask
    }

    /// One round a line, until standard input ends.
    private func answerLines(_ bench: EngineBench) throws {
        var callers: [Int: EngineBench.Caller] = [:]
        while let line = readLine() {
            guard let rowCount = Int(line), (1...100_000).contains(rowCount) else {
                throw Failure(
                    .dataError, "standard input: '\(line)' is not a number of rows, 1 to 100000")
            }
            let caller =
                try callers[rowCount]
                ?? bench.caller(rowCount: rowCount, threadCount: Int(threads) ?? 1, seed: 1)
            callers[rowCount] = caller
            caller.run(seconds: seconds)
            if let failure = caller.failure { throw failure }
            Terminal.line(caller.durations.json.text)
        }
    }

    private static func tableText(_ results: [EngineBench.Result]) -> String {
        var table = TextTable(["rows", "threads", "callers", "p50 us", "p99 us", "rows/s"])
        for result in results {
            table.add([
                "\(result.rowCount)", "\(result.threadCount)", "\(result.callerCount)",
                Readable.fixed(result.durations.quantile(0.5), 1),
                Readable.fixed(result.durations.quantile(0.99), 1),
                Readable.grouped(Int(result.rowsPerSecond)),
            ])
        }
        return table.text
    }

    private func jsonText(_ results: [EngineBench.Result]) -> String {
        let items = results.map { result in
            JSONText.object([
                ("rows", .integer(result.rowCount)), ("threads", .integer(result.threadCount)),
                ("callers", .integer(result.callerCount)),
                ("calls", .integer(result.durations.count)),
                ("p50_us", .number(result.durations.quantile(0.5))),
                ("p99_us", .number(result.durations.quantile(0.99))),
                ("rows_per_s", .number(result.rowsPerSecond)),
            ])
        }
        let report = JSONText.object([
            ("package", .string(package)), ("executor", .string(executor.rawValue)),
            ("tasks", tasks.map(JSONText.string) ?? .null),
            ("results", .array(items)),
        ])
        return report.text + "\n"
    }

    private static func counts(_ text: String, _ allowed: ClosedRange<Int>) -> [Int]? {
        let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard !counts.isEmpty, counts.allSatisfy({ $0.map(allowed.contains) ?? false })
        else { return nil }
        return counts.compactMap { $0 }
    }
}
