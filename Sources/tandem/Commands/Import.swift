import ArgumentParser
import TandemImport

/// Makes a package of an ONNX model.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Makes a package of an ONNX model.",
        discussion: """
            The batch is taken out of the model, what depends on the context alone is computed \
            once a request, and a float and an int8 program are written. Inputs whose first \
            dimension is 1 where others have the batch are the context's; so are those of \
            --context. What cannot be imported is listed, all of it, with what to change at the \
            export; nothing is written then.

            Without --features callers give the model's inputs as they are. With it, FILE says \
            which raw values (texts, ids, numbers, lists) become which input.

            Example:
              tandem import shop.onnx --out models/shop/2 --context user_id,age
              tandem import shop.onnx --out models/shop/3 \\
                  --context 'sparse[0:28],dense[0:8]'
            """)

    @Argument(help: "The model, an .onnx file; its external files lie beside it.")
    var model: String

    @Option(
        help: "Where to publish: REPOSITORY/MODEL/VERSION. An existing version is never changed.")
    var out: String?

    @Option(help: "A file of features and tasks, TOML.")
    var features: String?

    @Option(
        help: """
            Inputs that are the same for all rows of a request: NAME,... Of a matrix input, \
            NAME[FROM:TO] takes columns FROM to TO - 1; it becomes NAME.context and NAME.candidate.
            """)
    var context: String?

    @Option(
        name: .customLong("dim"), help: "A size for a named dimension: NAME=SIZE. May be repeated.")
    var sizes: [String] = []

    @Option(help: "The batch: the name of a dimension, or the number it was frozen to.")
    var batch: String?

    @Option(
        help: """
            A folder with rows of each input as NAME.npy, best of many requests: golden vectors \
            are taken from them, and the int8 program is chosen by its scores on them, as \
            `tandem quantize` does. Inputs of the context have one row, or one for each candidate.
            """)
    var calibrate: String?

    @OptionGroup var difference: DifferenceOptions

    @OptionGroup var compression: CompressionOption

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if let out { _ = try PackageTarget(out) }
        _ = try namedSizes()
        _ = try contextParts()
        if calibrate == nil, let given = difference.given {
            throw ValidationError("\(given) judges the rows of --calibrate; give both or neither")
        }
    }

    func run() throws {
        let target = try out.map { try PackageTarget($0) }
        try target?.check()
        var gate = QualityGate()
        difference.apply(to: &gate)
        let settings = ImportSettings(
            sizes: try namedSizes(),
            context: try contextParts().names, contextColumns: try contextParts().columns,
            batch: batch, features: try features.map { try FeatureFile(path: $0) },
            calibration: calibrate, gate: gate)
        let imported = try ImportedPackage(model, settings)
        Terminal.progress("import: writing shards ...")
        let path = try target?.publish(imported.contents, level: compression.compress)
        Terminal.clearProgress()
        Terminal.write(
            json ? imported.json(path: path).text + "\n" : imported.text(path: path))
    }

    /// Whole inputs by name, and columns of others.
    private func contextParts() throws -> (names: Set<String>, columns: [String: Range<Int>]) {
        var names: Set<String> = []
        var columns: [String: Range<Int>] = [:]
        guard let context else { return ([], [:]) }
        for part in context.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            let name = String(pieces[0])
            guard !name.isEmpty, pieces.count <= 2, names.insert(name).inserted else {
                throw ValidationError("--context '\(part)': write NAME or NAME[FROM:TO], once each")
            }
            guard pieces.count == 2 else { continue }
            let bounds = pieces[1].dropLast().split(
                separator: ":", omittingEmptySubsequences: false)
            guard pieces[1].hasSuffix("]"), bounds.count == 2, let from = Int(bounds[0]),
                let end = Int(bounds[1]), from >= 0, from < end
            else {
                throw ValidationError(
                    "--context '\(part)': columns are [FROM:TO], two numbers, FROM below TO")
            }
            names.remove(name)
            columns[name] = from..<end
        }
        return (names, columns)
    }

    private func namedSizes() throws -> [String: Int] {
        var named: [String: Int] = [:]
        for text in sizes {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let size = Int(parts[1]), size > 0 else {
                throw ValidationError("--dim '\(text)': write NAME=SIZE, the size a number from 1")
            }
            guard named.updateValue(size, forKey: parts[0]) == nil else {
                throw ValidationError("--dim '\(text)': the dimension has a size already")
            }
        }
        return named
    }
}
