// Design: back-propagation through time over whole minibatches.
//
// All positions are multiplied by the input weights in one product; then the rows advance together,
// one position each at a time, with one product of their states. A row whose sequence has ended
// keeps its state. Gates and states of every step are kept, laid out step by step, so that the way
// back reads them where the way there wrote them. Buffers belong to the step and are as large as
// the largest minibatch; sequences are visited up to the longest in the minibatch.
//
// Gates are in ONNX's order. Their gradients before the activations are written over what the
// products gave, `inputs` for the side of the inputs and `fed` for that of the states: the two
// differ in a GRU's hidden gate only, whose state is scaled by the reset gate.

import CBLAS
import TandemGraph

/// A recurrent layer without peepholes, and its derivative.
struct RecurrentStep: DifferentiableStep {
    let layer: Recurrence
    let x: Operand
    let weight: Operand
    let recurrent: Operand
    let bias: Operand
    let lengths: Operand?
    let firstState: Operand?
    let firstCell: Operand?
    let y: StepResult
    /// S.
    let positions: Int
    /// K.
    let depth: Int
    /// H.
    let width: Int
    private let memory: RecurrentMemory

    init(
        _ layer: Recurrence, _ operands: [Operand], y: StepResult, positions: Int, depth: Int,
        width: Int, rowCountMax: Int
    ) {
        self.layer = layer
        x = operands[0]
        weight = operands[1]
        recurrent = operands[2]
        bias = operands[3]
        let optional = layer.optionalInputs
        lengths = optional.length.map { operands[$0] }
        firstState = optional.state.map { operands[$0] }
        firstCell = optional.cell.map { operands[$0] }
        self.y = y
        self.positions = positions
        self.depth = depth
        self.width = width
        memory = RecurrentMemory(
            rows: y.rows(rowCountMax), positions: positions, width: width,
            gates: layer.cell.gateCount)
    }

    private var gates: Int { layer.cell.gateCount * width }

    private func length(_ row: Int) -> Int {
        guard let lengths else { return positions }
        return min(max(Int(lengths.ids[row * lengths.stride]), 0), positions)
    }

    private func longest(_ rows: Int) -> Int {
        var longest = 0
        for row in 0..<rows { longest = max(longest, length(row)) }
        return longest
    }

    /// Which position a row visits at a step; nil after its end.
    private func position(_ row: Int, _ step: Int) -> Int? {
        let length = length(row)
        guard step < length else { return nil }
        return layer.isReversed ? length - 1 - step : step
    }

    // MARK: Forwards

    func forward(_ rowCount: Int) {
        let rows = y.rows(rowCount)
        project(rows)
        memory.clearFirstState(rows)
        fill(memory.state(0), from: firstState, rows)
        fill(memory.cell(0), from: firstCell, rows)
        let steps = longest(rows)
        for step in 0..<steps {
            let fed = memory.fed(step)
            for row in 0..<rows {
                (fed + row * gates).update(from: bias.values + gates, count: gates)
            }
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(gates), Int32(width),
                1, memory.state(step), Int32(width), recurrent.values, Int32(width), 1, fed,
                Int32(gates))
            for row in 0..<rows { advance(row, step) }
        }
        answer(rows, steps)
    }

    private func fill(
        _ states: UnsafeMutablePointer<Float>, from first: Operand?, _ rows: Int
    ) {
        guard let first else { return }
        for row in 0..<rows {
            (states + row * width).update(from: first.values + row * first.stride, count: width)
        }
    }

    private func project(_ rows: Int) {
        let count = rows * positions
        for index in 0..<count {
            (memory.inputs + index * gates).update(from: bias.values, count: gates)
        }
        guard x.isPerRow else {
            for row in 0..<rows { project(x.values, positions, row * positions) }
            return
        }
        project(x.values, count, 0)
    }

    private func project(_ x: UnsafePointer<Float>, _ count: Int, _ first: Int) {
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(count), Int32(gates), Int32(depth), 1,
            x, Int32(depth), weight.values, Int32(depth), 1, memory.inputs + first * gates,
            Int32(gates))
    }

    private func advance(_ row: Int, _ step: Int) {
        let before = memory.state(step) + row * width
        let after = memory.state(step + 1) + row * width
        let cellBefore = memory.cell(step) + row * width
        let cellAfter = memory.cell(step + 1) + row * width
        guard let position = position(row, step) else {
            after.update(from: before, count: width)
            cellAfter.update(from: cellBefore, count: width)
            return
        }
        let input = memory.inputs + (row * positions + position) * gates
        let fed = memory.fed(step) + row * gates
        switch layer.cell {
        case .lstm:
            RecurrentCell.lstm(input, fed, cellBefore, cellAfter, after, width)
        case .gru: RecurrentCell.gru(input, fed, before, after, width)
        case .plain: RecurrentCell.plain(input, fed, after, width)
        }
    }

    private func answer(_ rows: Int, _ steps: Int) {
        if layer.result != .sequence {
            let last = layer.result == .last ? memory.state(steps) : memory.cell(steps)
            y.values.update(from: last, count: rows * width)
            return
        }
        y.values.update(repeating: 0, count: rows * y.width)
        for step in 0..<steps {
            for row in 0..<rows {
                guard let position = position(row, step) else { continue }
                (y.values + row * y.width + position * width).update(
                    from: memory.state(step + 1) + row * width, count: width)
            }
        }
    }

    // MARK: Backwards

    func backward(_ rowCount: Int) {
        guard let dy = y.gradient else { return }
        let rows = y.rows(rowCount)
        let steps = longest(rows)
        begin(rowCount)
        memory.clearGradients(rows)
        switch layer.result {
        case .last: memory.stateGradient.update(from: dy, count: rows * width)
        case .lastCell: memory.cellGradient.update(from: dy, count: rows * width)
        case .sequence: break
        }
        for step in (0..<steps).reversed() {
            for row in 0..<rows { retreat(row, step, dy) }
            bringBack(rows, step)
        }
        add(memory.stateGradient, to: firstState, rows)
        add(memory.cellGradient, to: firstCell, rows)
        clearUnvisited(rows)
        finish(rows)
    }

    private func begin(_ rowCount: Int) {
        for operand in [x, weight, recurrent, bias, firstState, firstCell] {
            if let operand, let target = operand.gradient {
                clearUnlessAccumulating(target, operand.count(rowCount))
            }
        }
    }

    private func add(
        _ gradient: UnsafePointer<Float>, to first: Operand?, _ rows: Int
    ) {
        guard let first, let target = first.gradient else { return }
        for row in 0..<rows {
            addScaled(target.base + row * first.stride, 1, gradient + row * width, width)
        }
    }

    /// The gradients of one row's gates, from those of its state and cell after the step.
    private func retreat(_ row: Int, _ step: Int, _ dy: UnsafePointer<Float>) {
        let fed = memory.fed(step) + row * gates
        let state = memory.stateGradient + row * width
        guard let position = position(row, step) else {
            fed.update(repeating: 0, count: gates)
            return
        }
        if layer.result == .sequence {
            addScaled(state, 1, dy + row * y.width + position * width, width)
        }
        let input = memory.inputs + (row * positions + position) * gates
        let before = memory.state(step) + row * width
        let after = memory.state(step + 1) + row * width
        switch layer.cell {
        case .lstm:
            RecurrentCell.lstmGradient(
                input, fed, memory.cell(step) + row * width,
                memory.cell(step + 1) + row * width, state, memory.cellGradient + row * width,
                width)
        case .gru: RecurrentCell.gruGradient(input, fed, before, state, width)
        case .plain: RecurrentCell.plainGradient(input, fed, after, state, width)
        }
    }

    /// From the gates to the states before the step and to the recurrent weights.
    private func bringBack(_ rows: Int, _ step: Int) {
        let fed = memory.fed(step)
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(width), Int32(gates), 1,
            fed, Int32(gates), recurrent.values, Int32(width), 1, memory.stateGradient,
            Int32(width))
        if let target = recurrent.gradient {
            cblas_sgemm(
                CblasRowMajor, CblasTrans, CblasNoTrans, Int32(gates), Int32(width), Int32(rows),
                1, fed, Int32(gates), memory.state(step), Int32(width), 1, target.base,
                Int32(width))
        }
        if let target = bias.gradient {
            for row in 0..<rows { addScaled(target.base + gates, 1, fed + row * gates, gates) }
        }
    }

    private func clearUnvisited(_ rows: Int) {
        for row in 0..<rows {
            let length = length(row)
            (memory.inputs + (row * positions + length) * gates).update(
                repeating: 0, count: (positions - length) * gates)
        }
    }

    /// From the gates of all positions to the inputs, their weights and their bias.
    private func finish(_ rows: Int) {
        let slopes = memory.inputs
        if let target = bias.gradient {
            for index in 0..<rows * positions {
                addScaled(target.base, 1, slopes + index * gates, gates)
            }
        }
        // Inputs without rows are those of every row, one after the other.
        let groups = x.isPerRow ? 1 : rows
        let count = Int32(rows * positions / groups)
        for group in 0..<groups {
            let slopes = slopes + group * positions * gates
            if let target = weight.gradient {
                cblas_sgemm(
                    CblasRowMajor, CblasTrans, CblasNoTrans, Int32(gates), Int32(depth), count, 1,
                    slopes, Int32(gates), x.values, Int32(depth), 1, target.base, Int32(depth))
            }
            if let target = x.gradient {
                cblas_sgemm(
                    CblasRowMajor, CblasNoTrans, CblasNoTrans, count, Int32(depth), Int32(gates),
                    1, slopes, Int32(gates), weight.values, Int32(depth), 1, target.base,
                    Int32(depth))
            }
        }
    }
}
