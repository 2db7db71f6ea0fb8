import ArgumentParser
import TandemPackage

/// Makes a new version whose int8 program was measured on data and passed a gate.
struct Quantize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a new version whose int8 program keeps its quality on given data.",
        discussion: """
            Each operation is brought to int8 alone and measured; then all of them are, and the \
            result is judged task by task against the float program. Where a task is worse than a \
            limit allows, operations are raised one by one, those first that give most for their work: \
            layers of the context to two int8 digits, then to float; others to float. The new version \
            keeps the float program as it is, and says what was decided and measured.

            The data are files as the model was trained on, of which the rows of the test part \
            judge; or one folder with an .npy file an input, which has no labels, so that scores \
            are compared.

            Example:
              tandem quantize models/shop/1 shop.csv --out models/shop/2 \\
                  --max-auc-loss 0.0005
              tandem inspect models/shop/2 --quality
            """)

    @Argument(help: "The package: REPOSITORY/MODEL/VERSION.")
    var package: String

    @Argument(help: "CSV files, plain, gz or zst; or a folder of .npy files.")
    var data: [String]

    @Option(
        help: "Where to publish: REPOSITORY/MODEL/VERSION. An existing version is never changed.")
    var out: String?

    @Option(
        name: .customLong("max-auc-loss"),
        help: "With labels: how much lower a task's AUC may be. (default: 0.0005)")
    var aucLossMax: Double?

    @Option(
        name: .customLong("max-logloss"),
        help: "With labels: how much higher a task's log loss may be. (default: 0.001)")
    var logLossMax: Double?

    @Option(
        name: .customLong("max-calibration"),
        help: """
            With labels: how far the sum of predictions over the number of positives may move. \
            (default: 0.005)
            """)
    var calibrationMax: Double?

    @Option(
        name: .customLong("max-rmse"),
        help: """
            With labels: how much higher a number's root mean squared error may be, as a share of \
            it. (default: 0.001)
            """)
    var rmseMax: Double?

    @OptionGroup var difference: DifferenceOptions

    @Flag(help: "Refuse when a task fails the gate, instead of raising operations.")
    var noFallback = false

    @OptionGroup var compression: CompressionOption

    @Flag(help: "Print JSON.")
    var json = false

    private var labelLimits: [(name: String, limit: Double?)] {
        [
            ("--max-auc-loss", aucLossMax), ("--max-logloss", logLossMax),
            ("--max-calibration", calibrationMax), ("--max-rmse", rmseMax),
        ]
    }

    func validate() throws {
        if let out { _ = try PackageTarget(out) }
        for (name, limit) in labelLimits { try DifferenceOptions.check(name, limit) }
    }

    /// The limits, those that were given over the defaults.
    ///
    /// - Throws: `Failure` for a limit of a figure that the data do not have.
    private func gate(hasLabels: Bool) throws(Failure) -> QualityGate {
        if hasLabels, let given = difference.given {
            throw Failure(
                .usage,
                "\(given) is for rows without labels; these have some: --max-auc-loss, "
                    + "--max-logloss, --max-calibration and --max-rmse judge them")
        }
        if !hasLabels, let given = labelLimits.first(where: { $0.limit != nil }) {
            throw Failure(
                .usage,
                "\(given.name) needs labels, and \(data[0]) has none: --max-difference "
                    + "and --max-mean-difference judge its scores")
        }
        var gate = QualityGate()
        gate.aucLossMax = aucLossMax ?? gate.aucLossMax
        gate.logLossMax = logLossMax ?? gate.logLossMax
        gate.calibrationMax = calibrationMax ?? gate.calibrationMax
        gate.rmseMax = rmseMax ?? gate.rmseMax
        difference.apply(to: &gate)
        return gate
    }

    func run() throws {
        let target = try out.map { try PackageTarget($0) }
        try target?.check()
        let program = try LoadedProgram(path: package, executor: .float)
        let rows = try QuantizationRows(program, paths: data)
        var search = try QuantizationSearch(
            program.weights, gate: try gate(hasLabels: rows.hasLabels), rows: rows,
            allowsFloat: !noFallback)
        let result = try search.result()
        Terminal.progress("quantize: writing ...")
        let quantized = try QuantizedPackage(program, rows, result)
        let path = try target?.publish(quantized.contents, level: compression.compress)
        Terminal.clearProgress()
        let report = QuantizationReport(result: result, rows: rows)
        Terminal.write(json ? report.json(path: path).text + "\n" : report.text(path: path))
    }
}
