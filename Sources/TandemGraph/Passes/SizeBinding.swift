extension Graph {
    /// The same graph with numbers in place of some named sizes.
    ///
    /// Every type is inferred again, so what depended on a name, such as the end of a slice, is
    /// checked with its number. Values keep their ids.
    ///
    /// - Parameter sizes: Numbers of 1 or more by name; names that the graph does not have are
    ///   ignored.
    /// - Returns: The bound graph.
    /// - Throws: `GraphError`, naming the value that a number does not fit.
    package func binding(_ sizes: [String: Int]) throws(GraphError) -> Graph {
        for (size, number) in sizes where number < 1 {
            throw GraphError(
                .wrongShape, name, "the size '\(size)' must be 1 or more, is \(number)")
        }
        var builder = try GraphBuilder(name: name)
        let inputs = Set(self.inputs)
        let nodes = Dictionary(uniqueKeysWithValues: self.nodes.map { ($0.output, $0) })
        for (index, value) in values.enumerated() {
            let id = ValueID(index)
            if let node = nodes[id] {
                let operation = try node.operation.binding(sizes, node: value.name)
                _ = try builder.node(value.name, operation, node.inputs)
            } else if inputs.contains(id) {
                var type = value.type
                type.shape = try type.shape.binding(sizes, value.name)
                _ = try builder.input(value.name, type)
            } else {
                _ = try builder.parameter(
                    value.name, value.type.dtype, value.type.fixedSizes ?? [])
            }
        }
        for id in outputs { try builder.output(id) }
        return builder.finished()
    }
}

extension Operation {
    /// Named sizes in the operation's attributes.
    var symbols: [String] {
        switch self {
        case .slice(_, let start, let end): start.symbols + end.symbols
        case .reshape(let shape), .expand(let shape): shape.flatMap(\.symbols)
        case .range(let size), .size(let size): size.symbols
        default: []
        }
    }

    fileprivate func binding(
        _ sizes: [String: Int], node: String
    ) throws(GraphError) -> Operation {
        switch self {
        case .slice(let axis, let start, let end):
            let bounds = try [start, end].binding(sizes, node)
            return .slice(axis: axis, start: bounds[0], end: bounds[1])
        case .reshape(let shape): return .reshape(try shape.binding(sizes, node))
        case .expand(let shape): return .expand(try shape.binding(sizes, node))
        case .range(let count): return .range(count: try [count].binding(sizes, node)[0])
        case .size(let size): return .size(try [size].binding(sizes, node)[0])
        default: return self
        }
    }
}

extension [Dimension] {
    fileprivate func binding(
        _ sizes: [String: Int], _ subject: String
    ) throws(GraphError) -> [Dimension] {
        var bound: [Dimension] = []
        for dimension in self {
            guard let size = dimension.binding(sizes) else {
                throw GraphError(.overflow, subject, "\(dimension) does not fit with \(sizes)")
            }
            bound.append(size)
        }
        return bound
    }
}
