import ArgumentParser
import TandemEngine
import TandemFeatures
import TandemGraph
import TandemPackage

/// Shows what a package holds.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows a package's signature, graph, shards, sizes and quality.",
        discussion: """
            Example:
              tandem inspect models/shop/1
              tandem inspect models/shop/1 --graph --executor int8
              tandem inspect models/shop/1 --plan --passes
              tandem inspect models/shop/1 --shards
              tandem inspect models/shop/1 --quality
              tandem inspect models/shop/1 --dot | dot -Tsvg > graph.svg
            """)

    @Argument(help: "The package: REPOSITORY/MODEL/VERSION.")
    var package: String

    @Flag(help: "Print the graph of the executor's program.")
    var graph = false

    @Flag(help: "Print that graph in Graphviz's language.")
    var dot = false

    @Flag(help: "Print the hash of that graph with its weights, whatever its values are called.")
    var hash = false

    @Flag(
        help: """
            Print the passes that made the program, the kernel calls that it becomes on this \
            machine, and the memory that these have.
            """)
    var plan = false

    @Flag(help: "With --plan, print the graph after each pass that makes int8 of float.")
    var passes = false

    @Flag(help: "Print every tensor, where it lies, and every shard.")
    var manifest = false

    @Flag(help: "Print how each shard and each tensor in it is compressed.")
    var shards = false

    @Option(help: "Write every tensor to a file NAME.npy in this folder instead.")
    var export: String?

    @Flag(help: "Print every task's figures, float beside int8, and the quantiser's choices.")
    var quality = false

    @Option(help: "Whose program --graph, --dot, --hash and --plan show: int8 or float.")
    var executor = ExecutorName.int8

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard !passes || plan else { throw ValidationError("--passes goes with --plan") }
        guard !json || !(plan || graph || dot || hash || export != nil) else {
            throw ValidationError(
                "--json goes with --quality, --shards, --manifest, or none of the others")
        }
    }

    func run() throws {
        let opened = try PackageReader.open(package)
        if let export {
            try TensorFiles.export(opened, to: export)
        } else if plan {
            Terminal.write(
                try PlanReport(package, executor, printsGraphs: passes).text)
        } else if hash {
            let program = try LoadedProgram(path: package, executor: executor)
            Terminal.line(try program.weights.contentID().hexadecimal)
        } else if graph || dot {
            guard let program = opened.model.program(named: executor.programName) else {
                throw Failure(
                    .dataError, "\(package): has no program '\(executor.programName)'")
            }
            Terminal.write(dot ? program.graph.dot : program.graph.text)
        } else if shards {
            let report = try ShardReport(opened)
            Terminal.write(json ? report.json.text + "\n" : report.text)
        } else if quality && !json {
            Terminal.write(PackageReport(opened).qualityText)
        } else if json {
            Terminal.line(PackageReport(opened).json.text)
        } else if manifest {
            Terminal.write(PackageReport(opened).manifestText)
        } else {
            Terminal.write(PackageReport(opened).text)
        }
    }
}
