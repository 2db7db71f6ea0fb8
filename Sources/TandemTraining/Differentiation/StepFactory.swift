import TandemGraph

/// Makes the steps of a plan: gives every value its address and every node its operands.
struct StepFactory {
    private let plan: GradientPlan
    private let parameters: ParameterStore
    private let rowCountMax: Int
    private let arena: UnsafeMutablePointer<Float>
    private let denseGradient: UnsafeMutablePointer<Float>
    private let tableGradients: [SparseGradient]
    private var addresses: [UnsafeMutablePointer<Float>?]
    private let parameterIDs: Set<ValueID>

    init(
        plan: GradientPlan, parameters: ParameterStore, rowCountMax: Int,
        arena: UnsafeMutablePointer<Float>, denseGradient: UnsafeMutablePointer<Float>,
        tableGradients: [SparseGradient]
    ) {
        self.plan = plan
        self.parameters = parameters
        self.rowCountMax = rowCountMax
        self.arena = arena
        self.denseGradient = denseGradient
        self.tableGradients = tableGradients
        parameterIDs = Set(plan.graph.parameters)
        addresses = [UnsafeMutablePointer<Float>?](repeating: nil, count: plan.graph.values.count)
        for index in addresses.indices {
            let id = ValueID(index)
            if let slot = parameters.slot(of: id) {
                addresses[index] = slot.tensor.base.assumingMemoryBound(to: Float.self)
            } else if let region = plan.activations[index] {
                addresses[index] = address(of: region, id)
            }
        }
        for node in plan.nodes.map({ plan.graph.nodes[$0] }) {
            guard case .reshape = node.operation else { continue }
            addresses[node.output.index] = addresses[node.inputs[0].index]
        }
    }

    private func address(
        of region: GradientPlan.Region, _ id: ValueID
    ) -> UnsafeMutablePointer<Float> {
        plan.graph[id].type.rows == .none
            ? arena + plan.arenaSize.perRow * rowCountMax + region.fixed
            : arena + region.perRow * rowCountMax
    }

    private func address(_ id: ValueID) -> UnsafeMutablePointer<Float> {
        guard let address = addresses[id.index] else {
            preconditionFailure("value '\(plan.graph[id].name)' has no memory")
        }
        return address
    }

    private func gradientAddress(_ id: ValueID) -> UnsafeMutablePointer<Float>? {
        guard plan.differentiates, plan.needsGradient[id.index] else { return nil }
        if case .dense(let offset)? = parameters.slot(of: id)?.kind {
            return denseGradient + offset
        }
        return plan.gradients[id.index].map { address(of: $0, id) }
    }

    // MARK: What the executor shows

    var inputs: [TrainingExecutor.Input] {
        plan.graph.inputs.compactMap { id in
            guard let base = addresses[id.index] else { return nil }
            let value = plan.graph[id]
            return TrainingExecutor.Input(
                name: value.name, dtype: value.type.dtype, width: width(id),
                base: UnsafeMutableRawPointer(base))
        }
    }

    var heads: [TrainingExecutor.Head] {
        plan.heads.map { id in
            TrainingExecutor.Head(
                width: width(id), values: address(id), gradient: gradientAddress(id))
        }
    }

    // MARK: Steps

    private func width(_ id: ValueID) -> Int { plan.graph[id].type.rowElementCount ?? 0 }

    private func sizes(_ id: ValueID) -> [Int] { plan.graph[id].type.fixedSizes ?? [] }

    func makeSteps() -> [any DifferentiableStep] {
        plan.nodes.indices.map { position in
            let node = plan.graph.nodes[plan.nodes[position]]
            let operands = node.inputs.indices.map { operand(position, node, $0) }
            return makeStep(node, operands, result(node.output))
        }
    }

    private func operand(_ position: Int, _ node: Node, _ index: Int) -> Operand {
        let id = node.inputs[index]
        let target = gradientAddress(id).map {
            GradientTarget(base: $0, accumulates: plan.accumulates[position][index])
        }
        return Operand(
            values: address(id), width: width(id),
            isPerRow: plan.graph[id].type.rows != .none, gradient: target)
    }

    private func result(_ id: ValueID) -> StepResult {
        StepResult(
            values: address(id), gradient: gradientAddress(id), width: width(id),
            isPerRow: plan.graph[id].type.rows != .none)
    }

    private func makeStep(
        _ node: Node, _ operands: [Operand], _ y: StepResult
    ) -> any DifferentiableStep {
        let x = operands[0]
        let xSizes = sizes(node.inputs[0])
        switch node.operation {
        case .unary(let function): return UnaryStep(function: function, x: x, y: y)
        case .affine(let scale, let offset):
            return AffineStep(scale: scale, offset: offset, x: x, y: y)
        case .binary(let function): return binaryStep(function, node, operands, y)
        case .linear:
            return LinearStep(
                x: x, weight: operands[1], bias: operands.count > 2 ? operands[2] : nil, y: y,
                depth: sizes(node.inputs[1])[1], outputs: sizes(node.inputs[1])[0])
        case .concat(let axis):
            let runs = node.inputs.map { sizes($0)[axis...].reduce(1, *) }
            return ConcatStep(
                parts: operands, runs: runs, outer: xSizes[..<axis].reduce(1, *), y: y)
        case .slice(let axis, let start, let end):
            return SliceStep(
                x: x, view: AxisView(xSizes, axis: axis), start: start.fixedSize ?? 0,
                end: end.fixedSize ?? 0, y: y)
        case .reshape: return ReshapeStep(x: x, y: y)
        case .softmax: return SoftmaxStep(x: x, y: y, length: xSizes.last ?? 1)
        case .layerNorm(let epsilon):
            return LayerNormStep(
                x: x, gamma: operands[1], beta: operands[2], y: y, length: xSizes.last ?? 1,
                epsilon: epsilon)
        case .reduce(let reduction, let axis):
            return ReduceStep(
                reduction: reduction, x: x, view: AxisView(xSizes, axis: axis), y: y)
        case .embedding:
            return EmbeddingStep(ids: x, table: table(node.inputs[1], operands[1]), y: y)
        case .embeddingPool(let reduction):
            return EmbeddingPoolStep(
                reduction: reduction, ids: x, lengths: operands[1],
                table: table(node.inputs[2], operands[2]), y: y)
        case .mixture:
            return MixtureStep(gates: x, experts: Array(operands.dropFirst()), y: y)
        default: return wholeStep(node, operands, y)
        }
    }

    /// Layers over sequences, and what their masks are made of.
    private func wholeStep(
        _ node: Node, _ operands: [Operand], _ y: StepResult
    ) -> any DifferentiableStep {
        switch node.operation {
        case .expand: return ExpandStep(x: spread(node, operands, 0, sizes(node.output)), y: y)
        case .cast:
            return plan.graph[node.inputs[0]].type.dtype == .float32
                ? AffineStep(scale: 1, offset: 0, x: operands[0], y: y)
                : FloatCastStep(x: operands[0], y: y)
        case .compare(let comparison):
            let out = sizes(node.output)
            return CompareStep(
                comparison: comparison, a: spread(node, operands, 0, out),
                b: spread(node, operands, 1, out),
                isFloat: plan.graph[node.inputs[0]].type.dtype == .float32, y: y)
        case .attention(let heads, let scale):
            let (query, value) = (sizes(node.inputs[0]), sizes(node.inputs[2]))
            let shape = AttentionShape(
                heads: heads, scale: scale, queries: query[0], keys: value[0],
                queryStride: query[1], valueStride: value[1])
            let mask =
                operands.count > 3
                ? spread(node, operands, 3, [heads, query[0], value[0]]) : nil
            return AttentionStep(
                query: operands[0], key: operands[1], value: operands[2], mask: mask, y: y,
                shape: shape, rowCountMax: rowCountMax)
        case .recurrent(let layer):
            let (input, recurrent) = (sizes(node.inputs[0]), sizes(node.inputs[2]))
            return RecurrentStep(
                layer, operands, y: y, positions: input[0], depth: input[1],
                width: recurrent[1], rowCountMax: rowCountMax)
        default: preconditionFailure("a plan has only nodes that it can differentiate")
        }
    }

    private func spread(
        _ node: Node, _ operands: [Operand], _ index: Int, _ resultSizes: [Int]
    ) -> BroadcastOperand {
        BroadcastOperand(
            operands[index], sizes: sizes(node.inputs[index]), resultSizes: resultSizes)
    }

    private func binaryStep(
        _ function: BinaryFunction, _ node: Node, _ operands: [Operand], _ y: StepResult
    ) -> BinaryStep {
        let out = sizes(node.output)
        return BinaryStep(
            function: function, a: spread(node, operands, 0, out),
            b: spread(node, operands, 1, out), y: y)
    }

    private func table(_ id: ValueID, _ operand: Operand) -> TableOperand {
        let sizes = sizes(id)
        var gradient = TableGradient.none
        if plan.differentiates {
            if case .table(let index)? = parameters.slot(of: id)?.kind {
                gradient = .sparse(tableGradients[index])
            } else if let target = operand.gradient {
                gradient = .dense(target, elementCount: operand.width)
            }
        }
        return TableOperand(
            values: operand.values, rowCount: sizes[0], width: sizes[1], gradient: gradient)
    }
}
