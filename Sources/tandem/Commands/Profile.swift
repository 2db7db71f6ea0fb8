import ArgumentParser
import TandemEngine
import TandemGraph

/// Says where a program's time goes, by step, and what of the machine it uses.
struct Profile: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says where a program's time goes, by step, against this machine's limits.",
        discussion: """
            The steps of the plan run one by one on random requests, each under the clock. Beside \
            each stand its multiply-adds and bytes, and what share they are of what one core of \
            this machine was just measured to do at most: int8 or float multiply-adds from \
            registers, and reading from the third-level cache.

            Example:
              tandem profile models/shop/1 --rows 64
            """)

    @Argument(help: "The package: REPOSITORY/MODEL/VERSION.")
    var package: String

    @Option(help: "Candidates a request.")
    var rows = 64

    @Option(help: "Which executor: int8 or float.")
    var executor = ExecutorName.int8

    @Option(help: "Seconds to measure at least.")
    var seconds = 2.0

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (1...100_000).contains(rows) else {
            throw ValidationError("--rows takes a number from 1 to 100000")
        }
        guard seconds > 0, seconds <= 3600 else {
            throw ValidationError("--seconds takes more than 0, up to 3600")
        }
        guard executor != .reference else {
            throw ValidationError("--executor reference is for comparison, not for timing")
        }
    }

    func run() throws {
        let program = try LoadedProgram(path: package, executor: executor)
        let plan = try Plan(program.weights.graph, program.weights.tensors)
        Terminal.progress("profile: measuring the machine ...")
        let limits = MachineLimits.measured()
        Terminal.progress("profile: \(rows) rows ...")
        let profile = PlanProfile(plan, program.weights.graph, rowCount: rows, seconds: seconds)
        Terminal.clearProgress()
        let report = ProfileReport(profile: profile, limits: limits, package: package)
        Terminal.write(json ? report.json.text + "\n" : report.text)
    }
}
