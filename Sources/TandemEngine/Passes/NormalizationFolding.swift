// Design: a scale and an offset a column belong into the layer beside them.
//
// Batch norm at serving time is `x * s + t` with a number a column. Behind a linear layer it is
// that layer with other rows, `diag(s) W` and `s b + t`; before linear layers that alone read it, it
// is those with other columns, `W diag(s)` and `b + W t`. A bias behind a residual connection is the
// layer's before it: `(W x + r) + t` is `(W x + t) + r`. Sums and products are taken in double and
// rounded once. Each walk moves one factor or one term into a layer; walks are repeated until none
// is left. Behind a convolution the two stay: engine and wire have no model that would gain.

package import TandemGraph

/// Folds batch norm, and other constant scales and offsets of columns, into linear layers.
package enum NormalizationFolding {
    /// Rewrites a graph.
    ///
    /// - Parameter source: A float graph and its tensors.
    /// - Returns: The rewritten graph; folded weights carry the layer's name and `/folded`.
    /// - Throws: `GraphError` if a name that the pass makes is taken.
    package static func applied(to source: WeightedGraph) throws(GraphError) -> WeightedGraph {
        var current = source
        while true {
            let view = GraphView(current)
            var count = 0
            let next = try GraphRewriter.rewrite(current) { rewriter, node throws(GraphError) in
                guard let layer = folded(node, view) else { return nil }
                count += 1
                return try emit(layer, view, &rewriter)
            }
            if count == 0 { return current }
            // What nothing reads any more is dropped, so that it does not count as a reader.
            current = try GraphRewriter.rewrite(next) { _, _ throws(GraphError) in nil }
        }
    }

    /// A linear layer with a factor or a term taken in.
    private struct Layer {
        /// The node whose value it gives.
        var output: ValueID
        var input: ValueID
        var weight: Tensor
        var bias: Tensor?
        /// What is added to the layer to give the value, if anything.
        var addend: ValueID?
    }

    private static func folded(_ node: Node, _ view: GraphView) -> Layer? {
        switch node.operation {
        case .binary(.multiply): behindLayer(node, view)
        case .binary(.add): behindLayer(node, view) ?? behindSum(node, view)
        case .linear: beforeLayer(node, view)
        default: nil
        }
    }

    /// `linear * s` or `linear + t` as one layer.
    private static func behindLayer(_ node: Node, _ view: GraphView) -> Layer? {
        guard let (product, column) = operands(node, view),
            let inputs = view.inputs(product, of: .linear), view.useCount(product) == 1,
            var layer = layer(inputs, node.output, view)
        else { return nil }
        if node.operation == .binary(.multiply) {
            layer.weight = layer.weight.multiplied(rows: column)
            layer.bias = layer.bias?.multiplied(rows: column)
        } else {
            layer.bias = column.added(to: layer.bias)
        }
        return layer
    }

    /// `(linear + r) + t` as one layer and r.
    private static func behindSum(_ node: Node, _ view: GraphView) -> Layer? {
        guard let (sum, column) = operands(node, view), view.useCount(sum) == 1,
            let terms = view.inputs(sum, of: .binary(.add))
        else { return nil }
        for (product, other) in [(terms[0], terms[1]), (terms[1], terms[0])] {
            guard let inputs = view.inputs(product, of: .linear), view.useCount(product) == 1,
                view.tensor(other) == nil, var layer = layer(inputs, node.output, view)
            else { continue }
            layer.bias = column.added(to: layer.bias)
            layer.addend = other
            return layer
        }
        return nil
    }

    /// `linear(x * s)` or `linear(x + t)` as one layer, where nothing but layers reads the argument.
    private static func beforeLayer(_ node: Node, _ view: GraphView) -> Layer? {
        let argument = node.inputs[0]
        guard let maker = view.maker(argument), let (x, column) = operands(maker, view),
            isReadByLayersOnly(argument, view), var layer = layer(node.inputs, node.output, view)
        else { return nil }
        layer.input = x
        if maker.operation == .binary(.multiply) {
            layer.weight = layer.weight.multiplied(columns: column)
        } else {
            layer.bias = layer.weight.product(with: column).added(to: layer.bias)
        }
        return layer
    }

    /// A product's or sum's argument, and the numbers of its columns.
    private static func operands(_ node: Node, _ view: GraphView) -> (ValueID, Tensor)? {
        guard node.operation == .binary(.multiply) || node.operation == .binary(.add) else {
            return nil
        }
        let type = view.type(node.output)
        for (value, constant) in [(0, 1), (1, 0)] {
            guard let column = view.tensor(node.inputs[constant]), column.dtype == .float32,
                view.tensor(node.inputs[value]) == nil,
                view.type(node.inputs[value]).shape == type.shape,
                let width = type.shape.last?.fixedSize, column.elementCount == width,
                column.shape.last == width
            else { continue }
            return (node.inputs[value], column)
        }
        return nil
    }

    private static func isReadByLayersOnly(_ id: ValueID, _ view: GraphView) -> Bool {
        let graph = view.model.graph
        return !graph.outputs.contains(id)
            && graph.nodes.allSatisfy { node in
                guard node.inputs.contains(id) else { return true }
                return node.operation == .linear && node.inputs[0] == id
                    && view.tensor(node.inputs[1]) != nil
                    && node.inputs.dropFirst(2).allSatisfy { view.tensor($0) != nil }
            }
    }

    /// A layer of constant weights.
    private static func layer(
        _ inputs: [ValueID], _ output: ValueID, _ view: GraphView
    ) -> Layer? {
        guard let weight = view.tensor(inputs[1]) else { return nil }
        var bias: Tensor?
        if inputs.count > 2 {
            guard let tensor = view.tensor(inputs[2]) else { return nil }
            bias = tensor
        }
        return Layer(output: output, input: inputs[0], weight: weight, bias: bias)
    }

    private static func emit(
        _ layer: Layer, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID {
        let name = view.model.graph[layer.output].name
        var inputs = [
            try rewriter.value(layer.input),
            try rewriter.parameter("\(name)/folded", layer.weight),
        ]
        if let bias = layer.bias {
            inputs.append(try rewriter.parameter("\(name)/folded/bias", bias))
        }
        guard let addend = layer.addend else {
            return try rewriter.node(name, .linear, inputs)
        }
        let product = try rewriter.node("\(name)/layer", .linear, inputs)
        return try rewriter.node(name, .binary(.add), [product, try rewriter.value(addend)])
    }
}

extension Tensor {
    /// Each row, or each element of a vector, times its number.
    fileprivate func multiplied(rows numbers: Tensor) -> Tensor {
        let width = shape.count > 1 ? shape[1] : 1
        return mapped { Float(Double($1) * Double(numbers.elements(as: Float.self)[$0 / width])) }
    }

    /// Each column times its number.
    fileprivate func multiplied(columns numbers: Tensor) -> Tensor {
        let width = shape[1]
        return mapped { Float(Double($1) * Double(numbers.elements(as: Float.self)[$0 % width])) }
    }

    /// A vector plus another, if there is one.
    fileprivate func added(to other: Tensor?) -> Tensor {
        let flat = Tensor(
            dtype: dtype, shape: [elementCount], storage: storage, byteOffset: byteOffset)
        guard let other else { return flat }
        return flat.mapped { $1 + other.elements(as: Float.self)[$0] }
    }

    /// A matrix times a vector.
    fileprivate func product(with vector: Tensor) -> Tensor {
        let (height, width) = (shape[0], shape[1])
        let (matrix, numbers) = (elements(as: Float.self), vector.elements(as: Float.self))
        return Tensor(
            .float32, shape: [height],
            (0..<height).map { row in
                Float(
                    (0..<width).reduce(0.0) {
                        $0 + Double(matrix[row * width + $1]) * Double(numbers[$1])
                    })
            })
    }

    /// The same shape, each element from its index and itself.
    private func mapped(_ function: (Int, Float) -> Float) -> Tensor {
        let result = Tensor(zeros: .float32, shape: shape)
        let (source, target) = (elements(as: Float.self), result.elements(as: Float.self))
        for index in source.indices { target[index] = function(index, source[index]) }
        return result
    }
}
