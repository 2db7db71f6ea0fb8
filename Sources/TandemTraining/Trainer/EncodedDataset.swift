// Design: encode once, then copy rows.
//
// All rows are encoded before training, by the same encoder that serves, into one array for each
// graph input: 4 bytes a number or id. A minibatch is then a copy of the chosen rows, and an epoch
// is a permutation of row numbers. Training, validation and test rows are lists of numbers over the
// same arrays.

package import TandemFeatures
package import TandemGraph

/// All rows of a data set as a graph's inputs.
package final class EncodedDataset: @unchecked Sendable {
    /// One graph input's values.
    package struct Column: Sendable {
        /// The input's name.
        package let name: String
        /// float32 or int32.
        package let dtype: DataType
        /// Elements in one row.
        package let width: Int
        /// `rowCount` rows, end to end.
        package let storage: TensorStorage
    }

    /// Number of rows, at most 2^31 - 1.
    package let rowCount: Int
    /// One column a graph input, in the order of `Graph.inputs`.
    package let columns: [Column]

    /// Takes zeroed memory for a graph's inputs.
    ///
    /// - Throws: `TrainingError` `wrongShape` for an input that is not f32 or i32 of fixed size,
    ///   `overLimit` for too many rows.
    package init(_ graph: Graph, rowCount: Int) throws(TrainingError) {
        guard rowCount <= TrainingLimits.rowCountMax else {
            throw TrainingError(.overLimit, "\(rowCount) rows are too many to number")
                .with(\.limit, TrainingLimits.rowCountMax).with(\.actual, rowCount)
        }
        var columns: [Column] = []
        for id in graph.inputs {
            let value = graph[id]
            guard let width = value.type.rowElementCount,
                value.type.dtype == .float32 || value.type.dtype == .int32,
                case (let bytes, false) = (width * 4).multipliedReportingOverflow(by: rowCount)
            else {
                throw TrainingError(
                    .wrongShape, "input '\(value.name)' is \(value.type), which is not trained on"
                ).with(\.node, value.name)
            }
            columns.append(
                Column(
                    name: value.name, dtype: value.type.dtype, width: width,
                    storage: TensorStorage(byteCount: bytes)))
        }
        self.columns = columns
        self.rowCount = rowCount
    }

    /// Where an encoder writes the rows from `firstRow` on.
    ///
    /// - Precondition: `firstRow` is in `0 ... rowCount`; writers keep to rows of their own.
    package func encodedInputs(firstRow: Int) -> EncodedInputs {
        precondition((0...rowCount).contains(firstRow), "row \(firstRow) is not there")
        return EncodedInputs(
            columns.map {
                EncodedInput(
                    base: $0.storage.base + firstRow * $0.width * 4, rowStride: $0.width)
            })
    }

    /// Copies rows of one column to consecutive rows elsewhere.
    ///
    /// - Parameters:
    ///   - column: Position in `columns`.
    ///   - rows: Row numbers, in `0 ..< rowCount`.
    ///   - target: Overwritten; room for as many rows as there are numbers.
    @inline(__always)
    func copy(
        column: Int, rows: UnsafeBufferPointer<Int32>, to target: UnsafeMutableRawPointer
    ) {
        let bytes = columns[column].width * 4
        let base = columns[column].storage.base
        if bytes == 4 {
            // One id a row is the usual case; a call to copy 4 bytes would cost more than they do.
            let source = base.assumingMemoryBound(to: UInt32.self)
            let out = target.assumingMemoryBound(to: UInt32.self)
            for index in 0..<rows.count { out[index] = source[Int(rows[index])] }
            return
        }
        for index in 0..<rows.count {
            (target + index * bytes).copyMemory(
                from: base + Int(rows[index]) * bytes, byteCount: bytes)
        }
    }
}
