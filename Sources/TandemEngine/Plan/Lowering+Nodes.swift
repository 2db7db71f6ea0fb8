import CTandemKernels
import TandemGraph

// One node, one step or a few. Views (reshape, a cut of the first dimension) have none.

extension Lowering {
    /// Queues the steps of one node.
    ///
    /// - Throws: `EngineError` `unsupportedOperation` for sizes that are not known yet, and for the
    ///   few forms that no step computes.
    func lower(_ node: Node) throws(EngineError) {
        guard !folded.contains(node.output), lowerOnce(node) else { return }
        // Done by the steps that read them.
        if smoothing(of: node.output) != nil || normalizedSum(node.output) != nil { return }
        for id in node.inputs + [node.output] where graph[id].type.rowElementCount == nil {
            throw unsupported(
                node, "'\(graph[id].name)' is \(graph[id].type): bind its sizes to numbers")
        }
        switch node.operation {
        case .unary, .affine, .binary, .compare, .logical, .not, .select, .cast:
            try lowerElements(node)
        case .concat, .slice, .reshape, .transpose, .expand, .gather, .takeAlong, .range, .size:
            try lowerMoves(node)
        case .linear, .quantizedLinear, .staticQuantizedLinear: try lowerLinear(node)
        case .quantizationResidual: lowerQuantizationResidual(node)
        case .softmax, .layerNorm, .reduce, .cumulativeSum: try lowerSums(node)
        case .embedding, .quantizedEmbedding: try lowerLookup(node)
        case .embeddingPool(let reduction), .quantizedEmbeddingPool(let reduction):
            try lowerPool(node, reduction)
        case .mixture: try lowerMixture(node)
        case .matmul: try lowerMatrixProduct(node)
        case .attention(let heads, let scale):
            try lowerAttention(node, heads: heads, scale: scale)
        case .recurrent(let layer): try lowerRecurrent(node, layer)
        case .quantizedRecurrent(let layer): try lowerQuantizedRecurrent(node, layer)
        case .convolution(let convolution): try lowerConvolution(node, convolution)
        }
        quantizeResult(of: node)
    }

    /// A value's row shape.
    func sizes(_ id: ValueID) -> [Int] { graph[id].type.fixedSizes ?? [] }

    // MARK: Sums along an axis

    private func lowerSums(_ node: Node) throws(EngineError) {
        let input = node.inputs[0]
        let positions = runs(in: input)
        let length = sizes(input).last ?? 1
        switch node.operation {
        case .softmax:
            queue(node, reads: [input]) { lowering in
                SoftmaxStep(
                    input: lowering.location(input, for: node),
                    output: lowering.location(node.output, for: node), positions: positions,
                    length: length)
            }
        case .layerNorm(let epsilon):
            let gamma = try parameter(node.inputs[1], node)
            let beta = try parameter(node.inputs[2], node)
            let sum = normalizedSum(input)
            let reads = sum?.inputs ?? [input]
            let text = ((sum.map { [$0] } ?? []) + [node]).map(graph.text)
            queue(
                node, reads: reads, with: sum.map { [$0] } ?? [],
                text: text.joined(separator: "\n     ")
            ) { lowering in
                LayerNormStep(
                    input: lowering.location(reads[0], for: node),
                    addend: sum.map { lowering.location($0.inputs[1], for: node) }, gamma: gamma,
                    beta: beta, epsilon: epsilon,
                    output: lowering.location(node.output, for: node), positions: positions)
            }
        case .reduce(let reduction, let axis):
            queue(node, reads: [input]) { lowering in
                Self.reduction(
                    reduction, AxisView(lowering.sizes(input), axis: axis),
                    lowering.graph[input].type.dtype, lowering.location(input, for: node),
                    lowering.location(node.output, for: node))
            }
        case .cumulativeSum(let axis):
            queue(node, reads: [input]) { lowering in
                Self.runningSum(
                    AxisView(lowering.sizes(input), axis: axis),
                    lowering.graph[input].type.dtype, lowering.location(input, for: node),
                    lowering.location(node.output, for: node))
            }
        default: throw unsupported(node, "it sums along no axis")
        }
    }

    /// The sum of two computed values of one shape that only a layer norm reads, which makes it.
    private func normalizedSum(_ id: ValueID) -> Node? {
        guard let maker = uses.makers[id.index], let reader = uses.soleReader(of: id) else {
            return nil
        }
        let node = graph.nodes[maker]
        guard case .layerNorm = graph.nodes[reader].operation, node.operation == .binary(.add),
            graph.nodes[reader].inputs[0] == id,
            node.inputs.allSatisfy({ graph[$0].type == graph[id].type })
        else { return nil }
        return node
    }

    private static func reduction(
        _ reduction: Reduction, _ view: AxisView, _ dtype: DataType, _ input: Location,
        _ output: Location
    ) -> any Step {
        switch dtype {
        case .int32:
            IntegerReduceStep<Int32>(
                reduction: reduction, view: view, input: input, output: output)
        case .int64:
            IntegerReduceStep<Int64>(
                reduction: reduction, view: view, input: input, output: output)
        default:
            FloatReduceStep(reduction: reduction, view: view, input: input, output: output)
        }
    }

    private static func runningSum(
        _ view: AxisView, _ dtype: DataType, _ input: Location, _ output: Location
    ) -> any Step {
        switch dtype {
        case .int32:
            CumulativeSumStep<Int32>(view: view, input: input, output: output) { $0 &+ $1 }
        case .int64:
            CumulativeSumStep<Int64>(view: view, input: input, output: output) { $0 &+ $1 }
        default: CumulativeSumStep<Float>(view: view, input: input, output: output) { $0 + $1 }
        }
    }

    // MARK: Tables

    func table(_ node: Node, at index: Int) throws(EngineError) -> Table {
        let values = try parameter(node.inputs[index], node)
        let scales =
            node.inputs.count > index + 1 ? try parameter(node.inputs[index + 1], node) : nil
        lowered.memory.tables += values.byteCount + (scales?.byteCount ?? 0)
        return Table(values, scales: scales)
    }

    private func lowerLookup(_ node: Node) throws(EngineError) {
        if isFoldedLookup(node) { return }
        let table = try table(node, at: 1)
        let ids = boundedIDs(node.inputs[0], below: table.rowCount, for: node)
        let positions = sizes(node.inputs[0]).reduce(1, *)
        let isHinted = madeByFeatures.contains(node.inputs[0])
        queue(node, reads: [node.inputs[0]]) { lowering in
            let ids = ids(lowering)
            if isHinted { lowering.addHint(table, ids, positions, node) }
            return LookupStep(
                table: table, ids: ids, output: lowering.location(node.output, for: node),
                positions: positions)
        }
    }

    /// Has a table's rows prefetched, if their ids lie in the inputs and are few enough to be kept.
    private func addHint(
        _ table: Table, _ ids: Location, _ positions: Int, _ node: Node
    ) {
        guard positions <= LookupHint.positionsMax else { return }
        let hint = LookupHint(
            table: table, ids: ids, positions: positions, tasks: tasks[node.output.index])
        switch ids.region {
        case .candidateInput: lowered.candidateHints.append(hint)
        case .context: lowered.contextHints.append(hint)
        case .block, .fixed: break
        }
    }

    private func lowerPool(_ node: Node, _ reduction: Reduction) throws(EngineError) {
        let table = try table(node, at: 2)
        let ids = boundedIDs(node.inputs[0], below: table.rowCount, for: node)
        let lengths = boundedIDs(
            node.inputs[1], below: (sizes(node.inputs[0]).first ?? 0) + 1, for: node)
        queue(node, reads: [node.inputs[0], node.inputs[1]]) { lowering in
            PoolStep(
                mode: reduction == .mean ? TANDEMK_POOL_MEAN : TANDEMK_POOL_SUM, table: table,
                ids: ids(lowering), lengths: lengths(lowering),
                output: lowering.location(node.output, for: node))
        }
    }

    /// Where ids are found that lie in `0 ..< limit`.
    ///
    /// Ids that features make and that are only moved on the way were checked at load
    /// (`IdentifierBounds`); computed ones are kept within the table by a step of their own.
    private func boundedIDs(
        _ id: ValueID, below limit: Int, for node: Node
    ) -> (Lowering) -> Location {
        if madeByFeatures.contains(id) { return { $0.location(id, for: node) } }
        let type = graph[id].type
        let rows: RowAxis = type.rows == .candidate ? .candidate : .context
        let width = type.rowElementCount ?? 0
        let buffer = placement.addBuffer(rows: rows, width: width, bytesPerRow: width * 4)
        let step = pending.count
        placement.touch(id, step: step)
        placement.touchBuffer(buffer, step: step)
        placement.touchBuffer(buffer, step: step + 1)
        pending.append(
            PendingStep(
                rows: rows, tasks: tasks[node.output.index], text: "clamp(\(graph[id].name))",
                cost: Plan.StepCost(rowBytes: 2 * rowBytes(id))
            ) { lowering throws(EngineError) in
                ClampStep(
                    ids: lowering.placement.location(id, readBy: rows),
                    output: lowering.placement.location(buffer: buffer, readBy: rows),
                    largest: Int32(clamping: limit - 1))
            })
        let axis = axis(of: node)
        return { $0.placement.location(buffer: buffer, readBy: axis) }
    }

    /// Values that features give, maybe moved about; one walk, as joins may nest and repeat.
    static func valuesMadeByFeatures(_ graph: Graph) -> Set<ValueID> {
        var made = Set(graph.inputs)
        for node in graph.nodes {
            switch node.operation {
            case .concat, .slice, .reshape, .transpose, .expand:
                if node.inputs.allSatisfy(made.contains) { made.insert(node.output) }
            default: continue
            }
        }
        return made
    }
}
