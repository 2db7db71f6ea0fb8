import ArgumentParser
import TandemPackage

/// Copies a package into a repository.
struct Publish: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copies a package into a repository, checking every byte; whole or not at all.",
        discussion: """
            The version appears by one rename, after everything in it is on the disk. Without \
            --version it gets the number after the highest there is.

            Example:
              tandem publish shop.build/shop/1 /var/lib/tandem/models
              tandem publish shop.build/shop/1 /var/lib/tandem/models --strip
            """)

    @Argument(help: "The package: a version's directory.")
    var package: String

    @Argument(help: "The repository; it is made if it is not there.")
    var repository: String

    @Option(help: "The name to publish it under; without it the package's own.")
    var model: String?

    @Option(help: "The version's number.")
    var version: UInt64?

    @Flag(help: "Leave the float program out, with its tensors: what a daemon needs, and no more.")
    var strip = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let opened = try PackageReader.open(package)
        if strip, opened.model.program(named: Program.int8) == nil {
            throw Failure(
                .dataError, "\(package): has no int8 program, so nothing can be left out of it")
        }
        let path = try Repository(path: repository).publish(
            copyOf: opened, model: model, version: version,
            keeping: strip ? [Program.int8] : nil, threads: Processors.count
        ) { Terminal.progress("publish: checked \($0) of \($1) shards ...") }
        Terminal.clearProgress()
        let identity = try PackageReader.open(path).contentID.hexadecimal
        Terminal.line(
            json
                ? JSONText.object([("path", .string(path)), ("identity", .string(identity))]).text
                : path)
    }
}
