import CTandemKernels
import TandemGraph

extension Step {
    /// Runs the step over a frame's rows, allocating nothing.
    ///
    /// - Parameters:
    ///   - frame: The block's memory and rows.
    ///   - experts: Room for as many experts as the plan's widest mixture has.
    func run(_ frame: Frame, experts: UnsafeMutablePointer<tandemk_rows>) {
        switch self {
        case .linear, .quantize, .quantizedLinear: runProduct(frame)
        case .gather, .pool: runTable(frame)
        case .unary, .binary, .affine, .copy: runElementwise(frame)
        case .softmax(let input, let output):
            tandemk_f32_softmax(
                frame.rowCount, output.width, frame.floats(input), input.stride,
                frame.floats(output), output.stride)
        case .layerNorm(let input, let gamma, let beta, let epsilon, let output):
            tandemk_f32_layer_norm(
                frame.rowCount, output.width, frame.floats(input), input.stride,
                gamma.base.assumingMemoryBound(to: Float.self),
                beta.base.assumingMemoryBound(to: Float.self), epsilon, frame.floats(output),
                output.stride)
        case .mixture(let gates, let inputs, let output):
            for index in inputs.indices {
                experts[index] = tandemk_rows(
                    base: frame.floats(inputs[index]), stride: inputs[index].stride)
            }
            tandemk_f32_mixture(
                frame.rowCount, output.width, inputs.count, frame.floats(gates), gates.stride,
                experts, frame.floats(output), output.stride)
        }
    }

    private func runProduct(_ frame: Frame) {
        switch self {
        case .linear(let input, let weights, let bias, let output, let activation):
            tandemk_f32_gemm(
                frame.rowCount, weights.outputCount, weights.inputCount, frame.floats(input),
                input.stride, weights.storage.base, bias.base(frame), frame.floats(output),
                output.stride, activation)
        case .quantize(let input, let output):
            tandemk_f32_qd8_quantize(
                frame.rowCount, output.inputCount, frame.floats(input), input.stride,
                frame.address(output.rows).assumingMemoryBound(to: Int8.self),
                tandemk_qd8_stride(output.inputCount),
                frame.address(output.scales).assumingMemoryBound(to: tandemk_qd8_row.self))
        case .quantizedLinear(let input, let weights, let bias, let output, let activation):
            tandemk_qd8_f32_qc8w_gemm(
                frame.rowCount, weights.outputCount, weights.inputCount,
                frame.address(input.rows).assumingMemoryBound(to: Int8.self),
                tandemk_qd8_stride(input.inputCount),
                frame.address(input.scales).assumingMemoryBound(to: tandemk_qd8_row.self),
                weights.storage.base, bias.base(frame), frame.floats(output), output.stride,
                activation)
        default: preconditionFailure("not a product")
        }
    }

    private func runTable(_ frame: Frame) {
        switch self {
        case .gather(let table, let ids, let output):
            if let scales = table.scales {
                tandemk_qr8_f32_gather(
                    frame.rowCount, table.width, table.rowCount,
                    table.values.base.assumingMemoryBound(to: Int8.self),
                    scales.base.assumingMemoryBound(to: Float.self), frame.integers(ids),
                    ids.stride, frame.floats(output), output.stride)
            } else {
                tandemk_f32_gather(
                    frame.rowCount, table.width, table.rowCount,
                    table.values.base.assumingMemoryBound(to: Float.self), frame.integers(ids),
                    ids.stride, frame.floats(output), output.stride)
            }
        case .pool(let mode, let table, let ids, let lengths, let output):
            if let scales = table.scales {
                tandemk_qr8_f32_pool(
                    mode, frame.rowCount, table.width, table.rowCount,
                    table.values.base.assumingMemoryBound(to: Int8.self),
                    scales.base.assumingMemoryBound(to: Float.self), frame.integers(ids),
                    ids.width, frame.integers(lengths), frame.floats(output), output.stride)
            } else {
                tandemk_f32_pool(
                    mode, frame.rowCount, table.width, table.rowCount,
                    table.values.base.assumingMemoryBound(to: Float.self), frame.integers(ids),
                    ids.width, frame.integers(lengths), frame.floats(output), output.stride)
            }
        default: preconditionFailure("not a look-up")
        }
    }

    private func runElementwise(_ frame: Frame) {
        switch self {
        case .unary(let function, let input, let output):
            tandemk_f32_vunary(
                function, frame.rowCount, output.width, frame.floats(input), input.stride,
                frame.floats(output), output.stride)
        case .binary(let function, let left, let leftStep, let right, let rightStep, let output):
            tandemk_f32_vbinary(
                function, frame.rowCount, output.width,
                tandemk_operand(base: frame.floats(left), stride: left.stride, step: leftStep),
                tandemk_operand(base: frame.floats(right), stride: right.stride, step: rightStep),
                frame.floats(output), output.stride)
        case .affine(let scale, let offset, let input, let output):
            for row in 0..<frame.rowCount {
                let x = frame.floats(input) + row * input.stride
                let y = frame.floats(output) + row * output.stride
                for column in 0..<output.width {
                    y[column] = offset.addingProduct(x[column], scale)
                }
            }
        case .copy(let input, let output):
            tandemk_x8_copy(
                frame.rowCount, output.width * 4, frame.address(input), input.stride * 4,
                frame.address(output), output.stride * 4)
        default: preconditionFailure("not element by element")
        }
    }
}

extension Step.Bias {
    /// The bias's one row, or null.
    func base(_ frame: Frame) -> UnsafePointer<Float>? {
        switch self {
        case .none: nil
        case .parameter(let tensor): UnsafePointer(tensor.base.assumingMemoryBound(to: Float.self))
        case .context(let location): UnsafePointer(frame.floats(location))
        }
    }
}
