/// A recurrent layer that is given zeros to begin with: one that begins with zeros.
///
/// PyTorch writes its states of zeros into every export.
enum RecurrentPattern: LayerPattern {
    static func replacement(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        guard case .recurrent(var layer) = node.operation else { return nil }
        let optional = layer.optionalInputs
        var dropped: Set<Int> = []
        if let state = optional.state, isZero(node.inputs[state], view) {
            layer.hasInitialState = false
            dropped.insert(state)
        }
        if let cell = optional.cell, isZero(node.inputs[cell], view) {
            layer.hasInitialCell = false
            dropped.insert(cell)
        }
        guard !dropped.isEmpty else { return nil }
        let inputs = node.inputs.indices.filter { !dropped.contains($0) }.map { node.inputs[$0] }
        return try rewriter.standIn(for: node, .recurrent(layer), inputs)
    }

    private static func isZero(_ id: ValueID, _ view: GraphView) -> Bool {
        guard let tensor = view.tensor(view.withoutExpansion(id)), tensor.dtype == .float32 else {
            return false
        }
        return tensor.elements(as: Float.self).allSatisfy { $0 == 0 }
    }
}
