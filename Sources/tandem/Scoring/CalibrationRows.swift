import TandemEngine
import TandemFeatures
import TandemGraph
import TandemPackage
import TandemTraining

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

    /// The rows to measure int8 on.
    ///
    /// - Throws: `Failure`.
    var quantizationRows: QuantizationRows {
        get throws(Failure) { try QuantizationRows(arrays) }
    }
}
