import TandemEngine
import TandemFeatures
import TandemGraph

/// Runs a program over tensors in NumPy's file format, one file a tensor.
enum TensorFiles {
    /// Reads every input of the graph from `NAME.npy`, and writes every output so.
    ///
    /// Slashes in names become two underscores. Inputs are `[rows, ...]`; those of the context have
    /// one row, or as many as the candidates.
    ///
    /// - Throws: `Failure`, naming the file.
    static func run(
        _ program: LoadedProgram, _ name: ExecutorName, inputs: String, outputs: String
    ) throws {
        let graph = program.weights.graph
        let arrays = try graph.inputs.map { id in
            try NumpyArray(path: path(inputs, graph[id].name), type: graph[id].type)
        }
        let limits = IdentifierLimits(graph)
        for (id, array) in zip(graph.inputs, arrays) where graph[id].type.dtype == .int32 {
            try array.checkIdentifiers(below: limits.exclusiveLimit(of: id))
        }
        let rowCount = try rowCount(arrays)
        let storages = arrays.map { array in
            let storage = TensorStorage(byteCount: array.rowBytes * rowCount)
            for row in 0..<rowCount {
                array.copy(
                    row: array.rowCount == 1 ? 0 : row, to: storage.base + row * array.rowBytes)
            }
            return storage
        }
        let encoded = EncodedInputs(
            storages.indices.map {
                EncodedInput(base: storages[$0].base, rowStride: arrays[$0].rowBytes / 4)
            })
        // The inputs are borrowed by address.
        let scores = try withExtendedLifetime(storages) {
            try Executor(name, program.weights).scores(encoded, rowCount: rowCount)
        }
        for (index, id) in graph.outputs.enumerated() {
            let sizes = graph[id].type.fixedSizes ?? []
            let file = try OutputFile(path: path(outputs, graph[id].name))
            try file.append(NumpyArray.bytes(scores[index], shape: [rowCount] + sizes))
            try file.finish()
        }
    }

    private static func path(_ directory: String, _ name: String) -> String {
        directory + "/"
            + name.split(separator: "/", omittingEmptySubsequences: false)
            .joined(separator: "__") + ".npy"
    }

    private static func rowCount(_ arrays: [NumpyArray]) throws(Failure) -> Int {
        let rowCount = arrays.map(\.rowCount).max() ?? 0
        for array in arrays where array.rowCount != rowCount {
            guard array.isContext, array.rowCount == 1 else {
                throw Failure(
                    .dataError,
                    "\(array.path): has \(array.rowCount) rows, others have \(rowCount)")
            }
        }
        return rowCount
    }
}
