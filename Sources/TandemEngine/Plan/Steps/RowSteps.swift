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

/// The same experts mixed by one or more tasks' gates.
///
/// All tasks mix a few rows before the next rows' turn, so that the experts' rows come from the
/// second-level cache once and not once a task.
struct MixtureStep: Step {
    /// One task's gates and result.
    struct Task {
        var gates: Location
        var output: Location
        /// The outputs that depend on the mixture.
        var tasks: TaskMask
    }

    var tasks: ConstantList<Task>
    var experts: ConstantList<Location>

    /// Rows whose experts' values fit in the first-level cache.
    private static let rowsAtOnce = 4

    /// Scratch that the step needs.
    static func scratchBytes(expertCount: Int) -> Int {
        expertCount * MemoryLayout<tandemk_rows>.stride
    }

    func run(_ frame: Frame) {
        let rows = frame.scratch.assumingMemoryBound(to: tandemk_rows.self)
        for start in stride(from: 0, to: frame.rowCount, by: Self.rowsAtOnce) {
            for index in 0..<experts.count {
                let expert = experts[index]
                rows[index] = tandemk_rows(
                    base: frame.floats(expert) + start * expert.stride, stride: expert.stride)
            }
            for index in 0..<tasks.count where tasks[index].tasks.intersects(frame.tasks) {
                let (gates, output) = (tasks[index].gates, tasks[index].output)
                tandemk_f32_mixture(
                    min(Self.rowsAtOnce, frame.rowCount - start), output.width, experts.count,
                    frame.floats(gates) + start * gates.stride, gates.stride, rows,
                    frame.floats(output) + start * output.stride, output.stride)
            }
        }
    }
}
