/// The Gaussian error linear unit, by the error function or by the hyperbolic tangent.
///
/// All spell `x * half * (1 + f(...))` and differ in what the half is multiplied with first:
/// PyTorch `(x * 0.5) * (erf(x / sqrt 2) + 1)` or `x * (erf + 1) * 0.5`, TensorFlow
/// `x * (0.5 * (1 + erf))`, ONNX Runtime and Hugging Face the tangent with `x^3` as a power or as
/// products.
enum GELUPattern: LayerPattern {
    static func replacement(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        guard let (x, function) = unit(node, view) else { return nil }
        return try rewriter.standIn(for: node, .unary(function), [x])
    }

    private static func unit(_ node: Node, _ view: GraphView) -> (ValueID, UnaryFunction)? {
        var factor: Float = 1
        var product = node.output
        if case .affine(let scale, 0) = node.operation {
            factor = scale
            product = node.inputs[0]
        }
        guard let factors = view.inputs(product, of: .binary(.multiply)) else { return nil }
        for (left, right) in [(0, 1), (1, 0)] {
            let value = view.affine(factors[left])
            let gate = view.affine(factors[right])
            // value.scale * factor * (gate.scale * f + gate.offset) * x, where both parts are half.
            guard value.offset == 0,
                isNear(factor * value.scale * gate.scale, 0.5),
                isNear(factor * value.scale * gate.offset, 0.5),
                let inner = view.maker(gate.source)
            else { continue }
            if case .unary(.erf) = inner.operation {
                let argument = view.affine(inner.inputs[0])
                guard argument.source == value.source, argument.offset == 0,
                    isNear(argument.scale, 0.707_106_77)
                else { continue }
                return (value.source, .gelu)
            }
            if case .unary(.tanh) = inner.operation,
                isTangentArgument(inner.inputs[0], of: value.source, view)
            {
                return (value.source, .geluTanh)
            }
        }
        return nil
    }

    /// Whether a value is `sqrt(2 / pi) * (x + 0.044715 * x^3)`, in any order of the products.
    private static func isTangentArgument(
        _ id: ValueID, of x: ValueID, _ view: GraphView
    ) -> Bool {
        let root: Float = 0.797_884_56
        let outer = view.affine(id)
        guard outer.offset == 0, let node = view.maker(outer.source) else { return false }
        if case .binary(.add) = node.operation {
            for (first, second) in [(0, 1), (1, 0)] {
                let linear = view.affine(node.inputs[first])
                guard linear.source == x, linear.offset == 0,
                    isNear(outer.scale * linear.scale, root),
                    let cube = cube(node.inputs[second], of: x, view),
                    isNear(outer.scale * cube, root * 0.044_715)
                else { continue }
                return true
            }
        }
        // x * (1 + 0.044715 * x^2), the root anywhere.
        if case .binary(.multiply) = node.operation {
            for (first, second) in [(0, 1), (1, 0)] {
                let linear = view.affine(node.inputs[first])
                let rest = view.affine(node.inputs[second])
                let scale = outer.scale * linear.scale
                guard linear.source == x, linear.offset == 0, isNear(scale * rest.offset, root),
                    view.inputs(rest.source, of: .binary(.multiply)) == [x, x],
                    isNear(scale * rest.scale, root * 0.044_715)
                else { continue }
                return true
            }
        }
        return false
    }

    /// The factor c where a value is `c * x^3`.
    private static func cube(_ id: ValueID, of x: ValueID, _ view: GraphView) -> Float? {
        let outer = view.affine(id)
        guard outer.offset == 0, let node = view.maker(outer.source) else { return nil }
        if case .binary(.power) = node.operation, node.inputs[0] == x,
            view.scalar(node.inputs[1]) == 3
        {
            return outer.scale
        }
        guard case .binary(.multiply) = node.operation else { return nil }
        for (first, second) in [(0, 1), (1, 0)] {
            let linear = view.affine(node.inputs[first])
            let square = view.affine(node.inputs[second])
            guard linear.source == x, linear.offset == 0, square.offset == 0,
                let factors = view.inputs(square.source, of: .binary(.multiply))
            else { continue }
            let parts = factors.map(view.affine)
            if parts.allSatisfy({ $0.source == x && $0.offset == 0 }) {
                return outer.scale * linear.scale * square.scale * parts[0].scale * parts[1].scale
            }
        }
        return nil
    }

    private static func isNear(_ a: Float, _ b: Float) -> Bool { abs(a - b) <= 1e-5 * abs(b) }
}
