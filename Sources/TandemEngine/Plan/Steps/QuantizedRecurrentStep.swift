import CTandemKernels
import TandemGraph

/// An LSTM or GRU over int8 recurrent weights, a few rows through their whole sequence at a time.
///
/// All that sixteen rows need at one position stays in the nearer caches, and so do the weights. The
/// inputs' products are read where they lie, or straight from the table that they were folded into.
struct QuantizedRecurrentStep: Step {
    /// Where the inputs' products come from.
    enum Source {
        /// `[S, G * H]` a row.
        case values(Location)
        /// A table's rows of `G * H`, by `[S]` ids a row.
        case table(Table, ids: Location)
    }

    var layer: Recurrence
    var source: Source
    var weights: Weights
    var bias: UnsafePointer<Float>
    var length: Location?
    var state: Location?
    var cell: Location?
    var output: Location
    var positions: Int

    private var width: Int { weights.inputCount }
    private static let rowsAtOnce = 16
    /// Outputs of a part of the weights; whole panels.
    private static let partWidth = 8 * Int(TANDEMK_PANEL)

    static func scratchBytes(gated: Int, width: Int) -> Int {
        Scratch.floatBytes(rowsAtOnce * gated) * 2 + Scratch.floatBytes(rowsAtOnce * width) * 2
            + Scratch.floatBytes(rowsAtOnce * tandemk_qd8_stride(width) / 4)
            + Scratch.floatBytes(rowsAtOnce * 4)
    }

    /// Memory of one run.
    private struct Memory {
        var inputs: UnsafeMutablePointer<Float>
        var products: UnsafeMutablePointer<Float>
        var state: UnsafeMutablePointer<Float>
        var cell: UnsafeMutablePointer<Float>
        var bytes: UnsafeMutablePointer<Int8>
        var rows: UnsafeMutablePointer<tandemk_qd8_row>
    }

    func run(_ frame: Frame) {
        var scratch = Scratch(frame)
        let count = Self.rowsAtOnce
        let memory = Memory(
            inputs: scratch.floats(count * weights.outputCount),
            products: scratch.floats(count * weights.outputCount),
            state: scratch.floats(count * width), cell: scratch.floats(count * width),
            bytes: UnsafeMutableRawPointer(
                scratch.floats(count * tandemk_qd8_stride(width) / 4)
            ).assumingMemoryBound(to: Int8.self),
            rows: UnsafeMutableRawPointer(scratch.floats(count * 4))
                .assumingMemoryBound(to: tandemk_qd8_row.self))
        for start in stride(from: 0, to: frame.rowCount, by: count) {
            run(frame, memory, rows: start..<min(start + count, frame.rowCount))
        }
    }

    private func run(_ frame: Frame, _ memory: Memory, rows: Range<Int>) {
        begin(frame, state, memory.state, rows)
        begin(frame, cell, memory.cell, rows)
        let y = frame.floats(output) + rows.lowerBound * output.stride
        if layer.result == .sequence {
            for row in 0..<rows.count {
                (y + row * output.stride).update(repeating: 0, count: output.width)
            }
        }
        for step in 0..<positions {
            let stride = tandemk_qd8_stride(width)
            prefetch(frame, rows, layer.isReversed ? positions - 1 - step : step)
            tandemk_f32_qd8_quantize(
                rows.count, width, memory.state, width, nil, memory.bytes, stride, memory.rows)
            multiply(memory, rows.count, isBackward: step % 2 == 1)
            if length == nil {
                let position = layer.isReversed ? positions - 1 - step : step
                advance(frame, memory, first: rows.lowerBound, 0..<rows.count, position)
            } else {
                for row in 0..<rows.count {
                    let length = ownLength(frame, rows.lowerBound + row)
                    guard step < length else { continue }
                    let position = layer.isReversed ? length - 1 - step : step
                    advance(frame, memory, first: rows.lowerBound, row..<row + 1, position)
                }
            }
        }
        guard layer.result != .sequence else { return }
        let from = layer.result == .last ? memory.state : memory.cell
        tandemk_x8_copy(rows.count, width * 4, from, width * 4, y, output.stride * 4)
    }

    /// The state's products.
    ///
    /// One row or two wait for weights, which are a little more than the first-level cache holds: so
    /// these go through them part by part, forwards at one position and backwards at the next, and
    /// read again first what they read last.
    private func multiply(_ memory: Memory, _ rowCount: Int, isBackward: Bool) {
        let total = weights.outputCount
        let part = rowCount <= 2 ? Self.partWidth : total
        let count = (total + part - 1) / part
        for index in 0..<count {
            let first = (isBackward ? count - 1 - index : index) * part
            var offset = 0
            _ = tandemk_qd8_f32_qc8w_gemm_packed_bytes(first, width, &offset)
            tandemk_qd8_f32_qc8w_gemm(
                rowCount, min(part, total - first), width, memory.bytes,
                tandemk_qd8_stride(width), memory.rows, weights.base + offset, bias + first,
                memory.products + first, total, TANDEMK_ACTIVATION_NONE, nil)
        }
    }

    private func ownLength(_ frame: Frame, _ row: Int) -> Int {
        guard let length else { return positions }
        return min(max(Int((frame.integers(length) + row * length.stride)[0]), 0), positions)
    }

    private func begin(
        _ frame: Frame, _ given: Location?, _ memory: UnsafeMutablePointer<Float>,
        _ rows: Range<Int>
    ) {
        guard let given else {
            memory.update(repeating: 0, count: rows.count * width)
            return
        }
        tandemk_x8_copy(
            rows.count, width * 4, frame.floats(given) + rows.lowerBound * given.stride,
            given.stride * 4, memory, width * 4)
    }

    /// Takes rows of the block's part from `first` on one position further.
    private func advance(
        _ frame: Frame, _ memory: Memory, first: Int, _ rows: Range<Int>, _ position: Int
    ) {
        let (row, total) = (first + rows.lowerBound, weights.outputCount)
        let products = memory.products + rows.lowerBound * total
        let (c, h) = (
            memory.cell + rows.lowerBound * width, memory.state + rows.lowerBound * width
        )
        switch source {
        case .values(let location):
            let x = frame.floats(location) + row * location.stride + position * total
            advance(rows.count, x, location.stride, products, c, h)
        case .table(let table, let location):
            let ids = frame.integers(location) + row * location.stride + position
            if table.isQuantized {
                advance(rows.count, table, ids, location.stride, products, c, h)
            } else {
                tandemk_f32_gather(
                    rows.count, total, table.rowCount, table.floats, ids, location.stride,
                    memory.inputs, total)
                advance(rows.count, memory.inputs, total, products, c, h)
            }
        }
        guard layer.result == .sequence else { return }
        tandemk_x8_copy(
            rows.count, width * 4, h, width * 4,
            frame.floats(output) + row * output.stride + position * width, output.stride * 4)
    }

    /// The cell over inputs' products.
    private func advance(
        _ count: Int, _ x: UnsafePointer<Float>, _ stride: Int, _ products: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>, _ h: UnsafeMutablePointer<Float>
    ) {
        let total = weights.outputCount
        if layer.cell == .lstm {
            tandemk_f32_lstm_cell(count, width, x, stride, products, total, c, h)
        } else {
            tandemk_f32_gru_cell(count, width, x, stride, products, total, h)
        }
    }

    /// The cell over rows of an int8 table.
    private func advance(
        _ count: Int, _ table: Table, _ ids: UnsafePointer<Int32>, _ stride: Int,
        _ products: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
        _ h: UnsafeMutablePointer<Float>
    ) {
        let total = weights.outputCount
        if layer.cell == .lstm {
            tandemk_qr8_f32_lstm_cell(
                count, width, table.rowCount, table.bytes, table.scales, ids, stride, products,
                total, c, h)
        } else {
            tandemk_qr8_f32_gru_cell(
                count, width, table.rowCount, table.bytes, table.scales, ids, stride, products,
                total, h)
        }
    }

    /// Asks for the table rows of a position, which are read after the product.
    private func prefetch(_ frame: Frame, _ rows: Range<Int>, _ position: Int) {
        guard case .table(let table, let location) = source else { return }
        let ids = frame.integers(location) + rows.lowerBound * location.stride + position
        tandemk_prefetch_rows(
            rows.count, table.rowBytes, table.rowCount, table.values, ids, location.stride)
    }
}
