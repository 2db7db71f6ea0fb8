/// Looks at a graph from its results back to what they are made of; what patterns are matched with.
package struct GraphView {
    /// What is looked at.
    package let model: WeightedGraph
    private let makers: [ValueID: Node]
    private let useCounts: [ValueID: Int]
    /// A bound from above for whole numbers that are certainly 0 or more.
    private let largest: [ValueID: Int]

    /// Prepares the look-ups; O(nodes and elements of small constants).
    package init(_ model: WeightedGraph) {
        self.model = model
        var makers: [ValueID: Node] = [:]
        var uses: [ValueID: Int] = [:]
        for node in model.graph.nodes {
            makers[node.output] = node
            for input in node.inputs { uses[input, default: 0] += 1 }
        }
        for output in model.graph.outputs { uses[output, default: 0] += 1 }
        self.makers = makers
        useCounts = uses
        largest = Self.bounds(model)
    }

    /// The type of a value.
    package func type(_ id: ValueID) -> TensorType { model.graph[id].type }

    /// The node that makes a value; nil for inputs and parameters.
    package func maker(_ id: ValueID) -> Node? { makers[id] }

    /// How many nodes and outputs read a value.
    package func useCount(_ id: ValueID) -> Int { useCounts[id] ?? 0 }

    /// The inputs of the node that makes a value, if it has this operation.
    package func inputs(_ id: ValueID, of operation: Operation) -> [ValueID]? {
        guard let node = makers[id], node.operation == operation else { return nil }
        return node.inputs
    }

    /// The tensor of a parameter.
    package func tensor(_ id: ValueID) -> Tensor? {
        makers[id] == nil && model.graph[id].type.rows == .none
            ? model.tensors[model.graph[id].name] : nil
    }

    /// The number of a parameter with one f32 element.
    package func scalar(_ id: ValueID) -> Float? {
        guard let tensor = tensor(id), tensor.dtype == .float32, tensor.elementCount == 1 else {
            return nil
        }
        return tensor.elements(as: Float.self)[0]
    }

    /// The whole number, or 1 and 0 for bools, that all elements of a parameter are.
    package func uniformInteger(_ id: ValueID) -> Int? {
        guard let values = integers(id), let first = values.first else { return nil }
        return values.allSatisfy { $0 == first } ? first : nil
    }

    /// The whole numbers of a parameter, 1 and 0 for bools; nil for other dtypes and large ones.
    package func integers(_ id: ValueID) -> [Int]? {
        guard let tensor = tensor(id), tensor.elementCount <= 1 << 20 else { return nil }
        switch tensor.dtype {
        case .int64: return tensor.elements(as: Int64.self).map { Int(clamping: $0) }
        case .int32: return tensor.elements(as: Int32.self).map(Int.init)
        case .bool: return tensor.elements(as: UInt8.self).map(Int.init)
        case .float32, .int8, .uint8: return nil
        }
    }

    /// Whether whole numbers are certainly 0 or more: positions, sizes and what is made of them.
    package func isNonNegative(_ id: ValueID) -> Bool { largest[id] != nil }

    /// The value that an expansion repeats; the value itself if it is none.
    package func withoutExpansion(_ id: ValueID) -> ValueID {
        var source = id
        while let node = makers[source], case .expand = node.operation { source = node.inputs[0] }
        return source
    }

    /// What is scaled and shifted to give a value, and how: `value = scale * source + offset`.
    ///
    /// The value itself, by 1 and 0, where it is made otherwise.
    package func affine(_ id: ValueID) -> (source: ValueID, scale: Float, offset: Float) {
        guard let node = makers[id], case .affine(let scale, let offset) = node.operation else {
            return (id, 1, 0)
        }
        return (node.inputs[0], scale, offset)
    }

    /// The value before reshapes that only add or drop dimensions of 1.
    package func withoutUnits(_ id: ValueID) -> ValueID {
        var source = id
        while let node = makers[source], case .reshape = node.operation,
            type(node.inputs[0]).shape.filter({ $0 != 1 }) == type(id).shape.filter({ $0 != 1 })
        { source = node.inputs[0] }
        return source
    }
}
