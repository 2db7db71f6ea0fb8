import Foundation
import TandemGraph
import Testing

/// A built model whose twin `Tests/Interop/builder_twins.py` writes in PyTorch.
struct BuilderTwin: Sendable, CustomTestStringConvertible {
    let name: String
    let inputs: ModelInputs
    let architecture: ModelArchitecture
    var testDescription: String { name }

    /// The built graph in its plain form, without what only losses read, its parameters by the
    /// formula that the script knows too.
    func built() throws -> WeightedGraph {
        let model = try ModelBuilder.build(
            name: "twin", inputs: inputs, architecture: architecture, seed: 1)
        var tensors = model.parameters
        for (name, tensor) in tensors where !model.constants.contains(name) {
            var random = RandomSource(seed: 7, name: name)
            let values = (0..<tensor.elementCount).map { _ in random.uniform() - 0.5 }
            tensors[name] = Tensor(.float32, shape: tensor.shape, values)
        }
        return try Canonicalization.applied(to: WeightedGraph(model.graph, tensors))
    }

    // MARK: The twins

    static let all: [BuilderTwin] = tabular + sequential

    private static let tabular: [BuilderTwin] = [
        ("shared-bottom", .sharedBottom(layers: [6, 5]), [4]),
        ("mmoe", mixture, [4]), ("mmoe-einsum", mixture, [4]), ("mmoe-sum", mixture, [4]),
        ("mmoe-terms", mixture, [4]),
        (
            "ple",
            .progressiveExtraction(
                ProgressiveExtraction(
                    levelCount: 2, sharedExpertCount: 2, taskExpertCount: 1, expertLayers: [5])),
            [4]
        ),
        ("esmm", .sharedBottom(layers: []), [6]), ("aitm", .informationTransfer(layers: [6]), [4]),
        ("cross-stitch", .crossStitch(layers: [6, 5]), []),
        (
            "dcn-stacked",
            .crossNetwork(CrossNetwork(crossCount: 2, deepLayers: [6], arrangement: .stacked)), [4]
        ),
        (
            "dcn-parallel",
            .crossNetwork(CrossNetwork(crossCount: 2, deepLayers: [6], arrangement: .parallel)),
            [4]
        ),
    ].map { (name: String, trunk: ModelArchitecture.Trunk, tower: [Int]) in
        let conditions = name == "esmm" ? ["click"] : []
        return BuilderTwin(
            name: name,
            inputs: ModelInputs(
                contextDenseWidth: 2, candidateDenseWidth: 3,
                embeddings: [
                    EmbeddedFeature(input: "user", side: .context, idCount: 11, dimension: 4),
                    EmbeddedFeature(input: "item", side: .candidate, idCount: 13, dimension: 4),
                ]),
            architecture: ModelArchitecture(
                trunk: trunk, towerLayers: tower,
                heads: [
                    TaskHead("click", .binary), TaskHead("buy", .binary, conditions: conditions),
                ]))
    }

    private static let mixture = ModelArchitecture.Trunk.mixtureOfExperts(
        expertCount: 3, expertLayers: [6, 5])

    private static let sequential: [BuilderTwin] = [
        ("pool-sum", .pool(.sum)), ("pool-mean", .pool(.mean)), ("pool-mean-length", .pool(.mean)),
        ("din", .targetAttention(TargetAttention(target: "item", layers: [5]))),
        (
            "din-normalized",
            .targetAttention(TargetAttention(target: "item", layers: [5], isNormalized: true))
        ),
        ("lstm", .recurrent(.lstm, width: 5)),
        ("gru", .recurrent(.gru(resetsAfter: true), width: 5)),
        ("encoder-mean", .encoder(SequenceEncoder(blockCount: 2, headCount: 2, innerWidth: 12))),
        (
            "encoder-class",
            .encoder(
                SequenceEncoder(
                    blockCount: 2, headCount: 2, innerWidth: 12, answer: .classVector))
        ),
    ].map { (name: String, reading: SequenceReading) in
        var heads = [TaskHead("click", .binary), TaskHead("buy", .binary)]
        if case .recurrent = reading { heads[1] = TaskHead("class", .multiclass(classCount: 5)) }
        var width = 4
        if case .encoder = reading { width = 8 }
        var features = [
            EmbeddedFeature(
                input: "history", side: .candidate, idCount: 20, dimension: width,
                listLengthMax: 6, lengthInput: "history.length", reading: reading)
        ]
        if case .targetAttention = reading {
            features.append(
                EmbeddedFeature(input: "item", side: .candidate, idCount: 13, dimension: 4))
        }
        return BuilderTwin(
            name: name,
            inputs: ModelInputs(
                contextDenseWidth: 0, candidateDenseWidth: 0, embeddings: features),
            architecture: ModelArchitecture(
                trunk: .sharedBottom(layers: []),
                towerLayers: heads[1].name == "class" ? [] : [4], heads: heads))
    }
}

/// What `builder_twins.py` says of a twin: rows of its inputs, and PyTorch's answers.
struct TwinAnswers: Decodable {
    let rows: Int
    let context: Set<String>
    let inputs: [String: [Double]]
    let outputs: [String: [Double]]

    init(path: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        self = try JSONDecoder().decode(Self.self, from: bytes)
    }

    /// The inputs of a graph, a context's once.
    func tensors(for graph: Graph) -> [String: ReferenceTensor] {
        var tensors: [String: ReferenceTensor] = [:]
        for id in graph.inputs {
            let value = graph[id]
            let count = value.type.rows == .candidate ? rows : 1
            let all = inputs[value.name] ?? []
            let values = all.prefix(all.count / rows * count)
            tensors[value.name] = ReferenceTensor(
                rowCount: count, shape: value.type.fixedSizes ?? [],
                value.type.dtype == .int32
                    ? .int32(values.map { Int32($0) }) : .float32(values.map { Float($0) }))
        }
        return tensors
    }
}
