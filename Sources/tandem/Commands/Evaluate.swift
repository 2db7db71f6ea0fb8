import ArgumentParser
import TandemFeatures
import TandemPackage
import TandemTraining

/// Measures a package against labelled data.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures a package, task by task, on labelled data.",
        discussion: """
            The files are read by the specification that the package was trained from, and only the \
            rows of its test part count, unless --all is given. --executor can be repeated; figures \
            of several executors stand side by side.

            Example:
              tandem evaluate models/shop/1 shop.csv --executor int8 --all
            """)

    @Argument(help: "The package: REPOSITORY/MODEL/VERSION.")
    var package: String

    @Argument(help: "CSV files, plain, gz or zst.")
    var data: [String]

    @Option(help: "Which executor: int8, float or reference; can be repeated.")
    var executor: [ExecutorName] = [.float, .int8]

    @Flag(help: "Measure on all rows, not only on those of the test part.")
    var all = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let opened = try PackageReader.open(package)
        let input = try PackageExamples.labelled(opened, paths: data)
        let rows =
            all
            ? (0..<input.examples.rowCount).map { Int32($0) } : input.examples.rows(.test)
        guard !rows.isEmpty else {
            throw Failure(
                .dataError, "\(data[0]): has no row of the test part; use --all for all rows")
        }
        let evaluator = Evaluator(
            input.spec, input.examples, tasks: opened.model.signature.tasks)
        var byExecutor: [(ExecutorName, [TaskFigures])] = []
        for name in executor {
            Terminal.progress(
                "evaluate: \(name.rawValue), \(Readable.grouped(rows.count)) rows ...")
            let program = try LoadedProgram(path: package, executor: name)
            let executor = try Executor(name, program.weights)
            let figures = try evaluator.evaluate(try input.encoded(program), rows: rows) {
                try executor.scores($0, rowCount: $1)
            }
            byExecutor.append((name, figures))
        }
        Terminal.clearProgress()
        let table = FiguresTable(sideBySide: byExecutor)
        Terminal.write(json ? table.json + "\n" : table.text)
    }
}
