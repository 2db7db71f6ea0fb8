import TandemGraph

extension Lowering {
    /// What one call of a node's step costs, counted from the graph.
    func cost(of node: Node) -> Plan.StepCost {
        var cost = Plan.StepCost(multiplyAdds: graph.multiplyAdds(of: node))
        switch node.operation {
        case .quantizedLinear, .staticQuantizedLinear, .quantizedRecurrent: cost.isInt8 = true
        default: break
        }
        for input in node.inputs {
            guard isParameter(input) else {
                cost.rowBytes += rowBytes(input)
                continue
            }
            if isTable(input, of: node) {
                cost.rowBytes += lookedUpRows(node) * tableRowBytes(input)
            } else {
                cost.weightBytes += rowBytes(input)
            }
        }
        cost.rowBytes += rowBytes(node.output)
        return cost
    }

    /// Bytes of one row of a value, or of a whole parameter.
    func rowBytes(_ id: ValueID) -> Int {
        (graph[id].type.rowElementCount ?? 0) * graph[id].type.dtype.byteCount
    }

    private func isParameter(_ id: ValueID) -> Bool {
        graph[id].type.rows == .none && uses.makers[id.index] == nil && !graph.inputs.contains(id)
    }

    /// Tables, and the scales of their rows.
    private func isTable(_ id: ValueID, of node: Node) -> Bool {
        switch node.operation {
        case .embedding, .quantizedEmbedding: node.inputs.dropFirst().contains(id)
        case .embeddingPool, .quantizedEmbeddingPool: node.inputs.dropFirst(2).contains(id)
        default: false
        }
    }

    /// Looked up for one row of the block, lists at their longest.
    private func lookedUpRows(_ node: Node) -> Int {
        graph[node.inputs[0]].type.rowElementCount ?? 0
    }

    private func tableRowBytes(_ id: ValueID) -> Int {
        rowBytes(id) / max(graph[id].type.fixedSizes?.first ?? 1, 1)
    }
}
