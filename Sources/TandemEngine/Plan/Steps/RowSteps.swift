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

/// Layer norm of each run, or of the sum of two.
struct LayerNormStep: Step {
    var input: Location
    /// What is added to the input first, if anything.
    var addend: Location?
    var gamma: Tensor
    var beta: Tensor
    var epsilon: Float
    var output: Location
    var positions: Int

    func run(_ frame: Frame) {
        let runs = frame.runs(positions, from: input, and: addend, to: output)
        for call in 0..<runs.calls {
            let other = addend.map { UnsafePointer(frame.floats($0) + call * $0.stride) }
            tandemk_f32_layer_norm(
                runs.count, gamma.shape[0], frame.floats(input) + call * input.stride,
                runs.inputStride, other, runs.otherStride,
                gamma.base.assumingMemoryBound(to: Float.self),
                beta.base.assumingMemoryBound(to: Float.self), epsilon,
                frame.floats(output) + call * output.stride, runs.outputStride)
        }
    }
}

/// The same experts mixed by one or more tasks' gates, each expert's rows read once for all of them.
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

    /// Scratch that the step needs.
    static func scratchBytes(expertCount: Int, taskCount: Int) -> Int {
        expertCount * MemoryLayout<tandemk_rows>.stride
            + taskCount * MemoryLayout<tandemk_mixture>.stride
    }

    func run(_ frame: Frame) {
        let rows = frame.scratch.assumingMemoryBound(to: tandemk_rows.self)
        for index in 0..<experts.count {
            rows[index] = tandemk_rows(
                base: frame.floats(experts[index]), stride: experts[index].stride)
        }
        let mixtures = UnsafeMutableRawPointer(rows + experts.count)
            .assumingMemoryBound(to: tandemk_mixture.self)
        var count = 0
        for index in 0..<tasks.count where tasks[index].tasks.intersects(frame.tasks) {
            let (gates, output) = (tasks[index].gates, tasks[index].output)
            mixtures[count] = tandemk_mixture(
                gates: frame.floats(gates), ldg: gates.stride, out: frame.floats(output),
                ldo: output.stride)
            count += 1
        }
        tandemk_f32_mixture(
            frame.rowCount, tasks[0].output.width, experts.count, rows, count, mixtures)
    }
}
