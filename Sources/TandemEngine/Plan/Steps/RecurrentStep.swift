import CTandemKernels
import TandemGraph

/// One direction of a recurrent layer, all rows of a block a position at a time.
///
/// The inputs' products of all positions are one product beforehand, or rows of a table; each
/// position then adds the state's product, for all rows at once. Rows whose sequence is shorter
/// keep their state.
struct RecurrentStep: Step {
    /// Where the inputs' products come from.
    enum Source {
        /// `[S, K]` a row, to be multiplied.
        case values(Location)
        /// A table's rows of `G * H`, by `[S]` ids a row.
        case table(Tensor, ids: Location)
    }

    var layer: Recurrence
    var source: Source
    /// Input weights `[G * H, K]` and recurrent ones `[G * H, H]`.
    var weights: Weights
    var recurrentWeights: Weights
    /// `[2 * G * H]`: of the inputs, then of the state.
    var bias: Tensor
    var length: Location?
    var state: Location?
    var cell: Location?
    var peepholes: Tensor?
    var output: Location
    var positions: Int
    var width: Int

    private var gates: Int { layer.cell.gateCount }

    /// Room for a run; `positions` are those whose inputs' products are kept: 0 if a table has
    /// them.
    static func scratchBytes(
        rowCount: Int, positions: Int, gates: Int, width: Int
    ) -> Int {
        Scratch.floatBytes(rowCount * positions * gates * width)
            + Scratch.floatBytes(rowCount * gates * width) * 2
            + Scratch.floatBytes(rowCount * width) * 3
    }

    /// Memory of one run.
    private struct Memory {
        var inputs: UnsafeMutablePointer<Float>
        var products: UnsafeMutablePointer<Float>
        var sums: UnsafeMutablePointer<Float>
        var state: UnsafeMutablePointer<Float>
        var cell: UnsafeMutablePointer<Float>
        var reset: UnsafeMutablePointer<Float>
    }

    func run(_ frame: Frame) {
        let rows = frame.rowCount
        let total = gates * width
        var scratch = Scratch(frame)
        let memory = Memory(
            inputs: scratch.floats(isTable ? 0 : rows * positions * total),
            products: scratch.floats(rows * total),
            sums: scratch.floats(rows * total), state: scratch.floats(rows * width),
            cell: scratch.floats(rows * width), reset: scratch.floats(rows * width))
        if case .values(let input) = source { multiplyInputs(frame, input, memory.inputs) }
        start(frame, state, memory.state)
        start(frame, cell, memory.cell)
        if layer.result == .sequence { clear(frame) }
        for step in 0..<positions { advance(frame, memory, step) }
        guard layer.result != .sequence else { return }
        let from = layer.result == .last ? memory.state : memory.cell
        tandemk_x8_copy(
            rows, width * 4, from, width * 4, frame.floats(output), output.stride * 4)
    }

    private var isTable: Bool { if case .table = source { true } else { false } }

    private func multiplyInputs(
        _ frame: Frame, _ input: Location, _ products: UnsafeMutablePointer<Float>
    ) {
        let total = gates * width
        let biases = bias.base.assumingMemoryBound(to: Float.self)
        for row in 0..<frame.rowCount {
            tandemk_f32_gemm(
                positions, total, weights.inputCount,
                frame.floats(input) + row * input.stride, weights.inputCount,
                weights.base, biases, products + row * positions * total, total,
                TANDEMK_ACTIVATION_NONE)
        }
    }

    /// The inputs' products of one row's position; asks for those of the next position.
    private func inputs(
        _ frame: Frame, _ memory: Memory, _ row: Int, _ position: Int
    ) -> UnsafeMutablePointer<Float> {
        let total = gates * width
        guard case .table(let table, let location) = source else {
            return memory.inputs + (row * positions + position) * total
        }
        let ids = frame.integers(location) + row * location.stride
        let next = min(max(layer.isReversed ? position - 1 : position + 1, 0), positions - 1)
        tandemk_prefetch_rows(1, total * 4, table.shape[0], table.base, ids + next, 0)
        let id = Int(ids[position])
        precondition(id >= 0 && id < table.shape[0], "ids were checked when features were encoded")
        return table.base.assumingMemoryBound(to: Float.self) + id * total
    }

    private func start(
        _ frame: Frame, _ given: Location?, _ memory: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<frame.rowCount {
            for index in 0..<width {
                memory[row * width + index] =
                    given.map { (frame.floats($0) + row * $0.stride)[index] } ?? 0
            }
        }
    }

    private func clear(_ frame: Frame) {
        for row in 0..<frame.rowCount {
            let y = frame.floats(output) + row * output.stride
            for index in 0..<output.width { y[index] = 0 }
        }
    }

    /// One step of every row whose sequence has it.
    private func advance(_ frame: Frame, _ memory: Memory, _ step: Int) {
        let total = gates * width
        let biases = bias.base.assumingMemoryBound(to: Float.self) + total
        tandemk_f32_gemm(
            frame.rowCount, total, width, memory.state, width, recurrentWeights.base,
            biases, memory.products, total, TANDEMK_ACTIVATION_NONE)
        for row in 0..<frame.rowCount {
            let length = length.map { location in
                min(max(Int((frame.integers(location) + row * location.stride)[0]), 0), positions)
            }
            guard step < length ?? positions else { continue }
            let position = layer.isReversed ? (length ?? positions) - 1 - step : step
            let x = inputs(frame, memory, row, position)
            switch layer.cell {
            case .lstm: longShortTerm(memory, row, x)
            case .gru(let resetsAfter): gated(memory, row, x, resetsAfter: resetsAfter)
            case .plain: plain(memory, row, x)
            }
            if layer.result == .sequence {
                let y = frame.floats(output) + row * output.stride + position * width
                for index in 0..<width { y[index] = memory.state[row * width + index] }
            }
        }
    }

    private func apply(
        _ function: tandemk_unary, _ values: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        tandemk_f32_vunary(function, 1, count, values, count, values, count)
    }

    // MARK: Cells

    /// Gates in the order input, output, forget, cell.
    private func longShortTerm(
        _ memory: Memory, _ row: Int, _ x: UnsafeMutablePointer<Float>
    ) {
        let total = gates * width
        let (h, c) = (memory.state + row * width, memory.cell + row * width)
        let sums = memory.sums + row * total
        let products = memory.products + row * total
        for index in 0..<total { sums[index] = x[index] + products[index] }
        let peepholes = peepholes?.base.assumingMemoryBound(to: Float.self)
        if let peepholes {
            for index in 0..<width {
                sums[index] += peepholes[index] * c[index]
                sums[2 * width + index] += peepholes[2 * width + index] * c[index]
            }
        }
        apply(TANDEMK_UNARY_SIGMOID, sums, width)
        apply(TANDEMK_UNARY_SIGMOID, sums + 2 * width, width)
        apply(TANDEMK_UNARY_TANH, sums + 3 * width, width)
        for index in 0..<width {
            c[index] = sums[2 * width + index] * c[index] + sums[index] * sums[3 * width + index]
        }
        if let peepholes {
            for index in 0..<width { sums[width + index] += peepholes[width + index] * c[index] }
        }
        apply(TANDEMK_UNARY_SIGMOID, sums + width, width)
        for index in 0..<width { h[index] = c[index] }
        apply(TANDEMK_UNARY_TANH, h, width)
        for index in 0..<width { h[index] *= sums[width + index] }
    }

    /// Gates in the order update, reset, hidden.
    private func gated(
        _ memory: Memory, _ row: Int, _ x: UnsafeMutablePointer<Float>, resetsAfter: Bool
    ) {
        let total = gates * width
        let h = memory.state + row * width
        let sums = memory.sums + row * total
        let products = memory.products + row * total
        for index in 0..<2 * width { sums[index] = x[index] + products[index] }
        apply(TANDEMK_UNARY_SIGMOID, sums, 2 * width)
        let hidden = sums + 2 * width
        let reset = sums + width
        if resetsAfter {
            for index in 0..<width {
                hidden[index] = x[2 * width + index] + reset[index] * products[2 * width + index]
            }
        } else {
            // The state is scaled before its product, so the hidden gate has a product of its own.
            let scaled = memory.reset + row * width
            for index in 0..<width { scaled[index] = reset[index] * h[index] }
            let biases = bias.base.assumingMemoryBound(to: Float.self) + total
            tandemk_f32_gemm(
                1, total, width, scaled, width, recurrentWeights.base, biases, products,
                total, TANDEMK_ACTIVATION_NONE)
            for index in 0..<width {
                hidden[index] = x[2 * width + index] + products[2 * width + index]
            }
        }
        apply(TANDEMK_UNARY_TANH, hidden, width)
        for index in 0..<width {
            h[index] = (1 - sums[index]) * hidden[index] + sums[index] * h[index]
        }
    }

    private func plain(_ memory: Memory, _ row: Int, _ x: UnsafeMutablePointer<Float>) {
        let h = memory.state + row * width
        let products = memory.products + row * width
        for index in 0..<width { h[index] = x[index] + products[index] }
        apply(TANDEMK_UNARY_TANH, h, width)
    }
}
