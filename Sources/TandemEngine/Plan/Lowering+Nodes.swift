import CTandemKernels
import TandemGraph

extension Lowering {
    /// Queues the steps of one node.
    func lower(_ node: Node) throws(EngineError) {
        if folded.contains(node.output) { return }
        switch node.operation {
        case .unary(let function):
            guard let kernel = function.kernel else {
                throw unsupported(node, "it has no kernel")
            }
            queue(node, reads: node.inputs) { lowering in
                .unary(
                    kernel, input: lowering.location(node.inputs[0], for: node),
                    output: lowering.location(node.output, for: node))
            }
        case .affine(let scale, let offset):
            queue(node, reads: node.inputs) { lowering in
                .affine(
                    scale: scale, offset: offset,
                    input: lowering.location(node.inputs[0], for: node),
                    output: lowering.location(node.output, for: node))
            }
        case .binary(let function): try lowerBinary(node, function)
        case .linear, .quantizedLinear: try lowerLinear(node)
        case .concat: lowerConcat(node)
        case .reshape: placement.placeView(node.output, of: node.inputs[0], elementOffset: 0)
        case .slice(let axis, let start, _):
            guard axis == 0, let start = start.fixedSize else {
                throw unsupported(node, "it cuts an inner axis")
            }
            let inner = graph[node.output].type.shape.dropFirst().reduce(1) {
                $0 * ($1.fixedSize ?? 0)
            }
            placement.placeView(node.output, of: node.inputs[0], elementOffset: start * inner)
        case .softmax, .layerNorm: try lowerRowwise(node)
        case .embedding, .quantizedEmbedding: try lowerGather(node)
        case .embeddingPool(let reduction), .quantizedEmbeddingPool(let reduction):
            try lowerPool(node, reduction)
        case .mixture:
            lowered.expertCountMax = max(lowered.expertCountMax, node.inputs.count - 1)
            queue(node, reads: node.inputs) { lowering in
                .mixture(
                    gates: lowering.location(node.inputs[0], for: node),
                    experts: node.inputs.dropFirst().map { lowering.location($0, for: node) },
                    output: lowering.location(node.output, for: node))
            }
        default: throw unsupported(node, "the engine does not run \(node.operation.name) yet")
        }
    }

    private func lowerBinary(_ node: Node, _ function: BinaryFunction) throws(EngineError) {
        let width = graph[node.output].type.rowElementCount ?? 0
        var steps: [Int] = []
        for input in node.inputs {
            let type = graph[input].type
            guard type.rowElementCount == width || type.rowElementCount == 1 else {
                throw unsupported(node, "operands are equal in shape or one is a single number")
            }
            guard type.rows != .none || uses.makers[input.index] != nil else {
                throw unsupported(node, "an operand is a parameter")
            }
            steps.append(type.rowElementCount == width ? 1 : 0)
        }
        guard let kernel = function.kernel else { throw unsupported(node, "it has no kernel") }
        let (leftStep, rightStep) = (steps[0], steps[1])
        queue(node, reads: node.inputs) { lowering in
            .binary(
                kernel, lowering.location(node.inputs[0], for: node), leftStep: leftStep,
                lowering.location(node.inputs[1], for: node), rightStep: rightStep,
                output: lowering.location(node.output, for: node))
        }
    }

    private func lowerConcat(_ node: Node) {
        var elementOffset = 0
        for input in node.inputs {
            let width = graph[input].type.rowElementCount ?? 0
            let offset = elementOffset
            elementOffset += width
            if placement.isPlaced(input, insideOf: node.output) {
                placement.touch(input, step: pending.count)
                continue
            }
            let text = "\(graph[node.output].name)[\(offset)...] = copy(\(graph[input].name))"
            queue(node, reads: [input], text: text) { lowering in
                var output = lowering.location(node.output, for: node)
                output.elementOffset += offset
                output.width = width
                return .copy(input: lowering.location(input, for: node), output: output)
            }
        }
    }

    private func lowerRowwise(_ node: Node) throws(EngineError) {
        guard graph[node.output].type.shape.count == 1 else {
            throw unsupported(node, "its rows have more than one dimension")
        }
        guard case .layerNorm(let epsilon) = node.operation else {
            queue(node, reads: node.inputs) { lowering in
                .softmax(
                    input: lowering.location(node.inputs[0], for: node),
                    output: lowering.location(node.output, for: node))
            }
            return
        }
        let gamma = try parameter(node.inputs[1], node)
        let beta = try parameter(node.inputs[2], node)
        queue(node, reads: [node.inputs[0]]) { lowering in
            .layerNorm(
                input: lowering.location(node.inputs[0], for: node), gamma: gamma, beta: beta,
                epsilon: epsilon, output: lowering.location(node.output, for: node))
        }
    }

    private func table(_ node: Node, at index: Int) throws(EngineError) -> Step.Table {
        let values = try parameter(node.inputs[index], node)
        let scales =
            node.inputs.count > index + 1 ? try parameter(node.inputs[index + 1], node) : nil
        lowered.memory.tables += values.byteCount + (scales?.byteCount ?? 0)
        return Step.Table(values: values, scales: scales)
    }

    private func lowerGather(_ node: Node) throws(EngineError) {
        guard graph[node.inputs[0]].type.shape.isEmpty else {
            throw unsupported(node, "it looks up more than one id a row; pool them")
        }
        let table = try table(node, at: 1)
        queue(node, reads: [node.inputs[0]]) { lowering in
            .gather(
                table, ids: lowering.location(node.inputs[0], for: node),
                output: lowering.location(node.output, for: node))
        }
    }

    private func lowerPool(_ node: Node, _ reduction: Reduction) throws(EngineError) {
        let table = try table(node, at: 2)
        queue(node, reads: [node.inputs[0], node.inputs[1]]) { lowering in
            .pool(
                reduction == .mean ? TANDEMK_POOL_MEAN : TANDEMK_POOL_SUM, table,
                ids: lowering.location(node.inputs[0], for: node),
                lengths: lowering.location(node.inputs[1], for: node),
                output: lowering.location(node.output, for: node))
        }
    }
}

extension UnaryFunction {
    /// The kernel's name for the function, nil if there is no kernel.
    var kernel: tandemk_unary? {
        switch self {
        case .relu: TANDEMK_UNARY_RELU
        case .sigmoid: TANDEMK_UNARY_SIGMOID
        case .tanh: TANDEMK_UNARY_TANH
        case .exp: TANDEMK_UNARY_EXP
        case .log: TANDEMK_UNARY_LOG
        case .negate: TANDEMK_UNARY_NEGATE
        case .abs: TANDEMK_UNARY_ABS
        case .sqrt: TANDEMK_UNARY_SQRT
        case .erf: TANDEMK_UNARY_ERF
        case .gelu: TANDEMK_UNARY_GELU_ERF
        case .geluTanh, .sin, .cos, .floor, .ceil, .round, .sign, .reciprocal: nil
        }
    }
}

extension BinaryFunction {
    /// The kernel's name for the function, nil if there is no kernel.
    var kernel: tandemk_binary? {
        switch self {
        case .add: TANDEMK_BINARY_ADD
        case .subtract: TANDEMK_BINARY_SUBTRACT
        case .multiply: TANDEMK_BINARY_MULTIPLY
        case .divide: TANDEMK_BINARY_DIVIDE
        case .minimum: TANDEMK_BINARY_MINIMUM
        case .maximum: TANDEMK_BINARY_MAXIMUM
        case .power, .remainder, .modulo: nil
        }
    }
}
