import CTandemKernels
import TandemGraph

extension Lowering {
    /// Queues a product, with the rectifier that follows it, and the quantisation before and behind
    /// it.
    func lowerLinear(_ node: Node) throws(EngineError) {
        let packed = try packed(node)
        let bias = try bias(node, at: node.operation.isQuantizedLinear ? 3 : 2)
        let (output, activation) = foldedRectifier(node)
        let text = text(node, activation)
        guard node.operation.isQuantizedLinear else {
            let positions = runs(in: node.inputs[0])
            queue(
                node, reads: bias.reads + [node.inputs[0]], writes: output, text: text
            ) { lowering in
                LinearStep(
                    input: lowering.location(node.inputs[0], for: node), weights: packed,
                    bias: bias.resolved(lowering, node),
                    output: lowering.location(output, for: node), activation: activation,
                    positions: positions)
            }
            return
        }
        let input = quantizedRows(of: node.inputs[0], by: node.operation.activationGrid)
        touch(input, step: pending.count)
        let grid = gridOfReaders(of: output)
        let bytes = grid.map { addQuantizedRows(of: output, by: $0) }
        let quantizing = grid.map { " + quantize \(self.text(of: $0))" } ?? ""
        queue(
            node, reads: bias.reads, writes: output, as: bytes, text: text + quantizing
        ) { lowering in
            QuantizedLinearStep(
                input: lowering.location(of: input), weights: packed,
                bias: bias.resolved(lowering, node),
                output: lowering.output(output, as: bytes, by: grid, for: node),
                activation: activation)
        }
    }

    /// Where a product's results go: as floats, or as bytes if they have memory as such.
    private func output(
        _ id: ValueID, as bytes: QuantizedBuffer?, by grid: ActivationGrid?, for node: Node
    ) -> QuantizedLinearStep.Output {
        guard let bytes, let grid else { return .floats(location(id, for: node)) }
        return .bytes(location(of: bytes), grid)
    }

    /// Queues what is left of rows that products read as bytes.
    func lowerQuantizationResidual(_ node: Node) {
        let bytes = quantizedRows(of: node.inputs[0], by: nil)
        touch(bytes, step: pending.count)
        queue(node, reads: [node.inputs[0]]) { lowering in
            QuantizationResidualStep(
                input: lowering.location(node.inputs[0], for: node),
                bytes: lowering.location(of: bytes),
                output: lowering.location(node.output, for: node))
        }
    }

    /// A bias before memory is planned.
    private enum PendingBias {
        case none
        case parameter(Tensor)
        case value(ValueID)

        var reads: [ValueID] { if case .value(let id) = self { [id] } else { [] } }

        func resolved(_ lowering: Lowering, _ node: Node) -> Bias {
            switch self {
            case .none: .none
            case .parameter(let tensor):
                .parameter(UnsafePointer(tensor.base.assumingMemoryBound(to: Float.self)))
            case .value(let id): .computed(lowering.location(id, for: node))
            }
        }
    }

    private func bias(_ node: Node, at index: Int) throws(EngineError) -> PendingBias {
        guard node.inputs.count > index else { return .none }
        let id = node.inputs[index]
        if uses.makers[id.index] == nil, graph[id].type.rows == .none {
            return .parameter(try parameter(id, node))
        }
        return .value(id)
    }

    /// The value a product writes, and its activation: those of a rectifier that alone reads it.
    private func foldedRectifier(_ node: Node) -> (ValueID, tandemk_activation) {
        guard let reader = uses.soleReader(of: node.output),
            graph.nodes[reader].operation == .unary(.relu)
        else { return (node.output, TANDEMK_ACTIVATION_NONE) }
        let output = graph.nodes[reader].output
        folded.insert(output)
        return (output, TANDEMK_ACTIVATION_RELU)
    }

    /// The grid of a value that is only read as bytes, all by that grid.
    ///
    /// A product then writes the bytes itself. With grids a row it cannot: they are known when a
    /// row's last column is.
    private func gridOfReaders(of id: ValueID) -> ActivationGrid? {
        let readers = uses.readers[id.index].map { graph.nodes[$0] }
        guard let grid = readers.first?.operation.activationGrid, isReadAsBytes(id),
            readers.allSatisfy({ $0.operation.activationGrid == grid })
        else { return nil }
        return grid
    }

    /// Whether nothing but int8 products reads a value.
    private func isReadAsBytes(_ id: ValueID) -> Bool {
        !graph.outputs.contains(id)
            && uses.readers[id.index].map { graph.nodes[$0] }.allSatisfy {
                $0.operation.isQuantizedLinear && $0.inputs[0] == id
            }
    }

    private func text(_ node: Node, _ activation: tandemk_activation) -> String {
        graph.text(of: node) + (activation == TANDEMK_ACTIVATION_RELU ? " + relu" : "")
    }

    /// Quantises a node's result right behind it if nothing but int8 products reads it.
    ///
    /// The floats are still in the first-level cache then, and their memory is free for the next
    /// layer, so that all experts' floats pass through the same few lines.
    func quantizeResult(of node: Node) {
        var id = node.output
        if let reader = uses.soleReader(of: id), folded.contains(graph.nodes[reader].output) {
            id = graph.nodes[reader].output
        }
        guard isReadAsBytes(id) else { return }
        for reader in uses.readers[id.index].map({ graph.nodes[$0] }) {
            _ = quantizedRows(of: id, by: reader.operation.activationGrid)
        }
    }

    /// The int8 rows of a value, quantised by a step of their own the first time they are asked for.
    private func quantizedRows(of id: ValueID, by grid: ActivationGrid?) -> QuantizedBuffer {
        if let found = quantized[QuantizedValue(value: id, grid: grid)] { return found }
        let buffer = addQuantizedRows(of: id, by: grid)
        let step = pending.count
        let smoothing = smoothing(of: id)
        let input = smoothing?.input ?? id
        placement.touch(input, step: step)
        touch(buffer, step: step)
        pending.append(
            PendingStep(
                rows: buffer.axis, tasks: tasks[id.index],
                text: text(quantizing: id, grid),
                cost: Plan.StepCost(rowBytes: rowBytes(id) + buffer.bytesPerRow)
            ) { lowering throws(EngineError) in
                QuantizeStep(
                    input: lowering.placement.location(input, readBy: buffer.axis),
                    factors: smoothing?.factors, grid: grid,
                    output: lowering.location(of: buffer))
            })
        return buffer
    }

    /// Memory for the int8 rows of a value.
    private func addQuantizedRows(of id: ValueID, by grid: ActivationGrid?) -> QuantizedBuffer {
        // On the value's own axis: a context value is quantised once a request.
        let rows: RowAxis = graph[id].type.rows == .candidate ? .candidate : .context
        let positions = runs(in: id)
        let inputCount = (graph[id].type.rowElementCount ?? 0) / max(positions, 1)
        let stride = tandemk_qd8_stride(inputCount) * positions
        let scaleBytes = MemoryLayout<tandemk_qd8_row>.size * positions
        let buffer = QuantizedBuffer(
            rows: placement.addBuffer(rows: rows, width: stride / 4, bytesPerRow: stride),
            scales: placement.addBuffer(
                rows: rows, width: scaleBytes / 4, bytesPerRow: scaleBytes),
            inputCount: inputCount, positions: positions, axis: rows,
            bytesPerRow: stride + scaleBytes)
        quantized[QuantizedValue(value: id, grid: grid)] = buffer
        return buffer
    }

    func touch(_ buffer: QuantizedBuffer, step: Int) {
        placement.touchBuffer(buffer.rows, step: step)
        placement.touchBuffer(buffer.scales, step: step)
    }

    private func text(quantizing id: ValueID, _ grid: ActivationGrid?) -> String {
        let step = "quantize(\(graph[id].name))"
        guard let grid else { return step }
        return "\(step) \(text(of: grid))"
    }

    private func text(of grid: ActivationGrid) -> String {
        "{scale=\(grid.scale), steps_below=\(grid.stepsBelow)}"
    }

    /// What a value is made of if it is another with its columns multiplied, and only read as bytes:
    /// that is done while it is quantised.
    func smoothing(of id: ValueID) -> (input: ValueID, factors: Tensor)? {
        guard let maker = uses.makers[id.index] else { return nil }
        let node = graph.nodes[maker]
        guard node.operation == .binary(.multiply),
            let factors = tensors[graph[node.inputs[1]].name],
            uses.makers[node.inputs[1].index] == nil, factors.dtype == .float32,
            graph[node.inputs[0]].type == graph[id].type, factors.shape == [sizes(id).last ?? 0],
            !uses.readers[id.index].isEmpty, isReadAsBytes(id)
        else { return nil }
        return (node.inputs[0], factors)
    }

    private func location(of buffer: QuantizedBuffer) -> QuantizedLocation {
        QuantizedLocation(
            rows: placement.location(buffer: buffer.rows, readBy: buffer.axis),
            scales: placement.location(buffer: buffer.scales, readBy: buffer.axis),
            inputCount: buffer.inputCount, positions: buffer.positions)
    }

    /// Runs in one row of a value: the product of all dimensions but the last.
    func runs(in id: ValueID) -> Int {
        graph[id].type.shape.dropLast().reduce(1) { $0 * ($1.fixedSize ?? 0) }
    }
}
