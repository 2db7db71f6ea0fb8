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
        guard let reader = uses.soleReader(of: node.output),
            case .quantizedRecurrent = graph.nodes[reader].operation
        else { return false }
        return foldedLookup(graph.nodes[reader])?.output == node.output
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
