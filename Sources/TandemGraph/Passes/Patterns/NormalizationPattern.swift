/// Layer normalisation over the last dimension.
///
/// Hugging Face and PyTorch before opset 17 write `(x - mean) / sqrt(variance + epsilon)` with the
/// variance as the mean of squares of the difference, then times gamma, then plus beta; Keras
/// multiplies by the reciprocal root. Gamma and beta may be left out.
enum NormalizationPattern: LayerPattern {
    static func replacement(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        // The whole layer first, so that its steps are never taken for layers of their own.
        guard let found = shifted(node, view) else { return nil }
        guard let width = view.type(found.x).shape.last?.fixedSize else { return nil }
        let name = view.model.graph[node.output].name
        let gamma = try parameter(found.gamma, 1, width, "\(name)/gamma", view, &rewriter)
        let beta = try parameter(found.beta, 0, width, "\(name)/beta", view, &rewriter)
        let x = try rewriter.value(found.x)
        return try rewriter.node(name, .layerNorm(epsilon: found.epsilon), [x, gamma, beta])
    }

    private struct Match {
        var x: ValueID
        var epsilon: Float
        var gamma: ValueID?
        var beta: ValueID?
    }

    private static func parameter(
        _ id: ValueID?, _ value: Float, _ width: Int, _ name: String, _ view: GraphView,
        _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID {
        guard let id else {
            let same = [Float](repeating: value, count: width)
            return try rewriter.parameter(name, Tensor(.float32, shape: [width], same))
        }
        guard let tensor = view.tensor(id), tensor.shape != [width] else {
            return try rewriter.value(id)
        }
        let flat = Tensor(
            dtype: .float32, shape: [width], storage: tensor.storage,
            byteOffset: tensor.byteOffset)
        return try rewriter.parameter("\(view.model.graph[id].name)/flat", flat)
    }

    /// `normal * gamma + beta`.
    private static func shifted(_ node: Node, _ view: GraphView) -> Match? {
        guard case .binary(.add) = node.operation else { return nil }
        for (left, right) in [(0, 1), (1, 0)] {
            guard isVector(node.inputs[right], like: node.output, view),
                let scaled = view.maker(node.inputs[left]), var match = scaledNormal(scaled, view)
            else { continue }
            match.beta = node.inputs[right]
            return match
        }
        return nil
    }

    /// `normal * gamma`.
    private static func scaledNormal(_ node: Node, _ view: GraphView) -> Match? {
        guard case .binary(.multiply) = node.operation else { return nil }
        for (left, right) in [(0, 1), (1, 0)] {
            guard isVector(node.inputs[right], like: node.output, view),
                let inner = view.maker(node.inputs[left]), var match = normal(inner, view)
            else { continue }
            match.gamma = node.inputs[right]
            return match
        }
        return nil
    }

    /// `(x - mean) / sqrt(variance + epsilon)`.
    private static func normal(_ node: Node, _ view: GraphView) -> Match? {
        switch node.operation {
        case .binary(.divide):
            guard let root = view.inputs(node.inputs[1], of: .unary(.sqrt)) else { return nil }
            return divided(node.inputs[0], by: root[0], view)
        case .binary(.multiply):
            for (left, right) in [(0, 1), (1, 0)] {
                guard let inverse = view.inputs(node.inputs[right], of: .unary(.reciprocal)),
                    let root = view.inputs(inverse[0], of: .unary(.sqrt))
                else { continue }
                if let match = divided(node.inputs[left], by: root[0], view) { return match }
            }
            return nil
        default: return nil
        }
    }

    /// The difference from the mean, and the variance plus epsilon.
    private static func divided(
        _ difference: ValueID, by variance: ValueID, _ view: GraphView
    ) -> Match? {
        let shifted = view.affine(variance)
        guard shifted.scale == 1, shifted.offset > 0,
            let squares = mean(of: shifted.source, view),
            let factors = view.inputs(squares, of: .binary(.multiply)),
            let x = centred(difference, view),
            factors.allSatisfy({ centred($0, view) == x })
        else { return nil }
        return Match(x: x, epsilon: shifted.offset)
    }

    /// The x of `x - mean(x)`.
    private static func centred(_ id: ValueID, _ view: GraphView) -> ValueID? {
        guard let inputs = view.inputs(id, of: .binary(.subtract)),
            mean(of: inputs[1], view) == inputs[0]
        else { return nil }
        return inputs[0]
    }

    /// What a value is the mean of, over the last dimension, which it keeps as 1.
    private static func mean(of id: ValueID, _ view: GraphView) -> ValueID? {
        guard let node = view.maker(view.withoutUnits(id)),
            case .reduce(.mean, let axis) = node.operation
        else { return nil }
        let rank = view.type(node.inputs[0]).shape.count
        return axis == rank - 1 ? node.inputs[0] : nil
    }

    /// Whether a value is a constant vector along another one's last dimension.
    private static func isVector(_ id: ValueID, like other: ValueID, _ view: GraphView) -> Bool {
        guard let tensor = view.tensor(id), tensor.dtype == .float32,
            let width = view.type(other).shape.last?.fixedSize
        else { return false }
        return tensor.elementCount == width && tensor.shape.last == width
    }
}
