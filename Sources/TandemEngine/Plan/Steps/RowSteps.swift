import CTandemKernels
import TandemGraph

/// Softmax of each run.
struct SoftmaxStep: Step {
    var input: Location
    var output: Location
    /// Runs in a row, and elements in each.
    var positions: Int
    var length: Int

    func run(_ frame: Frame) {
        let runs = frame.runs(positions, from: input, to: output)
        for call in 0..<runs.calls {
            tandemk_f32_softmax(
                runs.count, length, frame.floats(input) + call * input.stride, runs.inputStride,
                frame.floats(output) + call * output.stride, runs.outputStride)
        }
    }
}

/// Layer norm of each run.
struct LayerNormStep: Step {
    var input: Location
    var gamma: Tensor
    var beta: Tensor
    var epsilon: Float
    var output: Location
    var positions: Int

    func run(_ frame: Frame) {
        let runs = frame.runs(positions, from: input, to: output)
        for call in 0..<runs.calls {
            tandemk_f32_layer_norm(
                runs.count, gamma.shape[0], frame.floats(input) + call * input.stride,
                runs.inputStride, gamma.base.assumingMemoryBound(to: Float.self),
                beta.base.assumingMemoryBound(to: Float.self), epsilon,
                frame.floats(output) + call * output.stride, runs.outputStride)
        }
    }
}

/// Experts mixed by gates.
struct MixtureStep: Step {
    var gates: Location
    var experts: [Location]
    var output: Location

    /// Scratch that the step needs.
    static func scratchBytes(expertCount: Int) -> Int {
        expertCount * MemoryLayout<tandemk_rows>.stride
    }

    func run(_ frame: Frame) {
        let rows = frame.scratch.assumingMemoryBound(to: tandemk_rows.self)
        for index in experts.indices {
            rows[index] = tandemk_rows(
                base: frame.floats(experts[index]), stride: experts[index].stride)
        }
        tandemk_f32_mixture(
            frame.rowCount, output.width, experts.count, frame.floats(gates), gates.stride, rows,
            frame.floats(output), output.stride)
    }
}
