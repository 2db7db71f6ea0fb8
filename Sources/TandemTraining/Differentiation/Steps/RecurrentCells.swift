import Glibc
import TandemGraph

/// What a recurrent step keeps: the gates of all positions, and states step by step.
struct RecurrentMemory {
    private let storage: TensorStorage
    private let rows: Int
    private let width: Int
    private let gateWidth: Int
    /// What inputs add to the gates, `[rows, S, G * H]`; activations, and later gradients, over it.
    let inputs: UnsafeMutablePointer<Float>
    private let feds: UnsafeMutablePointer<Float>
    private let states: UnsafeMutablePointer<Float>
    private let cells: UnsafeMutablePointer<Float>
    /// The gradient of the states of the step that is looked at, `[rows, H]`.
    let stateGradient: UnsafeMutablePointer<Float>
    /// The gradient of the cells.
    let cellGradient: UnsafeMutablePointer<Float>

    init(rows: Int, positions: Int, width: Int, gates: Int) {
        self.rows = rows
        self.width = width
        gateWidth = gates * width
        let gated = rows * positions * gateWidth
        let stated = rows * (positions + 1) * width
        storage = TensorStorage(
            byteCount: (2 * gated + 2 * stated + 2 * rows * width) * MemoryLayout<Float>.size)
        inputs = storage.base.assumingMemoryBound(to: Float.self)
        feds = inputs + gated
        states = feds + gated
        cells = states + stated
        stateGradient = cells + stated
        cellGradient = stateGradient + rows * width
    }

    /// What the states add to the gates at a step, `[rows, G * H]`; later their gradient.
    func fed(_ step: Int) -> UnsafeMutablePointer<Float> { feds + step * rows * gateWidth }

    /// The states before a step, `[rows, H]`.
    func state(_ step: Int) -> UnsafeMutablePointer<Float> { states + step * rows * width }

    /// The cells before a step, `[rows, H]`.
    func cell(_ step: Int) -> UnsafeMutablePointer<Float> { cells + step * rows * width }

    func clearFirstState(_ rows: Int) {
        states.update(repeating: 0, count: rows * width)
        cells.update(repeating: 0, count: rows * width)
    }

    func clearGradients(_ rows: Int) {
        stateGradient.update(repeating: 0, count: rows * width)
        cellGradient.update(repeating: 0, count: rows * width)
    }
}

/// The cells of one row, forwards and backwards.
///
/// Forwards, the activated gates are written over `input`. Backwards, the gradients of the gates
/// before their activations are written over `input` and `fed`, and that of the state before the
/// step, but for what comes through the gates, over `state`.
enum RecurrentCell {
    typealias Row = UnsafeMutablePointer<Float>

    @inline(__always)
    private static func sigmoid(_ x: Float) -> Float { 1 / (1 + expf(-x)) }

    /// `c = f * c + i * g`, `h = o * tanh(c)`; gates input, output, forget, cell.
    static func lstm(
        _ input: Row, _ fed: Row, _ cell: Row, _ nextCell: Row, _ next: Row, _ width: Int
    ) {
        for gate in 0..<3 * width { input[gate] = sigmoid(input[gate] + fed[gate]) }
        for gate in 3 * width..<4 * width { input[gate] = tanhf(input[gate] + fed[gate]) }
        for unit in 0..<width {
            nextCell[unit] =
                input[2 * width + unit] * cell[unit] + input[unit] * input[3 * width + unit]
            next[unit] = input[width + unit] * tanhf(nextCell[unit])
        }
    }

    static func lstmGradient(
        _ input: Row, _ fed: Row, _ cell: Row, _ nextCell: Row, _ state: Row, _ cells: Row,
        _ width: Int
    ) {
        for unit in 0..<width {
            let i = input[unit]
            let o = input[width + unit]
            let f = input[2 * width + unit]
            let g = input[3 * width + unit]
            let shown = tanhf(nextCell[unit])
            let slope = cells[unit] + state[unit] * o * (1 - shown * shown)
            input[unit] = slope * g * i * (1 - i)
            input[width + unit] = state[unit] * shown * o * (1 - o)
            input[2 * width + unit] = slope * cell[unit] * f * (1 - f)
            input[3 * width + unit] = slope * i * (1 - g * g)
            cells[unit] = slope * f
            state[unit] = 0
        }
        fed.update(from: input, count: 4 * width)
    }

    /// `h = (1 - z) * n + z * h`, `n = tanh(input + r * fed)`; gates update, reset, hidden.
    static func gru(_ input: Row, _ fed: Row, _ before: Row, _ next: Row, _ width: Int) {
        for gate in 0..<2 * width { input[gate] = sigmoid(input[gate] + fed[gate]) }
        for unit in 0..<width {
            let hidden = 2 * width + unit
            input[hidden] = tanhf(input[hidden] + input[width + unit] * fed[hidden])
            let z = input[unit]
            next[unit] = (1 - z) * input[hidden] + z * before[unit]
        }
    }

    static func gruGradient(
        _ input: Row, _ fed: Row, _ before: Row, _ state: Row, _ width: Int
    ) {
        for unit in 0..<width {
            let hidden = 2 * width + unit
            let (z, r, n) = (input[unit], input[width + unit], input[hidden])
            let slope = state[unit] * (1 - z) * (1 - n * n)
            input[unit] = state[unit] * (before[unit] - n) * z * (1 - z)
            input[width + unit] = slope * fed[hidden] * r * (1 - r)
            input[hidden] = slope
            fed[unit] = input[unit]
            fed[width + unit] = input[width + unit]
            fed[hidden] = slope * r
            state[unit] *= z
        }
    }

    /// `h = tanh(input + fed)`.
    static func plain(_ input: Row, _ fed: Row, _ next: Row, _ width: Int) {
        for unit in 0..<width { next[unit] = tanhf(input[unit] + fed[unit]) }
    }

    static func plainGradient(
        _ input: Row, _ fed: Row, _ after: Row, _ state: Row, _ width: Int
    ) {
        for unit in 0..<width {
            input[unit] = state[unit] * (1 - after[unit] * after[unit])
            fed[unit] = input[unit]
            state[unit] = 0
        }
    }
}
