extension Graph {
    /// The most values a graph may have; a bound on what a hostile package can ask for.
    package static let valueCountMax = 100_000

    /// Rebuilds a graph from its stored parts, checking everything a builder would have checked.
    ///
    /// - Parameters:
    ///   - name: The graph's name.
    ///   - inputs: Declared inputs.
    ///   - parameters: Declared parameters.
    ///   - nodes: Operation, input names and result name, in order of execution.
    ///   - outputs: Names of the outputs.
    /// - Throws: `GraphError`, naming the node or value.
    package init(
        name: String, inputs: [Value], parameters: [Value],
        nodes: [(operation: Operation, inputs: [String], output: String)], outputs: [String]
    ) throws(GraphError) {
        let count = inputs.count + parameters.count + nodes.count
        guard count <= Self.valueCountMax else {
            throw GraphError(
                .overflow, name, "\(count) values are more than \(Self.valueCountMax)")
        }
        var builder = try GraphBuilder(name: name)
        for value in inputs { _ = try builder.input(value.name, value.type) }
        for value in parameters {
            guard value.type.rows == .none, let sizes = value.type.fixedSizes else {
                throw GraphError(
                    .rowsMixed, value.name, "a parameter has fixed sizes and no row axis")
            }
            _ = try builder.parameter(value.name, value.type.dtype, sizes)
        }
        let made = Set(nodes.map(\.output))
        for node in nodes {
            var ids: [ValueID] = []
            for input in node.inputs {
                guard let id = builder.value(named: input) else {
                    throw made.contains(input)
                        ? GraphError(
                            .notTopological, node.output, "reads '\(input)' before it is made")
                        : GraphError(.unknownValue, node.output, "reads '\(input)', unknown")
                }
                ids.append(id)
            }
            _ = try builder.node(node.output, node.operation, ids)
        }
        for output in outputs {
            guard let id = builder.value(named: output) else {
                throw GraphError(.unknownValue, output, "is an output, but nothing makes it")
            }
            try builder.output(id)
        }
        self = builder.finished()
    }

    /// Checks that every parameter has a tensor of its dtype and shape.
    ///
    /// - Throws: `GraphError` `missingTensor` or `wrongTensor`, naming the parameter.
    package func check(
        _ tensors: TensorSet, except known: Set<String> = []
    ) throws(GraphError) {
        for id in parameters {
            let value = self[id]
            if known.contains(value.name), tensors[value.name] == nil { continue }
            guard let tensor = tensors[value.name] else {
                throw GraphError(.missingTensor, value.name, "no tensor has this parameter's name")
            }
            guard tensor.dtype == value.type.dtype, tensor.shape == value.type.fixedSizes else {
                throw GraphError(
                    .wrongTensor, value.name,
                    "declared \(value.type), got \(tensor.dtype.name) \(tensor.shape)")
            }
        }
    }
}
