// Design: a pass is a walk.
//
// A rewriter goes through the nodes of one graph in order and builds another. For each node a pass
// either has it copied or emits others in its place, and says which value stands for the result.
// Names of results are kept, so outputs, heads and messages stay the same after any pass. What
// nothing reads any more is left out when the walk is finished.

/// Builds a graph from another, node by node.
package struct GraphRewriter {
    /// What is rewritten.
    package let source: WeightedGraph
    private var builder: GraphBuilder
    private var tensors: TensorSet = [:]
    private var standIns: [ValueID: ValueID] = [:]

    /// Starts with the inputs of a graph.
    private init(_ source: WeightedGraph) throws(GraphError) {
        self.source = source
        builder = try GraphBuilder(name: source.graph.name)
        for id in source.graph.inputs {
            let value = source.graph[id]
            standIns[id] = try builder.input(value.name, value.type)
        }
    }

    /// Rewrites all nodes that an output needs.
    ///
    /// - Parameters:
    ///   - source: The graph and its tensors.
    ///   - replace: Emits what stands for a node, or returns nil to have it copied.
    /// - Returns: The graph that was built, with the tensors it reads.
    /// - Throws: What `replace` throws, and `GraphError` of the builder.
    package static func rewrite(
        _ source: WeightedGraph,
        _ replace: (inout GraphRewriter, Node) throws(GraphError) -> ValueID?
    ) throws(GraphError) -> WeightedGraph {
        var rewriter = try GraphRewriter(source)
        let live = liveValues(of: source.graph)
        for node in source.graph.nodes where live.contains(node.output) {
            let standIn = try replace(&rewriter, node)
            rewriter.standIns[node.output] =
                if let standIn { standIn } else { try rewriter.copied(node) }
        }
        for id in source.graph.outputs { try rewriter.builder.output(try rewriter.value(id)) }
        return WeightedGraph(rewriter.builder.finished(), rewriter.tensors)
    }

    /// What stands for a value of the source; declares parameters when they are first needed.
    ///
    /// - Throws: `GraphError` `missingTensor`.
    package mutating func value(_ id: ValueID) throws(GraphError) -> ValueID {
        if let found = standIns[id] { return found }
        let value = source.graph[id]
        guard let tensor = source.tensors[value.name] else {
            throw GraphError(.missingTensor, value.name, "no tensor has this parameter's name")
        }
        let made = try parameter(value.name, tensor)
        standIns[id] = made
        return made
    }

    /// A parameter of the result, declared once.
    package mutating func parameter(
        _ name: String, _ tensor: Tensor
    ) throws(GraphError) -> ValueID {
        if let found = builder.value(named: name) { return found }
        tensors[name] = tensor
        return try builder.parameter(name, tensor.dtype, tensor.shape)
    }

    /// A parameter of the result that is made when it is first asked for.
    package mutating func parameter(
        _ name: String, made make: () -> Tensor
    ) throws(GraphError) -> ValueID {
        if let found = builder.value(named: name) { return found }
        return try parameter(name, make())
    }

    /// The tensor of a parameter of the source, or nil if the value is computed.
    package func tensor(_ id: ValueID) -> Tensor? {
        source.graph[id].type.rows == .none ? source.tensors[source.graph[id].name] : nil
    }

    /// Adds a node to the result, or finds the one of that name.
    package mutating func node(
        _ name: String, _ operation: Operation, _ inputs: [ValueID]
    ) throws(GraphError) -> ValueID {
        if let found = builder.value(named: name) { return found }
        return try builder.node(name, operation, inputs)
    }

    private mutating func copied(_ node: Node) throws(GraphError) -> ValueID {
        var inputs: [ValueID] = []
        for input in node.inputs { inputs.append(try value(input)) }
        return try builder.node(source.graph[node.output].name, node.operation, inputs)
    }

    /// The values that the outputs depend on.
    private static func liveValues(of graph: Graph) -> Set<ValueID> {
        var live = Set(graph.outputs)
        for node in graph.nodes.reversed() where live.contains(node.output) {
            live.formUnion(node.inputs)
        }
        return live
    }
}
