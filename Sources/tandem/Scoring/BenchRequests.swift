import TandemGraph
import TandemTraining

/// Requests for timing: random ones without end, or recorded ones in turn.
///
/// Belongs to one thread.
struct BenchRequests {
    private enum Source {
        case random([Column], RandomSource)
        case recorded([NumpyArray], requestCount: Int)
    }

    /// An input that is filled at random.
    private struct Column {
        var count: Int
        var isFloat: Bool
        /// Ids are below it; nil where no table bounds them.
        var limit: UInt32?
    }

    private let rowCount: Int
    private var source: Source
    private var index = 0

    /// Random requests, each another: numbers around 0, ids uniformly over their whole tables.
    ///
    /// No two calls look the same rows up, so that large tables are read from memory; requests of
    /// real users repeat their popular ids and find some of them in a cache.
    init(_ graph: Graph, rowCount: Int, seed: UInt64) {
        let limits = IdentifierLimits(graph)
        let columns = graph.inputs.map { id in
            let type = graph[id].type
            return Column(
                count: (type.rows == .candidate ? rowCount : 1) * (type.rowElementCount ?? 0),
                isFloat: type.dtype == .float32, limit: limits.exclusiveLimit(of: id))
        }
        self.rowCount = rowCount
        source = .random(columns, RandomSource(seed: seed))
    }

    /// Recorded requests: every input of the graph as `FOLDER/ROWS/NAME.npy`, requests end to end;
    /// inputs of the context have one row a request.
    ///
    /// - Throws: `Failure` naming the file.
    init(_ graph: Graph, rowCount: Int, folder: String) throws(Failure) {
        let arrays = try TensorFiles.arrays("\(folder)/\(rowCount)", graph)
        let counts = arrays.map { $0.isContext ? $0.rowCount : $0.rowCount / rowCount }
        guard let requestCount = counts.first, requestCount > 0,
            counts.allSatisfy({ $0 == requestCount }),
            arrays.allSatisfy({ $0.isContext || $0.rowCount % rowCount == 0 })
        else {
            throw Failure(
                .dataError,
                "\(folder)/\(rowCount): every input has its rows of all requests, "
                    + "\(rowCount) a request and 1 for the context, of as many requests")
        }
        self.rowCount = rowCount
        source = .recorded(arrays, requestCount: requestCount)
    }

    /// Writes the next request, each input's rows to where `memory` says that it lies.
    mutating func fill(_ memory: (_ input: Int) -> UnsafeMutableRawPointer) {
        switch source {
        case .random(let columns, var random):
            for (position, column) in columns.enumerated() {
                Self.fill(memory(position), column, &random)
            }
            source = .random(columns, random)
        case .recorded(let arrays, let requestCount):
            for (position, array) in arrays.enumerated() {
                let count = array.isContext ? 1 : rowCount
                for row in 0..<count {
                    array.copy(
                        row: index * count + row,
                        to: memory(position) + row * array.rowBytes)
                }
            }
            index = (index + 1) % requestCount
        }
    }

    private static func fill(
        _ memory: UnsafeMutableRawPointer, _ column: Column, _ random: inout RandomSource
    ) {
        let elements = UnsafeMutableBufferPointer(
            start: memory.assumingMemoryBound(to: UInt32.self), count: column.count)
        for index in elements.indices {
            if column.isFloat {
                elements[index] = (random.uniform() * 2 - 1).bitPattern
            } else {
                // What no table bounds is a mask or a count: ones are whole sequences.
                elements[index] =
                    column.limit.map { UInt32.random(in: 0..<$0, using: &random) } ?? 1
            }
        }
    }
}
