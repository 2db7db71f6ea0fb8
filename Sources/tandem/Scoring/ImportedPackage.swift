import TandemEngine
import TandemFeatures
import TandemGraph
import TandemImport
import TandemPackage
import TandemTraining

/// What an ONNX model becomes: a package with a float and an int8 program.
struct ImportedPackage {
    /// What is published.
    let contents: PackageContents
    private let notes: [String]
    private let search: QuantizationSearch.Result?

    /// Reads a model, takes its batch out, and compiles its programs: int8 by rule, or, with
    /// calibration rows, as `tandem quantize` does.
    ///
    /// - Throws: `ImportError` with everything that cannot be imported, `GraphError`,
    ///   `EngineError`, or `Failure` for calibration files and a gate that no choice passes.
    init(_ path: String, _ settings: ImportSettings) throws {
        let served = try ServedImport(path, settings)
        notes = served.notes
        let signature = try Self.located(path) { () throws(ImportError) in
            try SignatureBinding.signature(of: served.model.graph, settings.features)
        }
        Terminal.progress("import: compiling ...")
        var trace = PassTrace()
        let float = try ProgramCompiler.float(served.model) { trace.add($0, $1, $2) }
        let calibration = try settings.calibration.map { try CalibrationRows($0, float) }
        let rows = try calibration?.quantizationRows
        let found = try rows.map { rows in
            var search = try QuantizationSearch(
                float, gate: settings.gate, rows: rows, allowsFloat: true)
            return try search.result()
        }
        search = found
        let int8 = try found?.program ?? ProgramCompiler.int8(float)
        served.releasePages()
        let programs = [(ExecutorName.float, float), (.int8, int8)]
        let sample = calibration?.sample ?? SampleRequest.sample(float.graph, signature)
        let goldens = try GoldenRecorder.vectors([sample], programs)
        served.releasePages()
        contents = PackageContents(
            model: PackagedModel(
                name: float.graph.name, createdWith: "tandem \(ToolVersion.text)",
                signature: signature,
                programs: programs.map {
                    Program(
                        name: $0.programName, graph: $1.graph,
                        numericsVersion: ProgramCompiler.numericsVersion)
                }, goldens: goldens, quality: rows.flatMap { found?.quality($0) } ?? [],
                choices: found?.choices ?? [],
                provenance: [ProvenanceEntry("importer", "tandem \(ToolVersion.text)")]
                    + trace.provenance),
            tensors: float.tensors.merging(int8.tensors) { first, _ in first })
    }

    private static func located<Result>(
        _ path: String, _ body: () throws(ImportError) -> Result
    ) throws(ImportError) -> Result {
        do throws(ImportError) {
            return try body()
        } catch {
            var located = error
            if located.file.isEmpty { located.file = path }
            throw located
        }
    }
}

extension ImportedPackage {
    private var graph: Graph { contents.model.programs[0].graph }

    /// The summary for people: inputs, tasks, work, where it went.
    func text(path: String?) -> String {
        let work = graph.work
        let tasks = contents.model.signature.tasks
            .map { "\($0.name) (\($0.kind.name))" }.joined(separator: ", ")
        let sides = Dictionary(grouping: contents.model.signature.features, by: \.side)
        var lines = [
            "imported \(contents.model.signature.features.count) feature(s): "
                + "\(sides[.context]?.count ?? 0) of the context, "
                + "\(sides[.candidate]?.count ?? 0) of the candidates",
            "tasks: \(tasks)",
            "multiply-adds: \(Readable.grouped(work.perRequest)) a request, "
                + "\(Readable.grouped(work.perCandidate)) a candidate",
        ]
        lines += notes.map { "note: \($0)" }
        lines += search?.readings.map { "int8 against float: \($0.text)" } ?? []
        for operation in search?.raised ?? [] {
            lines.append("raised \(operation.candidate.name) to \(operation.precision.rawValue)")
        }
        lines.append(path.map { "published \($0)" } ?? "nothing was written; --out publishes it")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The same for programs.
    func json(path: String?) -> JSONText {
        let work = graph.work
        return .object([
            ("package", path.map(JSONText.string) ?? .null),
            ("tasks", .array(contents.model.signature.tasks.map { .string($0.name) })),
            ("features", .array(contents.model.signature.features.map { .string($0.name) })),
            ("multiply_adds_request", .integer(work.perRequest)),
            ("multiply_adds_candidate", .integer(work.perCandidate)),
            ("notes", .array(notes.map(JSONText.string))),
        ])
    }
}
