package import TandemGraph

/// Small models and inputs, made from seeds, for the tests of several rooms.
package enum SampleModels {
    /// Features on both sides: numbers, single ids and lists.
    package static let inputs = ModelInputs(
        contextDenseWidth: 3, candidateDenseWidth: 5,
        embeddings: [
            EmbeddedFeature(input: "user_id", side: .context, idCount: 50, dimension: 8),
            EmbeddedFeature(
                input: "history", side: .context, idCount: 40, dimension: 6, listLengthMax: 4,
                lengthInput: "history.length"),
            EmbeddedFeature(input: "item_id", side: .candidate, idCount: 40, dimension: 7),
            EmbeddedFeature(
                input: "tags", side: .candidate, idCount: 20, dimension: 4, listLengthMax: 3,
                lengthInput: "tags.length"),
        ])

    /// One head of each kind.
    package static let heads = [
        TaskHead("click", .binary),
        TaskHead("class", .multiclass(classCount: 5)),
        TaskHead("dwell", .regression(TargetTransform(usesLog1p: true, mean: 2, deviation: 0.5))),
        TaskHead("rating", .regression(TargetTransform(mean: 3, deviation: 1.2))),
    ]

    /// A mixture of three experts with a tower a task.
    package static func mixtureOfExperts(seed: UInt64 = 1) throws(GraphError) -> BuiltModel {
        try ModelBuilder.build(
            name: "mmoe", inputs: inputs,
            architecture: ModelArchitecture(
                trunk: .mixtureOfExperts(expertCount: 3, expertLayers: [24, 17]),
                towerLayers: [9], heads: heads), seed: seed)
    }

    /// One shared stack with a tower a task.
    package static func sharedBottom(seed: UInt64 = 1) throws(GraphError) -> BuiltModel {
        try ModelBuilder.build(
            name: "shared_bottom", inputs: inputs,
            architecture: ModelArchitecture(
                trunk: .sharedBottom(layers: [33, 16]), towerLayers: [8], heads: heads),
            seed: seed)
    }

    /// Inputs for a graph: numbers around 0, ids within their tables, lengths within their lists.
    ///
    /// - Parameters:
    ///   - graph: What the inputs are for.
    ///   - rowCount: Candidates; the context has one row.
    ///   - seed: Seed of the values.
    /// - Returns: One tensor an input of the graph.
    package static func inputs(
        for graph: Graph, rowCount: Int, seed: UInt64
    ) -> [String: ReferenceTensor] {
        var random = RandomSource(seed: seed)
        var result: [String: ReferenceTensor] = [:]
        for id in graph.inputs {
            let value = graph[id]
            let rows = value.type.rows == .candidate ? rowCount : 1
            let shape = value.type.fixedSizes ?? []
            let count = rows * shape.reduce(1, *)
            let elements: ReferenceTensor.Elements
            if value.type.dtype == .float32 {
                elements = .float32((0..<count).map { _ in random.uniform() * 4 - 2 })
            } else {
                let limit = exclusiveLimit(of: id, in: graph)
                elements = .int32(
                    (0..<count).map { _ in Int32.random(in: 0..<limit, using: &random) })
            }
            result[value.name] = ReferenceTensor(rowCount: rows, shape: shape, elements)
        }
        return result
    }

    /// Random f32 tensors for a graph's parameters, between -1 and 1.
    package static func parameters(for graph: Graph, seed: UInt64) -> TensorSet {
        var random = RandomSource(seed: seed)
        var tensors: TensorSet = [:]
        for id in graph.parameters {
            let shape = graph[id].type.fixedSizes ?? []
            tensors[graph[id].name] = Tensor(
                .float32, shape: shape,
                (0..<shape.reduce(1, *)).map { _ in random.uniform() * 2 - 1 })
        }
        return tensors
    }

    /// One more than the largest id or length that an integer input may hold.
    private static func exclusiveLimit(of id: ValueID, in graph: Graph) -> Int32 {
        let name = graph[id].name
        if name.hasSuffix(".length"), let list = graph.value(named: String(name.dropLast(7))) {
            return size(graph[list]) + 1
        }
        for node in graph.nodes {
            switch node.operation {
            case .embedding where node.inputs[0] == id,
                .quantizedEmbedding where node.inputs[0] == id:
                return size(graph[node.inputs[1]])
            case .embeddingPool where node.inputs[0] == id,
                .quantizedEmbeddingPool where node.inputs[0] == id:
                return size(graph[node.inputs[2]])
            case .embeddingPool where node.inputs[1] == id,
                .quantizedEmbeddingPool where node.inputs[1] == id:
                return size(graph[node.inputs[0]]) + 1
            default: continue
            }
        }
        return 1
    }

    private static func size(_ value: Value) -> Int32 { Int32(value.type.fixedSizes?.first ?? 1) }
}
