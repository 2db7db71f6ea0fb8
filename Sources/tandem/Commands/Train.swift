import ArgumentParser
import TandemPackage
import TandemTraining

/// Trains a model and writes it as a package.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a model from CSV files and writes it as a package.",
        discussion: """
            The specification says what the features and tasks are; `tandem recipe show` prints \
            some to start from. Without --out the model is trained and measured, and nothing is \
            written. Same seed, same threads: same bytes.

            Example:
              tandem train shop.toml shop.csv --out models/shop/1
            """)

    @Argument(help: "The specification, TOML.")
    var specification: String

    @Argument(help: "CSV files, plain, gz or zst.")
    var data: [String]

    @Option(
        help: "Where to publish: REPOSITORY/MODEL/VERSION. An existing version is never changed.")
    var out: String?

    @Option(help: "Seed of initial weights and shuffling, instead of the specification's.")
    var seed: UInt64?

    @Option(help: "Seed of the split by hash, instead of the specification's.")
    var splitSeed: UInt64?

    @Option(help: "Worker threads, instead of the specification's or all processors.")
    var threads: Int?

    @OptionGroup var compression: CompressionOption

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if let out { _ = try PackageTarget(out) }
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads takes 1 to 256")
        }
    }

    func run() throws {
        let target = try out.map { try PackageTarget($0) }
        try target?.check()
        let spec = try TrainingSpec(path: specification)
            .overriding(seed: seed, splitSeed: splitSeed, threadCount: threads)
        let packaged = try trained(spec)
        let path = try target?.publish(packaged.contents, level: compression.compress)
        Terminal.write(
            json
                ? packaged.json(path: path).text + "\n"
                : packaged.text(path: path))
    }

    /// Reads, trains and compiles; a fault of the specification names its file.
    private func trained(_ spec: TrainingSpec) throws -> PackagedTraining {
        do {
            Terminal.progress("train: reading \(data.joined(separator: ", ")) ...")
            let examples = try Examples.read(spec, paths: data)
            let line = TrainingLine()
            let run = TrainingRun(spec, examples, encoders: try Encoders.open(spec))
            let model = try run.run { done, count in
                Terminal.progress("train: encoded \(done) of \(count) texts ...")
            } progress: { state in
                line.show(state)
                return .proceed
            }
            Terminal.clearProgress()
            return try PackagedTraining(model, examples)
        } catch let error as TrainingError where error.key != nil {
            throw error.at(file: specification)
        }
    }
}
