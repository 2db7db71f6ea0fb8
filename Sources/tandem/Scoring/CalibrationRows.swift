import TandemEngine
import TandemFeatures
import TandemGraph
import TandemPackage
import TandemTraining

/// How far int8 is from float on one task's calibration rows.
struct TaskDifference {
    var task: String
    /// Mean of the absolute differences.
    var mean: Double
    /// The largest one.
    var largest: Double
    var rowCount: Int

    /// As a package stores it.
    var figure: QualityFigure {
        QualityFigure(
            program: Program.int8, task: task, metric: "mean_difference_to_float", value: mean,
            rowCount: rowCount, split: "calibration")
    }
}

/// Rows of a model's inputs that its owner gives, one .npy file an input.
struct CalibrationRows {
    private static let sampleRowCount = 5
    private let graph: Graph
    private let arrays: [NumpyArray]
    private let rowCount: Int

    /// Reads every input of a program.
    ///
    /// - Throws: `Failure` naming the file: missing, of another shape, an id that no table has, or
    ///   a context input that differs from row to row.
    init(_ folder: String, _ program: WeightedGraph) throws {
        graph = program.graph
        arrays = try TensorFiles.arrays(folder, graph)
        rowCount = try TensorFiles.rowCount(arrays)
        for array in arrays where array.isContext {
            if let row = array.firstRowUnlikeFirst {
                throw Failure(
                    .dataError,
                    "\(array.path): is an input of the context, but row \(row) is not like row 0; "
                        + "take it out of --context, or give rows of one request")
            }
        }
    }

    /// The first rows as a request.
    var sample: SampleInputs {
        let count = min(rowCount, Self.sampleRowCount)
        return SampleInputs(
            candidateRowCount: count,
            inputs: zip(graph.inputs, arrays).map { id, array in
                let rows = array.isContext ? 1 : count
                return SampleInputs.Input(
                    name: graph[id].name, rowShape: graph[id].type.fixedSizes ?? [],
                    bytes: array.bytes(rows: 0..<rows))
            })
    }

    /// Compares the second program's scores with the first one's, by task.
    func differences(
        _ programs: [(ExecutorName, WeightedGraph)]
    ) throws -> [TaskDifference] {
        let encoded = TensorFiles.encoded(arrays, rowCount)
        let scores = try withExtendedLifetime(encoded.storages) {
            try programs.map { try Executor($0, $1).scores(encoded.inputs, rowCount: rowCount) }
        }
        return graph.outputs.enumerated().map { index, id in
            let gaps = zip(scores[0][index], scores[1][index]).map { Double(abs($0 - $1)) }
            return TaskDifference(
                task: graph[id].name, mean: gaps.reduce(0, +) / Double(max(gaps.count, 1)),
                largest: gaps.max() ?? 0, rowCount: rowCount)
        }
    }
}
