/// Rows of a constant table that 32-bit ids name.
///
/// ONNX's `Gather` counts negative ids from the end; a served model's ids are encoded by its
/// features and are never negative, so a look-up refuses them.
enum EmbeddingPattern: LayerPattern {
    static func replacement(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        guard case .gather(axis: 0) = node.operation, let table = view.tensor(node.inputs[0]),
            table.dtype == .float32, table.shape.count == 2,
            view.type(node.inputs[1]).dtype == .int32, view.tensor(node.inputs[1]) == nil
        else { return nil }
        return try rewriter.standIn(
            for: node, .embedding, [node.inputs[1], node.inputs[0]])
    }
}
