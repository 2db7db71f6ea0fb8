// Design: one builder, parts that compose.
//
// A model is inputs -> trunk -> one tower and head a task. Each part is a function from values to
// values over the same `GraphBuilder`, so that a further architecture is a further trunk and
// nothing else. Parameters are named by owner, `trunk/...`, `task/<name>/...`, `embedding/<name>`,
// which is also how a package groups them into shards.

/// A graph with initial parameters and the values that the losses attach to.
package struct BuiltModel: Sendable {
    /// The graph; its outputs are the tasks, in the order of the heads.
    package var graph: Graph
    /// Initial parameters, from the seed.
    package var parameters: TensorSet
    /// Each task's linear head (logits, or the transformed target), by the task's name.
    package var heads: [String: ValueID]
}

/// Builds shared-bottom and mixture-of-experts models over embedded and dense features.
package struct ModelBuilder {
    private var builder: GraphBuilder
    private var parameters: TensorSet = [:]
    private let seed: UInt64

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
        var model = ModelBuilder(builder: try GraphBuilder(name: name), seed: seed)
        let input = try model.joinedInputs(inputs)
        var heads: [String: ValueID] = [:]
        let trunk = try model.trunk(architecture.trunk, input)
        var outputs: [ValueID] = []
        for head in architecture.heads {
            let name = GraphName.sanitized(head.name)
            var value = try model.mixed(trunk, input, task: name)
            value = try model.layers("task/\(name)/tower", architecture.towerLayers, value)
            let linear = try model.head(head, name, value)
            heads[head.name] = linear.head
            outputs.append(linear.output)
        }
        for output in outputs { try model.builder.output(output) }
        return BuiltModel(
            graph: model.builder.finished(), parameters: model.parameters, heads: heads)
    }

    private init(builder: GraphBuilder, seed: UInt64) {
        self.builder = builder
        self.seed = seed
    }

    // MARK: Inputs

    private mutating func joinedInputs(_ inputs: ModelInputs) throws(GraphError) -> ValueID {
        var sides: [ValueID] = []
        for (side, dense, width) in [
            (RowAxis.context, ModelInputs.contextDense, inputs.contextDenseWidth),
            (RowAxis.candidate, ModelInputs.candidateDense, inputs.candidateDenseWidth),
        ] {
            var parts: [ValueID] = []
            if width > 0 {
                parts.append(
                    try builder.input(dense, TensorType(.float32, side, sizes: [width])))
            }
            for feature in inputs.embeddings where feature.side == side {
                parts.append(try embedded(feature))
            }
            if parts.isEmpty { continue }
            sides.append(try builder.node("trunk/\(side.name)", .concat(axis: 0), parts))
        }
        guard !sides.isEmpty else {
            throw GraphError(.wrongArity, "trunk", "the model has no features; declare some")
        }
        if sides.count == 1 { return sides[0] }
        return try builder.node("trunk/input", .concat(axis: 0), sides)
    }

    private mutating func embedded(_ feature: EmbeddedFeature) throws(GraphError) -> ValueID {
        let name = "embedding/\(feature.input)"
        let bound = 0.05 as Float
        let sizes = feature.listLengthMax.map { [$0] } ?? []
        let ids = try builder.input(feature.input, TensorType(.int32, feature.side, sizes: sizes))
        let table = try parameter(
            "\(name)/table", [feature.idCount, feature.dimension], bound: bound)
        guard feature.listLengthMax != nil else {
            return try builder.node(name, .embedding, [ids, table])
        }
        let length = try builder.input(
            feature.lengthInput ?? "\(feature.input).length",
            TensorType(.int32, feature.side, []))
        return try builder.node(name, .embeddingPool(.mean), [ids, length, table])
    }

    // MARK: Trunk

    private enum TrunkValue {
        case shared(ValueID)
        case experts([ValueID])
    }

    private mutating func trunk(
        _ trunk: ModelArchitecture.Trunk, _ input: ValueID
    ) throws(GraphError) -> TrunkValue {
        switch trunk {
        case .sharedBottom(let widths):
            return .shared(try layers("trunk/bottom", widths, input))
        case .mixtureOfExperts(let expertCount, let widths):
            guard expertCount > 0, !widths.isEmpty else {
                throw GraphError(
                    .invalidAttribute, "trunk", "needs at least one expert with one layer")
            }
            var experts: [ValueID] = []
            for index in 0..<expertCount {
                experts.append(try layers("trunk/expert\(index)/layer", widths, input))
            }
            return .experts(experts)
        }
    }

    /// What a task's tower reads: the shared value, or the experts mixed by the task's own gate.
    private mutating func mixed(
        _ trunk: TrunkValue, _ input: ValueID, task: String
    ) throws(GraphError) -> ValueID {
        guard case .experts(let experts) = trunk else {
            if case .shared(let value) = trunk { return value }
            return input
        }
        let logits = try linear("task/\(task)/gate", input, experts.count, isRectified: false)
        let gates = try builder.node("task/\(task)/gates", .softmax, [logits])
        return try builder.node("task/\(task)/mixture", .mixture, [gates] + experts)
    }

    // MARK: Layers

    private mutating func layers(
        _ name: String, _ widths: [Int], _ input: ValueID
    ) throws(GraphError) -> ValueID {
        var value = input
        for (index, width) in widths.enumerated() {
            value = try linear("\(name)\(index)", value, width, isRectified: true)
            value = try builder.node("\(name)\(index)/relu", .unary(.relu), [value])
        }
        return value
    }

    private mutating func linear(
        _ name: String, _ input: ValueID, _ width: Int, isRectified: Bool
    ) throws(GraphError) -> ValueID {
        let depth = builder.type(of: input).shape.last?.fixedSize ?? 1
        // He et al. 2015 before a rectifier, Glorot and Bengio 2010 otherwise; uniform.
        let fan = isRectified ? Float(depth) : Float(depth + width) / 2
        let bound = (isRectified ? 6 / fan : 3 / fan).squareRoot()
        let weight = try parameter("\(name)/weight", [width, depth], bound: bound)
        let bias = try parameter("\(name)/bias", [width], bound: 0)
        return try builder.node(name, .linear, [input, weight, bias])
    }

    private mutating func head(
        _ head: TaskHead, _ name: String, _ input: ValueID
    ) throws(GraphError) -> (head: ValueID, output: ValueID) {
        switch head.kind {
        case .binary:
            let logit = try linear("task/\(name)/head", input, 1, isRectified: false)
            return (logit, try builder.node(name, .unary(.sigmoid), [logit]))
        case .multiclass(let classCount):
            let logits = try linear("task/\(name)/head", input, classCount, isRectified: false)
            return (logits, try builder.node(name, .softmax, [logits]))
        case .regression(let transform):
            let value = try linear("task/\(name)/head", input, 1, isRectified: false)
            let scaling = Operation.affine(scale: transform.deviation, offset: transform.mean)
            guard transform.usesLog1p else {
                return (value, try builder.node(name, scaling, [value]))
            }
            let logarithm = try builder.node("task/\(name)/log1p", scaling, [value])
            let power = try builder.node("task/\(name)/exp", .unary(.exp), [logarithm])
            return (value, try builder.node(name, .affine(scale: 1, offset: -1), [power]))
        }
    }

    private mutating func parameter(
        _ name: String, _ sizes: [Int], bound: Float
    ) throws(GraphError) -> ValueID {
        let id = try builder.parameter(name, .float32, sizes)
        let tensor = Tensor(zeros: .float32, shape: sizes)
        if bound > 0 {
            var random = RandomSource(seed: seed, name: name)
            let elements = tensor.elements(as: Float.self)
            for index in elements.indices { elements[index] = (random.uniform() * 2 - 1) * bound }
        }
        parameters[name] = tensor
        return id
    }
}
