/// A graph with initial parameters and the values that the losses attach to.
package struct BuiltModel: Sendable {
    /// The graph; its outputs are the tasks, in the order of the heads.
    package var graph: Graph
    /// Initial parameters, from the seed.
    package var parameters: TensorSet
    /// What each task's loss reads, by the task's name: logits, or the transformed target; for a
    /// task with conditions the logits of those and its own, `[conditions + 1]`.
    package var heads: [String: ValueID]
    /// Names of the parameters that are not trained.
    package var constants: Set<String>
}

/// Builds multi-task models over dense numbers, embedded ids and sequences.
package enum ModelBuilder {
    /// Builds a model.
    ///
    /// - Parameters:
    ///   - name: The graph's name.
    ///   - inputs: What the features bring.
    ///   - architecture: Trunk, towers and heads.
    ///   - seed: Seed of the initial parameters; the same seed gives the same bytes.
    /// - Returns: The graph, its parameters and where the losses attach.
    /// - Throws: `GraphError` when names clash or sizes are out of range.
    package static func build(
        name: String, inputs: ModelInputs, architecture: ModelArchitecture, seed: UInt64
    ) throws(GraphError) -> BuiltModel {
        var builder = try LayerBuilder(name: name, seed: seed)
        let input = try builder.joinedInputs(inputs)
        let names = architecture.heads.map { GraphName.sanitized($0.name) }
        let values = try builder.trunk(architecture.trunk, input, tasks: names)
        var heads: [String: ValueID] = [:]
        var outputs: [ValueID] = []
        for (head, (name, value)) in zip(architecture.heads, zip(names, values)) {
            let top = try builder.layers("task/\(name)/tower", architecture.towerLayers, value)
            let (logit, output) = try builder.head(head.kind, name, top)
            heads[head.name] = logit
            outputs.append(output)
        }
        for output in outputs { try builder.graph.output(output) }
        var joint: [String: ValueID] = [:]
        for (head, name) in zip(architecture.heads, names) where !head.conditions.isEmpty {
            joint[head.name] = try builder.joint(head, name, heads)
        }
        heads.merge(joint) { _, joint in joint }
        return BuiltModel(
            graph: builder.graph.finished(), parameters: builder.parameters, heads: heads,
            constants: builder.constants)
    }
}

extension LayerBuilder {
    /// What each task's tower reads, in the order of the tasks.
    fileprivate mutating func trunk(
        _ trunk: ModelArchitecture.Trunk, _ input: ValueID, tasks: [String]
    ) throws(GraphError) -> [ValueID] {
        switch trunk {
        case .sharedBottom(let widths):
            let shared = try layers("trunk/bottom", widths, input)
            return tasks.map { _ in shared }
        case .mixtureOfExperts(let expertCount, let widths):
            return try mixtureOfExperts(expertCount, widths, input, tasks: tasks)
        case .progressiveExtraction(let extraction):
            return try progressiveExtraction(extraction, input, tasks: tasks)
        case .crossStitch(let widths): return try crossStitch(widths, input, tasks: tasks)
        case .informationTransfer(let widths):
            return try informationTransfer(widths, input, tasks: tasks)
        case .crossNetwork(let network):
            let shared = try crossNetwork(network, input)
            return tasks.map { _ in shared }
        }
    }

    /// The value that the loss reads, and the answer.
    fileprivate mutating func head(
        _ kind: TaskHead.Kind, _ name: String, _ input: ValueID
    ) throws(GraphError) -> (head: ValueID, output: ValueID) {
        switch kind {
        case .binary:
            let logit = try linear("task/\(name)/head", input, 1)
            return (logit, try node(name, .unary(.sigmoid), logit))
        case .multiclass(let classCount):
            let logits = try linear("task/\(name)/head", input, classCount)
            return (logits, try node(name, .softmax, logits))
        case .regression(let transform):
            let value = try linear("task/\(name)/head", input, 1)
            let scaling = Operation.affine(scale: transform.deviation, offset: transform.mean)
            guard transform.usesLog1p else { return (value, try node(name, scaling, value)) }
            let logarithm = try node("task/\(name)/log1p", scaling, value)
            let power = try node("task/\(name)/exp", .unary(.exp), logarithm)
            return (value, try node(name, .affine(scale: 1, offset: -1), power))
        }
    }

    /// The logits of a task's conditions and its own, side by side, for a loss to read.
    fileprivate mutating func joint(
        _ head: TaskHead, _ name: String, _ heads: [String: ValueID]
    ) throws(GraphError) -> ValueID {
        var logits: [ValueID] = []
        for condition in head.conditions + [head.name] {
            guard let logit = heads[condition], graph.type(of: logit).shape == [1] else {
                throw GraphError(
                    .unknownValue, head.name,
                    "is learnt through a product with '\(condition)', which is no binary task")
            }
            logits.append(logit)
        }
        return try graph.node("task/\(name)/joint", .concat(axis: 0), logits)
    }
}
