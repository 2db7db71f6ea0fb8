import TandemGraph
import TandemImport
import TandemNotation

/// An ONNX model as it is served: a graph of one row, in the form that the engine compiles.
struct ServedImport {
    /// The graph and its tensors.
    let model: WeightedGraph
    /// What was assumed while the model was read.
    let notes: [String]
    private let files: [MappedFile]

    /// Reads a model, takes its batch out, and recognises its layers.
    ///
    /// - Throws: `ImportError` with everything that cannot be imported, or `GraphError`.
    init(_ path: String, _ settings: ImportSettings) throws {
        Terminal.progress("import: reading \(path) ...")
        var options = ImportOptions(sizes: settings.sizes)
        options.keepsQuantization = false
        let imported = try Importer.importModel(path: path, options: options) { share in
            Terminal.progress("import: \(Int(share * 100)) % of the nodes ...")
        }
        notes = imported.notes
        files = imported.files
        Terminal.progress("import: taking the batch out and recognising layers ...")
        model = try Self.served(imported, path, settings)
    }

    /// Gives pages of the model's files back to the system; they are read again when needed.
    func releasePages() {
        for file in files { file.releasePages() }
    }

    private static func served(
        _ imported: ImportedModel, _ path: String, _ settings: ImportSettings
    ) throws -> WeightedGraph {
        let inputs = imported.graph.inputs.map { imported.graph[$0].name }
        var context: Set<String> = []
        for name in settings.context.union(settings.features?.contextInputs ?? []).sorted() {
            let plain = GraphName.sanitized(name)
            guard inputs.contains(plain) else {
                throw ImportError(
                    .unknownInput, "the model has no input '\(name)'",
                    remedy: NearestName.remedy(name, among: inputs), file: path)
            }
            context.insert(plain)
        }
        let batch = settings.batch.map { text -> RowExtraction.Batch in
            Int(text).map { .frozen($0) } ?? .symbol(text)
        }
        var columns: [String: Range<Int>] = [:]
        for (name, range) in settings.contextColumns {
            columns[GraphName.sanitized(name)] = range
        }
        let form = ServingForm(context: context, contextColumns: columns, batch: batch)
        let outcome = try form.outcome(for: WeightedGraph(imported.graph, imported.tensors))
        if let model = outcome.model { return model }
        let problems = outcome.refusals.map {
            ImportProblem(.rowsMixed, $0.message, node: $0.subject)
        }
        throw ImportError(problems: problems, file: path)
            ?? ImportError(.rowsMixed, "the batch cannot be taken out", file: path)
    }
}
