import TandemGraph

/// Lowers an ONNX model to a graph.
package enum Importer {
    /// Reads and lowers a model's file.
    ///
    /// - Parameters:
    ///   - path: The `.onnx` file.
    ///   - options: What is said beside the model.
    ///   - progress: Called with the share of nodes that are lowered, 0 to 1.
    /// - Returns: The graph as the model has it, without row axes.
    /// - Throws: `ImportError` with everything that cannot be imported.
    package static func importModel(
        path: String, options: ImportOptions = ImportOptions(),
        progress: (Double) -> Void = { _ in }
    ) throws(ImportError) -> ImportedModel {
        try importModel(try ONNXModel.load(path), options: options, progress: progress)
    }

    /// Lowers a model whose structure was checked.
    ///
    /// - Parameters:
    ///   - model: What `ONNXModel.checked()` gave.
    ///   - options: What is said beside the model.
    ///   - progress: Called with the share of nodes that are lowered, 0 to 1.
    /// - Returns: The graph as the model has it, without row axes.
    /// - Throws: `ImportError` with everything that cannot be imported.
    package static func importModel(
        _ model: ONNXModel, options: ImportOptions = ImportOptions(),
        progress: (Double) -> Void = { _ in }
    ) throws(ImportError) -> ImportedModel {
        do throws(ImportError) {
            let name = model.graph.name.isEmpty ? "model" : model.graph.name
            return try withoutActuallyEscaping(progress) { progress throws(ImportError) in
                let walk = try GraphWalk(name, options)
                let graph =
                    options.keepsQuantization
                    ? model.graph : QuantizationRemoval.applied(to: model).graph
                var imported = try walk.lower(graph, progress)
                imported.files = model.files
                return imported
            }
        } catch {
            var located = error
            located.file = model.path
            throw located
        }
    }
}
