import TandemEngine
import TandemFeatures
import TandemGraph
import TandemPackage
import TandemTraining

/// Rows of a model's inputs that its owner gives, one .npy file an input.
///
/// Inputs of the context have one row, if all rows are of one request, or a row for every candidate.
/// A context's rounding is in the scores of all its candidates, so rows of many requests say more.
struct CalibrationRows {
    private static let sampleRowCount = 5
    private let graph: Graph
    private let arrays: [NumpyArray]
    private let rowCount: Int

    /// Reads every input of a program.
    ///
    /// - Throws: `Failure` naming the file: missing, of another shape, or an id that no table has.
    init(_ folder: String, _ program: WeightedGraph) throws {
        graph = program.graph
        arrays = try TensorFiles.arrays(folder, graph)
        rowCount = try TensorFiles.rowCount(arrays)
    }

    /// The first rows as a request, with the first one's context.
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
