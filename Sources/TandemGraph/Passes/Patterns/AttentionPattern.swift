/// Scaled dot-product attention with its heads taken apart and joined again.
///
/// Queries, keys and values are reshaped to `[S, H, d]` and transposed to `[H, S, d]`, keys further
/// to `[H, d, T]`; the scale stands at the scores, at the queries, at the keys, or as a root at both;
/// a mask may be added to the scores; what comes out is transposed and reshaped back. PyTorch (both
/// exporters), Hugging Face and tf2onnx write this. Shapes are those of one row.
enum AttentionPattern: LayerPattern {
    static func replacement(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        guard case .reshape(let shape) = node.operation, shape.count == 2,
            let joined = view.inputs(node.inputs[0], of: .transpose([1, 0, 2])),
            let product = view.inputs(joined[0], of: .matmul),
            let weights = view.inputs(product[0], of: .softmax),
            let value = heads(product[1], [1, 0, 2], view),
            let scores = scores(weights[0], view),
            scores.query.heads == value.heads, scores.key.heads == value.heads
        else { return nil }
        let scale = scores.scale * value.scale
        guard value.scale == 1, let width = value.heads.fixedSize, scale.isFinite else {
            return nil
        }
        var inputs = [scores.query.source, scores.key.source, value.source]
        if let mask = scores.mask { inputs.append(mask) }
        return try rewriter.standIn(for: node, .attention(heads: width, scale: scale), inputs)
    }

    private struct Heads {
        var source: ValueID
        var heads: Dimension
        var scale: Float
    }

    private struct Scores {
        var query: Heads
        var key: Heads
        var scale: Float
        var mask: ValueID?
    }

    private static func scores(_ id: ValueID, _ view: GraphView) -> Scores? {
        if let plain = product(id, view) { return plain }
        guard let inputs = view.inputs(id, of: .binary(.add)) else { return nil }
        for (left, right) in [(0, 1), (1, 0)] {
            guard var scores = product(inputs[left], view) else { continue }
            scores.mask = inputs[right]
            return scores
        }
        return nil
    }

    private static func product(_ id: ValueID, _ view: GraphView) -> Scores? {
        let scaled = view.affine(id)
        guard scaled.offset == 0, let inputs = view.inputs(scaled.source, of: .matmul),
            let query = heads(inputs[0], [1, 0, 2], view),
            let key = heads(inputs[1], [1, 2, 0], view)
        else { return nil }
        return Scores(
            query: query, key: key, scale: scaled.scale * query.scale * key.scale, mask: nil)
    }

    /// What is taken apart into heads, through scales on the way.
    private static func heads(
        _ id: ValueID, _ permutation: [Int], _ view: GraphView
    ) -> Heads? {
        var scale: Float = 1
        func unscaled(_ id: ValueID) -> ValueID? {
            let part = view.affine(id)
            scale *= part.scale
            return part.offset == 0 ? part.source : nil
        }
        guard let turned = unscaled(id),
            let apart = view.inputs(turned, of: .transpose(permutation)),
            let inner = unscaled(apart[0]), let node = view.maker(inner),
            case .reshape(let shape) = node.operation, shape.count == 3,
            let source = unscaled(node.inputs[0]),
            view.type(source).shape.count == 2, view.type(source).shape[0] == shape[0]
        else { return nil }
        return Heads(source: source, heads: shape[1], scale: scale)
    }
}
