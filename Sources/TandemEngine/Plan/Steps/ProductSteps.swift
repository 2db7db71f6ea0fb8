import CTandemKernels
import TandemGraph

/// Where a product's bias comes from.
enum Bias {
    case none
    case parameter(UnsafePointer<Float>)
    /// One row, computed once a request or once for all.
    case computed(Location)

    /// The bias's one row, or null.
    func base(_ frame: Frame) -> UnsafePointer<Float>? {
        switch self {
        case .none: nil
        case .parameter(let values): values
        case .computed(let location): UnsafePointer(frame.floats(location))
        }
    }
}

/// `c = activation(a * weights + bias)` over all runs of the rows.
struct LinearStep: Step {
    var input: Location
    var weights: Weights
    var bias: Bias
    var output: Location
    var activation: tandemk_activation
    /// Runs in a row: the product of x's leading dimensions.
    var positions: Int

    func run(_ frame: Frame) {
        let runs = frame.runs(positions, from: input, to: output)
        for call in 0..<runs.calls {
            tandemk_f32_gemm(
                runs.count, weights.outputCount, weights.inputCount,
                frame.floats(input) + call * input.stride, runs.inputStride, weights.base,
                bias.base(frame), frame.floats(output) + call * output.stride, runs.outputStride,
                activation)
        }
    }
}

/// Where quantised runs and their scales lie; always in the region of the rows they come from.
struct QuantizedLocation {
    /// int8 runs, `tandemk_qd8_stride(inputCount)` bytes apart; without gaps between rows.
    var rows: Location
    /// `tandemk_qd8_row` a run, likewise.
    var scales: Location
    var inputCount: Int
    /// Runs in a row.
    var positions: Int

    /// Bytes from one run to the next.
    var stride: Int { tandemk_qd8_stride(inputCount) }

    func bytes(_ frame: Frame) -> UnsafeMutablePointer<Int8> {
        frame.address(rows).assumingMemoryBound(to: Int8.self)
    }

    func grids(_ frame: Frame) -> UnsafeMutablePointer<tandemk_qd8_row> {
        frame.address(scales).assumingMemoryBound(to: tandemk_qd8_row.self)
    }
}

/// A block's runs as int8, with a scale each or by one for all; once for all the products that read
/// them.
struct QuantizeStep: Step {
    var input: Location
    /// What each column is multiplied by first, if anything.
    var factors: Tensor?
    /// The grid of all runs, if it was measured before.
    var grid: ActivationGrid?
    var output: QuantizedLocation

    func run(_ frame: Frame) {
        let positions = output.positions
        let (rows, scales) = (output.bytes(frame), output.grids(frame))
        let stride = output.stride
        let isWhole = positions == 1 || frame.rowCount == 1 || input.isDense
        let calls = isWhole ? 1 : frame.rowCount
        let count = isWhole ? frame.rowCount * positions : positions
        let factors = factors.map { UnsafePointer($0.base.assumingMemoryBound(to: Float.self)) }
        for call in 0..<calls {
            let x = frame.floats(input) + call * input.stride
            let xStride = positions == 1 ? input.stride : output.inputCount
            let (bytes, own) = (rows + call * count * stride, scales + call * count)
            if let grid {
                tandemk_f32_qs8_quantize(
                    count, output.inputCount, x, xStride, factors, grid.scale,
                    grid.zero, bytes, stride, own)
            } else {
                tandemk_f32_qd8_quantize(
                    count, output.inputCount, x, xStride, factors, bytes, stride, own)
            }
        }
    }
}

/// What quantisation took from each run.
struct QuantizationResidualStep: Step {
    var input: Location
    /// The same runs as int8.
    var bytes: QuantizedLocation
    var output: Location

    func run(_ frame: Frame) {
        let runs = frame.runs(bytes.positions, from: input, to: output)
        let (q, grids) = (bytes.bytes(frame), bytes.grids(frame))
        for call in 0..<runs.calls {
            for index in 0..<runs.count {
                let (run, grid) = (call * runs.count + index, grids[call * runs.count + index])
                let row = q + run * bytes.stride
                let x = frame.floats(input) + call * input.stride + index * runs.inputStride
                let y = frame.floats(output) + call * output.stride + index * runs.outputStride
                for column in 0..<bytes.inputCount {
                    y[column] = x[column] - Float(Int32(row[column]) - grid.zero) * grid.scale
                }
            }
        }
    }
}

/// The int8 product over quantised runs.
struct QuantizedLinearStep: Step {
    /// Where results go, and as what.
    enum Output {
        case floats(Location)
        /// By a grid that was measured before.
        case bytes(QuantizedLocation, ActivationGrid)
    }

    var input: QuantizedLocation
    var weights: Weights
    var bias: Bias
    var output: Output
    var activation: tandemk_activation

    func run(_ frame: Frame) {
        switch output {
        case .floats(let output): run(frame, to: output)
        case .bytes(let output, let grid): run(frame, to: output, by: grid)
        }
    }

    private func run(_ frame: Frame, to output: Location) {
        let positions = input.positions
        let isWhole = positions == 1 || frame.rowCount == 1 || output.isDense
        let calls = isWhole ? 1 : frame.rowCount
        let count = isWhole ? frame.rowCount * positions : positions
        for call in 0..<calls {
            tandemk_qd8_f32_qc8w_gemm(
                count, weights.outputCount, weights.inputCount,
                input.bytes(frame) + call * count * input.stride, input.stride,
                input.grids(frame) + call * count, weights.base, bias.base(frame),
                frame.floats(output) + call * output.stride,
                positions == 1 ? output.stride : weights.outputCount, activation, nil)
        }
    }

    private func run(_ frame: Frame, to output: QuantizedLocation, by grid: ActivationGrid) {
        var bytes = tandemk_qs8_rows(
            scale: grid.scale, zero: grid.zero, q: output.bytes(frame), ldq: output.stride,
            rows: output.grids(frame))
        tandemk_qd8_f32_qc8w_gemm(
            frame.rowCount * input.positions, weights.outputCount, weights.inputCount,
            input.bytes(frame), input.stride, input.grids(frame), weights.base, bias.base(frame),
            nil, 0, activation, &bytes)
    }
}

extension ActivationGrid {
    /// The byte of 0.
    fileprivate var zero: Int32 { Int32(stepsBelow) - 128 }
}
