import Glibc
import TandemEngine
import TandemGraph

// Design: tables larger than the memory at hand, of which almost every byte is zero.
//
// Pages that nobody writes are all the same page of zeros, and zstd makes next to nothing of them;
// so a package of many GB is written in seconds and takes little disk, and yet every size and
// offset in it is as large as it would be. One row in 2^20, and the last one, says who it is.
//
// In memory it is whole. On a machine of 24 GB a table of 2^31 rows of one byte (10 GiB with their
// scales) and one of 18.6 GiB answered every such row rightly, with 4 MiB beside the model.

/// A table for `tandem-bench package --sparse`.
enum SparseTable {
    /// Rows from one that is written to the next.
    private static let stride = 1 << 20
    private static let scale: Float = 1.0 / 127

    /// A table of zeros but for the rows that are written, which have one scale.
    ///
    /// - Precondition: There are addresses for it.
    static func make(rowCount: Int, width: Int) -> Tensor {
        let table = zeros([rowCount, width + ScaledRows.scaleByteCount])
        for row in rows(of: rowCount) {
            let bytes = table.base + row * table.shape[1]
            memset(bytes, Int32(mark(row, of: rowCount)), width)
            (bytes + width).storeBytes(of: scale, as: Float.self)
        }
        return table
    }

    private static func zeros(_ shape: [Int]) -> Tensor {
        let byteCount = shape.reduce(1, *)
        let base = mmap(
            nil, byteCount, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let base, base != MAP_FAILED else { preconditionFailure("no addresses") }
        let storage = TensorStorage(base: base, byteCount: byteCount) { munmap($0, $1) }
        return Tensor(dtype: .int8, shape: shape, storage: storage)
    }

    /// Compares what a plan of the package answers for written rows, and for those beside them.
    ///
    /// - Returns: How many rows are wrong.
    static func wrongRows(_ plan: Plan, rowCount: Int, width: Int) -> (wrong: Int, of: Int) {
        let asked = rows(of: rowCount).flatMap { [$0, $0 + 1, $0 - 1] }
            .filter { (0..<rowCount).contains($0) }
        let workspace = Workspace(plan, rowCountMax: asked.count)
        let ids = workspace.input(0).assumingMemoryBound(to: Int32.self)
        for (index, row) in asked.enumerated() { ids[index] = Int32(row) }
        plan.run(workspace, rowCount: asked.count)
        let clicks = workspace.output(0)
        let wrong = asked.indices.count { index in
            let logit = Double(mark(asked[index], of: rowCount)) / 127 * 0.125 * Double(width)
            return abs(Double(clicks[index]) - 1 / (1 + exp(-logit))) > 1e-5
        }
        return (wrong, asked.count)
    }

    private static func rows(of rowCount: Int) -> [Int] {
        Array(Swift.stride(from: 0, to: rowCount, by: stride)) + [rowCount - 1]
    }

    /// What every byte of a row is.
    private static func mark(_ row: Int, of rowCount: Int) -> Int {
        if row == rowCount - 1 { return 77 }
        return row % stride == 0 ? 1 + row / stride % 120 : 0
    }
}
