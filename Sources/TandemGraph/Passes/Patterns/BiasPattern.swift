/// A constant vector added to a `linear` without bias: its bias.
enum BiasPattern: LayerPattern {
    static func replacement(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        if case .affine(1, let offset) = node.operation {
            return try singleBias(node, offset, view, &rewriter)
        }
        guard case .binary(.add) = node.operation else { return nil }
        for (product, other) in [(0, 1), (1, 0)] {
            guard let inputs = view.inputs(node.inputs[product], of: .linear), inputs.count == 2,
                view.useCount(node.inputs[product]) == 1,
                let bias = view.tensor(node.inputs[other]), bias.dtype == .float32,
                let width = view.type(node.output).shape.last?.fixedSize,
                bias.elementCount == width, bias.shape.last == width,
                view.type(node.output).shape == view.type(node.inputs[product]).shape
            else { continue }
            var values: [ValueID] = []
            for input in inputs { values.append(try rewriter.value(input)) }
            let name = view.model.graph[node.inputs[other]].name
            let flat = Tensor(
                dtype: .float32, shape: [width], storage: bias.storage,
                byteOffset: bias.byteOffset)
            values.append(
                bias.shape == [width]
                    ? try rewriter.value(node.inputs[other])
                    : try rewriter.parameter("\(name)/flat", flat))
            return try rewriter.node(view.model.graph[node.output].name, .linear, values)
        }
        return nil
    }

    /// The bias of a layer of width 1 is a single number, which arithmetic has made an offset.
    private static func singleBias(
        _ node: Node, _ offset: Float, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        guard let inputs = view.inputs(node.inputs[0], of: .linear), inputs.count == 2,
            view.useCount(node.inputs[0]) == 1, view.type(node.output).shape.last == 1
        else { return nil }
        let name = view.model.graph[node.output].name
        var values: [ValueID] = []
        for input in inputs { values.append(try rewriter.value(input)) }
        values.append(
            try rewriter.parameter("\(name)/bias", Tensor(.float32, shape: [1], [offset])))
        return try rewriter.node(name, .linear, values)
    }
}
