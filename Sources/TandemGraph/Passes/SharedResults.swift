/// Computes what is computed several times once.
package enum SharedResults {
    private struct Key: Hashable {
        var operation: Operation
        var inputs: [ValueID]
    }

    /// The graph in which no two nodes have the same operation over the same values.
    ///
    /// Outputs stay values of their own.
    ///
    /// - Throws: `GraphError`, if a tensor is missing.
    package static func applied(to model: WeightedGraph) throws(GraphError) -> WeightedGraph {
        var found: [Key: ValueID] = [:]
        let outputs = Set(model.graph.outputs)
        return try GraphRewriter.rewrite(model) { rewriter, node throws(GraphError) in
            var inputs: [ValueID] = []
            for input in node.inputs { inputs.append(try rewriter.value(input)) }
            var key = Key(operation: node.operation, inputs: inputs)
            if node.operation.isCommutative { key.inputs.sort { $0.index < $1.index } }
            if let shared = found[key], !outputs.contains(node.output) { return shared }
            let made = try rewriter.node(
                model.graph[node.output].name, node.operation, inputs)
            found[key] = made
            return made
        }
    }
}

extension Operation {
    /// Whether the order of the two inputs makes no difference.
    package var isCommutative: Bool {
        switch self {
        case .binary(let function):
            switch function {
            case .add, .multiply, .minimum, .maximum: true
            case .subtract, .divide, .power, .remainder, .modulo: false
            }
        case .logical, .compare(.equal): true
        default: false
        }
    }
}
