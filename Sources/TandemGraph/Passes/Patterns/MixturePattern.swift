/// Experts weighed by a gate.
///
/// The experts are stacked to `[E, D]` by reshapes and a concat; the sum is a product with the gate
/// as a matrix `[1, E]`, or, stacked to `[D, E]`, as `[E, 1]`, or the sum of an element-wise product
/// over the experts. PyTorch's `bmm`, `einsum` and `(gate * experts).sum(1)` export to these. Where no
/// stack is made, it is a sum of vectors, each times its own slice of the gate.
enum MixturePattern: LayerPattern {
    static func replacement(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        guard view.type(node.output).shape.count == 1 else { return nil }
        let found: (gate: ValueID, experts: [ValueID])? =
            switch node.operation {
            case .reshape: product(node.inputs[0], view)
            case .reduce(.sum, let axis): sum(node.inputs[0], axis, view)
            case .binary(.add): terms(node, view)
            default: nil
            }
        guard let found else { return nil }
        if let shares = view.tensor(found.gate), shares.elementCount == found.experts.count {
            return try constant(shares, found, node, view, &rewriter)
        }
        guard view.type(found.gate).shape == [.fixed(found.experts.count)] else { return nil }
        return try rewriter.standIn(for: node, .mixture, [found.gate] + found.experts)
    }

    /// The same shares for all rows, as cross-stitch units have them.
    private static func constant(
        _ shares: Tensor, _ found: (gate: ValueID, experts: [ValueID]), _ node: Node,
        _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID {
        let flat = Tensor(
            dtype: .float32, shape: [found.experts.count], storage: shares.storage,
            byteOffset: shares.byteOffset)
        let name = view.model.graph[found.gate].name
        var inputs = [
            shares.shape == flat.shape
                ? try rewriter.value(found.gate) : try rewriter.parameter("\(name)/flat", flat)
        ]
        for expert in found.experts { inputs.append(try rewriter.value(expert)) }
        return try rewriter.node(view.model.graph[node.output].name, .mixture, inputs)
    }

    private static func product(
        _ id: ValueID, _ view: GraphView
    ) -> (gate: ValueID, experts: [ValueID])? {
        guard let inputs = view.inputs(id, of: .matmul) else { return nil }
        for (gate, stack, axis) in [(0, 1, 0), (1, 0, 1)] {
            let weights = view.withoutUnits(inputs[gate])
            guard view.tensor(weights) != nil || view.type(weights).shape.count == 1,
                let experts = stacked(inputs[stack], axis, view)
            else { continue }
            return (weights, experts)
        }
        return nil
    }

    private static func sum(
        _ id: ValueID, _ axis: Int, _ view: GraphView
    ) -> (gate: ValueID, experts: [ValueID])? {
        guard let inputs = view.inputs(id, of: .binary(.multiply)) else { return nil }
        for (gate, stack) in [(0, 1), (1, 0)] {
            let weights = view.withoutUnits(inputs[gate])
            let shape = view.type(inputs[gate]).shape
            // Dimensions are counted from the end: broadcasting needs no leading ones.
            let place = axis - 2 + shape.count
            guard view.tensor(weights) != nil || view.type(weights).shape.count == 1,
                let experts = stacked(inputs[stack], axis, view),
                shape.filter({ $0 != 1 }).count <= 1, shape.indices.contains(place),
                shape[place] == .fixed(experts.count)
            else { continue }
            return (weights, experts)
        }
        return nil
    }

    /// A sum of experts, each times its own element of one gate.
    private static func terms(
        _ node: Node, _ view: GraphView
    ) -> (gate: ValueID, experts: [ValueID])? {
        var waiting = node.inputs
        var gate: ValueID?
        var experts: [Int: ValueID] = [:]
        while let id = waiting.popLast() {
            if let sides = view.inputs(id, of: .binary(.add)), view.useCount(id) == 1 {
                waiting += sides
                continue
            }
            guard let term = term(id, view), gate == nil || gate == term.gate,
                experts.updateValue(term.expert, forKey: term.index) == nil
            else { return nil }
            gate = term.gate
        }
        let ordered = experts.keys.sorted().compactMap { experts[$0] }
        guard let gate, view.type(gate).shape == [.fixed(ordered.count)],
            ordered.allSatisfy({ view.type($0).shape == view.type(node.output).shape })
        else { return nil }
        return (gate, ordered)
    }

    /// `gate[index] * expert`.
    private static func term(
        _ id: ValueID, _ view: GraphView
    ) -> (gate: ValueID, index: Int, expert: ValueID)? {
        guard let factors = view.inputs(id, of: .binary(.multiply)) else { return nil }
        for (share, expert) in [(0, 1), (1, 0)] {
            guard let node = view.maker(view.withoutUnits(factors[share])),
                case .slice(axis: 0, let start, let end) = node.operation,
                let index = start.fixedSize, end.fixedSize == index + 1,
                view.type(node.inputs[0]).shape.count == 1
            else { continue }
            return (node.inputs[0], index, factors[expert])
        }
        return nil
    }

    /// The vectors that a matrix is stacked of along an axis.
    private static func stacked(
        _ id: ValueID, _ axis: Int, _ view: GraphView
    ) -> [ValueID]? {
        guard view.type(id).shape.count == 2, axis < 2 else { return nil }
        if let parts = view.inputs(id, of: .concat(axis: axis)), parts.count > 1 {
            let vectors = parts.map(view.withoutUnits)
            let isStack = zip(parts, vectors).allSatisfy { part, vector in
                view.type(part).shape[axis] == 1 && view.type(vector).shape.count == 1
            }
            return isStack ? vectors : nil
        }
        // One concat of all vectors end to end, cut into rows afterwards.
        guard axis == 0, let node = view.maker(id), case .reshape(let shape) = node.operation,
            let parts = view.inputs(node.inputs[0], of: .concat(axis: 0)),
            shape == [.fixed(parts.count), shape[1]],
            parts.allSatisfy({ view.type($0).shape == [shape[1]] })
        else { return nil }
        return parts
    }
}
