import TandemEngine
import TandemFeatures
import TandemGraph
import TandemPackage

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
        let arrays = try arrays(inputs, graph)
        let rowCount = try rowCount(arrays)
        let encoded = encoded(arrays, rowCount)
        // The inputs are borrowed by address.
        let scores = try withExtendedLifetime(encoded.storages) {
            try Executor(name, program.weights).scores(encoded.inputs, rowCount: rowCount)
        }
        for (index, id) in graph.outputs.enumerated() {
            let sizes = graph[id].type.fixedSizes ?? []
            let file = try OutputFile(path: path(outputs, graph[id].name))
            try file.append(NumpyArray.bytes(scores[index], shape: [rowCount] + sizes))
            try file.finish()
        }
    }

    /// Every input of a graph from its file, ids checked against the tables they are for.
    static func arrays(_ folder: String, _ graph: Graph) throws(Failure) -> [NumpyArray] {
        let limits = IdentifierLimits(graph)
        var arrays: [NumpyArray] = []
        for id in graph.inputs {
            let array = try NumpyArray(path: path(folder, graph[id].name), type: graph[id].type)
            if let limit = limits.exclusiveLimit(of: id) {
                try array.checkIdentifiers(below: limit)
            }
            arrays.append(array)
        }
        return arrays
    }

    /// Arrays as an executor takes them; a context's one row stands for all.
    ///
    /// The storages own the memory that the inputs point into.
    static func encoded(
        _ arrays: [NumpyArray], _ rowCount: Int
    ) -> (inputs: EncodedInputs, storages: [TensorStorage]) {
        let storages = arrays.map { array in
            let storage = TensorStorage(byteCount: array.rowBytes * rowCount)
            for row in 0..<rowCount {
                array.copy(
                    row: array.rowCount == 1 ? 0 : row, to: storage.base + row * array.rowBytes)
            }
            return storage
        }
        let inputs = zip(arrays, storages).map {
            EncodedInput(base: $1.base, rowStride: $0.rowBytes / 4)
        }
        return (EncodedInputs(inputs), storages)
    }

    /// Writes every tensor of a package to `NAME.npy`.
    ///
    /// - Throws: `PackageError`, or `Failure` naming the file.
    static func export(_ package: Package, to folder: String) throws {
        try OutputDirectory.make(folder)
        var written: Set<String> = []
        for program in package.model.programs {
            for (name, tensor) in try package.load(program: program.name)
            where written.insert(name).inserted {
                let file = try OutputFile(path: path(folder, name))
                try file.append(NumpyArray.header(tensor.dtype, shape: tensor.shape))
                try file.append(Array(tensor.bytes))
                try file.finish()
            }
        }
    }

    private static func path(_ directory: String, _ name: String) -> String {
        directory + "/"
            + name.split(separator: "/", omittingEmptySubsequences: false)
            .joined(separator: "__") + ".npy"
    }

    /// The number of rows that all arrays have; those of the context may have one.
    static func rowCount(_ arrays: [NumpyArray]) throws(Failure) -> Int {
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
