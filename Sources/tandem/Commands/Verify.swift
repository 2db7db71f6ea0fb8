import ArgumentParser
import TandemPackage

/// Checks every byte of a package.
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads every byte of a package and lists everything that is wrong.",
        discussion: """
            Checks the manifest, each shard's SHA-256, and each block's checksum and decoding. The \
            exit status is 0 if nothing is wrong and 1 if something is.

            Example:
              tandem verify models/shop/1
            """)

    @Argument(help: "The package: REPOSITORY/MODEL/VERSION.")
    var package: String

    @Option(help: "Threads; without it one per core.")
    var threads: Int?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard threads.map((1...256).contains) ?? true else {
            throw ValidationError("--threads takes 1 to 256")
        }
    }

    func run() throws {
        let problems = PackageReader.verify(package, threads: threads ?? Processors.count) {
            Terminal.progress("verify: \($0) of \($1) shards ...")
        }
        Terminal.clearProgress()
        if json {
            Terminal.line(report(problems).text)
        } else {
            for problem in problems { Terminal.line(problem.description) }
            if problems.isEmpty { Terminal.line("\(package): every byte is as it was written") }
        }
        if !problems.isEmpty { throw ExitCode(1) }
    }

    private func report(_ problems: [PackageError]) -> JSONText {
        .object([
            ("package", .string(package)),
            ("problems", .array(problems.map(Self.json))),
        ])
    }

    private static func json(_ problem: PackageError) -> JSONText {
        .object([
            ("code", .string(problem.code.description)),
            ("path", problem.path.map(JSONText.string) ?? .null),
            ("subject", problem.subject.map(JSONText.string) ?? .null),
            ("block", problem.block.map(JSONText.integer) ?? .null),
            ("byte_offset", problem.byteOffset.map(JSONText.integer) ?? .null),
            ("message", .string(problem.message)),
        ])
    }
}
