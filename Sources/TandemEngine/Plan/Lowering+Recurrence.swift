// Design: a recurrence looks its inputs up itself.
//
// An int8 layer's table was made when the package was written (`TableFolding`). A layer in floats
// has its own made here, where the table is small: a row's products are what the layer would compute
// at each position, by the same kernel, so no bit changes. An LSTM of 128 over 64 of 1,000 tokens
// takes 0.76 of the time for one row and 0.62 for sixteen.

import CTandemKernels
import TandemGraph

extension Lowering {
    /// Queues an LSTM or GRU over int8 weights; a look-up that alone it reads becomes a part of it.
    func lowerQuantizedRecurrent(_ node: Node, _ layer: Recurrence) throws(EngineError) {
        let shape = sizes(node.inputs[0])
        guard shape.count == 2 else {
            throw unsupported(node, "it has dimensions before the sequence")
        }
        let weights = try packed(node)
        let bias = try parameter(node.inputs[3], node)
        scratchBytes = max(
            scratchBytes,
            QuantizedRecurrentStep.scratchBytes(
                gated: weights.outputCount, width: weights.inputCount))
        let lookup = foldedLookup(node)
        var reads = node.inputs
        var table: Table?
        if let lookup {
            reads[0] = lookup.inputs[0]
            table = try self.table(lookup, at: 1)
        }
        let folded = table
        let optional = layer.optionalInputs
        queue(node, reads: reads) { lowering in
            func place(_ index: Int?) -> Location? {
                index.map { lowering.location(node.inputs[$0], for: node) }
            }
            let input = lowering.location(reads[0], for: node)
            return QuantizedRecurrentStep(
                layer: layer, source: folded.map { .table($0, ids: input) } ?? .values(input),
                weights: weights,
                bias: UnsafePointer(bias.base.assumingMemoryBound(to: Float.self)),
                length: place(optional.length), state: place(optional.state),
                cell: place(optional.cell), output: lowering.location(node.output, for: node),
                positions: shape[0])
        }
    }

    /// Whether a look-up's rows are read by a recurrence alone, which then looks them up itself.
    func isFoldedLookup(_ node: Node) -> Bool {
        guard let reader = uses.soleReader(of: node.output) else { return false }
        switch graph.nodes[reader].operation {
        case .quantizedRecurrent: break
        case .recurrent: guard isProjectionSmall(graph.nodes[reader], node) else { return false }
        default: return false
        }
        return foldedLookup(graph.nodes[reader])?.output == node.output
    }

    /// Elements of a projected table beyond which a layer in floats multiplies its inputs itself:
    /// 8 MB, half a third-level cache.
    private static var projectedElementsMax: Int { 1 << 21 }

    private func isProjectionSmall(_ layer: Node, _ lookup: Node) -> Bool {
        guard lookup.operation == .embedding,
            let rows = graph[lookup.inputs[1]].type.shape.first?.fixedSize,
            let outputs = graph[layer.inputs[1]].type.shape.first?.fixedSize
        else { return false }
        let (count, overflow) = rows.multipliedReportingOverflow(by: outputs)
        return !overflow && count <= Self.projectedElementsMax
    }

    /// The inputs' products of a layer in floats for each row of the table that it looks them up
    /// in, as the layer itself would compute them: each row by the same kernel, with the same bits.
    ///
    /// - Returns: The products and the ids of the look-up; nil if the layer multiplies its inputs.
    func projectedTable(
        _ node: Node, _ weights: Weights, _ bias: Tensor
    ) throws(EngineError) -> (table: Tensor, ids: ValueID)? {
        guard let lookup = foldedLookup(node), isFoldedLookup(lookup) else { return nil }
        let table = try parameter(lookup.inputs[1], lookup)
        let result = Tensor(zeros: .float32, shape: [table.shape[0], weights.outputCount])
        tandemk_f32_gemm(
            table.shape[0], weights.outputCount, weights.inputCount,
            table.base.assumingMemoryBound(to: Float.self), weights.inputCount, weights.base,
            bias.base.assumingMemoryBound(to: Float.self),
            result.base.assumingMemoryBound(to: Float.self), weights.outputCount,
            TANDEMK_ACTIVATION_NONE)
        lowered.memory.tables += result.byteCount
        return (result, lookup.inputs[0])
    }

    private func foldedLookup(_ node: Node) -> Node? {
        let id = node.inputs[0]
        guard let maker = uses.makers[id.index], uses.soleReader(of: id) != nil,
            graph[id].type.rows == graph[node.output].type.rows
        else { return nil }
        let lookup = graph.nodes[maker]
        let isLookup = lookup.operation == .embedding || lookup.operation == .quantizedEmbedding
        return isLookup && madeByFeatures.contains(lookup.inputs[0]) ? lookup : nil
    }
}
