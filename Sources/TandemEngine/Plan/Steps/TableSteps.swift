import CTandemKernels
import TandemGraph

/// Where an embedding table lies, in the form that the program stores; the plan keeps its memory.
struct Table {
    var values: UnsafeRawPointer
    /// Whether rows are int8 with a scale each, and not f32.
    var isQuantized: Bool
    /// The scales where they lie beside; nil where rows end with them, and for f32 tables.
    var scales: UnsafePointer<Float>?
    var rowCount: Int
    /// Elements of a looked-up row.
    var width: Int
    /// Bytes from a row to the next one.
    var rowBytes: Int

    init(_ values: Tensor, scales: Tensor?) {
        self.values = UnsafeRawPointer(values.base)
        self.scales = scales.map { UnsafePointer($0.base.assumingMemoryBound(to: Float.self)) }
        isQuantized = values.dtype == .int8
        rowCount = values.shape[0]
        rowBytes = values.shape[1] * values.dtype.byteCount
        let endsWithScales = isQuantized && scales == nil
        width = values.shape[1] - (endsWithScales ? ScaledRows.scaleByteCount : 0)
    }

    var floats: UnsafePointer<Float> { values.assumingMemoryBound(to: Float.self) }
    var bytes: UnsafePointer<Int8> { values.assumingMemoryBound(to: Int8.self) }
}

extension ConstantList where Element == LookupHint {
    /// Asks for the rows of the tables that a frame's tasks need.
    func run(_ frame: Frame) {
        for index in 0..<count where self[index].tasks.intersects(frame.tasks) {
            self[index].run(frame)
        }
    }
}

/// The rows of a table that a block's ids name, asked of the memory before they are needed.
///
/// A row of a large table is a cache miss. The first block's rows are asked for before the context
/// is computed, each further block's before the one ahead of it, so that memory works meanwhile.
/// Spread over the context's steps, instead of all before them, they cost as much.
struct LookupHint {
    var table: Table
    /// Candidate or context inputs: they are there before anything runs.
    var ids: Location
    var positions: Int
    /// The outputs that depend on the look-up.
    var tasks: TaskMask

    /// Ids a row beyond which prefetched rows would drive each other out.
    static let positionsMax = 8

    func run(_ frame: Frame) {
        for position in 0..<positions {
            let from = frame.integers(ids) + position
            tandemk_prefetch_rows(
                frame.rowCount, table.rowBytes, table.rowCount, table.values, from, ids.stride)
            guard let scales = table.scales else { continue }
            tandemk_prefetch_rows(
                frame.rowCount, 4, table.rowCount, scales, from, ids.stride)
        }
    }
}

/// Table rows by id, `positions` ids a row.
///
/// A step a table, although the tables of a side feed one joined row. What a call for all of them
/// would save is small: for 40 tables at one row 0.25 us of 9.4 in calls, and at 64 rows 1 %, since
/// of 3.4 ns a look-up 2.0 are for the row itself and the rest for its cache misses.
struct LookupStep: Step {
    var table: Table
    var ids: Location
    var output: Location
    var positions: Int

    func run(_ frame: Frame) {
        let runs = frame.runs(positions, from: ids, to: output)
        for call in 0..<runs.calls {
            let from = frame.integers(ids) + call * ids.stride
            let to = frame.floats(output) + call * output.stride
            if table.isQuantized {
                tandemk_qr8_f32_gather(
                    runs.count, table.width, table.rowCount, table.bytes, table.scales, from,
                    runs.inputStride, to, runs.outputStride)
            } else {
                tandemk_f32_gather(
                    runs.count, table.width, table.rowCount, table.floats, from,
                    runs.inputStride, to, runs.outputStride)
            }
        }
    }
}

/// Table rows by ids, pooled.
struct PoolStep: Step {
    var mode: tandemk_pool
    var table: Table
    var ids: Location
    var lengths: Location
    var output: Location

    func run(_ frame: Frame) {
        // The kernels want ids and lengths without gaps between rows; a list that is a part of a
        // wider row, or that all rows share, is pooled row by row.
        let isWhole = frame.rowCount == 1 || (ids.isDense && lengths.isDense)
        for call in 0..<(isWhole ? 1 : frame.rowCount) {
            let count = isWhole ? frame.rowCount : 1
            let from = frame.integers(ids) + call * ids.stride
            let lengths = frame.integers(lengths) + call * lengths.stride
            let to = frame.floats(output) + call * output.stride
            if table.isQuantized {
                tandemk_qr8_f32_pool(
                    mode, count, table.width, table.rowCount, table.bytes, table.scales, from,
                    ids.width, lengths, to, output.stride)
            } else {
                tandemk_f32_pool(
                    mode, count, table.width, table.rowCount, table.floats, from, ids.width,
                    lengths, to, output.stride)
            }
        }
    }
}

/// Ids kept within `0 ... largest`.
///
/// It stands before a look-up whose ids are computed: no check at load can bound those, and no
/// request may read outside a table.
struct ClampStep: Step {
    var ids: Location
    /// Dense, of the same row shape.
    var output: Location
    var largest: Int32

    func run(_ frame: Frame) {
        for row in 0..<frame.rowCount {
            let from = frame.integers(ids) + row * ids.stride
            let to = frame.integers(output) + row * output.stride
            for index in 0..<ids.width { to[index] = min(max(from[index], 0), largest) }
        }
    }
}
