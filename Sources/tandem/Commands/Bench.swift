import ArgumentParser
import TandemEngine
import TandemGraph

/// Times the engine alone, without socket and without features.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times the engine alone on random requests.",
        discussion: """
            Each call takes the next of many requests with random ids, so that embedding rows come \
            from memory as they do in service. With --threads N, N threads call the engine side by \
            side, each with its own requests.

            Example:
              tandem bench models/shop/1 --rows 1,16,64 --threads 2
            """)

    @Argument(help: "The package: REPOSITORY/MODEL/VERSION.")
    var package: String

    @Option(help: "Candidates a request, separated by commas.")
    var rows = "1,16,64,256"

    @Option(help: "Threads that call the engine side by side.")
    var threads = 1

    @Option(help: "Which executor: int8, float or reference (clear, not fast).")
    var executor = ExecutorName.int8

    @Option(help: "Seconds a measurement takes at least.")
    var seconds = 1.0

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard Self.counts(rows) != nil else {
            throw ValidationError("--rows takes numbers from 1 to 100000, as 1,16,64")
        }
        guard (1...256).contains(threads) else {
            throw ValidationError("--threads takes 1 to 256")
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
            callee: callee, graph: graph, threadCount: threads, seconds: seconds)
        var results: [EngineBench.Result] = []
        for count in Self.counts(rows) ?? [] {
            Terminal.progress("bench: \(count) rows, \(threads) thread(s) ...")
            results.append(try bench.measured(rowCount: count))
        }
        Terminal.clearProgress()
        Terminal.write(json ? jsonText(results) : tableText(results))
    }

    private func tableText(_ results: [EngineBench.Result]) -> String {
        var table = TextTable(["rows", "threads", "p50 us", "p99 us", "rows/s"])
        for result in results {
            table.add([
                "\(result.rowCount)", "\(threads)", Readable.fixed(result.p50Microseconds, 1),
                Readable.fixed(result.p99Microseconds, 1),
                Readable.grouped(Int(result.rowsPerSecond)),
            ])
        }
        return table.text
    }

    private func jsonText(_ results: [EngineBench.Result]) -> String {
        let items = results.map { result in
            JSONText.object([
                ("rows", .integer(result.rowCount)), ("threads", .integer(threads)),
                ("p50_us", .number(result.p50Microseconds)),
                ("p99_us", .number(result.p99Microseconds)),
                ("rows_per_s", .number(result.rowsPerSecond)),
            ])
        }
        let report = JSONText.object([
            ("package", .string(package)), ("executor", .string(executor.rawValue)),
            ("results", .array(items)),
        ])
        return report.text + "\n"
    }

    private static func counts(_ text: String) -> [Int]? {
        let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard !counts.isEmpty, counts.allSatisfy({ $0.map { (1...100_000).contains($0) } ?? false })
        else { return nil }
        return counts.compactMap { $0 }
    }
}
