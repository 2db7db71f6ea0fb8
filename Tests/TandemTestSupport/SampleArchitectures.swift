package import TandemGraph

/// A small model of every architecture and every reading of a list, for the tests of several rooms.
package enum SampleArchitectures {
    /// The names, for parameterised tests.
    package static let names = trunks.map(\.name) + readings.map(\.name)

    /// The model of a name.
    package static func model(_ name: String, seed: UInt64 = 1) throws(GraphError) -> BuiltModel {
        let trunk = trunks.first { $0.name == name }?.trunk ?? .sharedBottom(layers: [7])
        let reading = readings.first { $0.name == name }?.reading
        return try ModelBuilder.build(
            name: name, inputs: inputs(reading),
            architecture: ModelArchitecture(trunk: trunk, towerLayers: [5], heads: heads),
            seed: seed)
    }

    private static let heads = [
        TaskHead("click", .binary), TaskHead("buy", .binary, conditions: ["click"]),
        TaskHead("class", .multiclass(classCount: 3)),
    ]

    private static let trunks: [(name: String, trunk: ModelArchitecture.Trunk)] = [
        (
            "ple",
            .progressiveExtraction(
                ProgressiveExtraction(
                    levelCount: 2, sharedExpertCount: 2, taskExpertCount: 1, expertLayers: [6, 4]))
        ),
        (
            "cgc",
            .progressiveExtraction(
                ProgressiveExtraction(
                    levelCount: 1, sharedExpertCount: 1, taskExpertCount: 2, expertLayers: [6]))
        ),
        ("cross-stitch", .crossStitch(layers: [8, 6])),
        ("aitm", .informationTransfer(layers: [8, 6])),
        (
            "dcn-stacked",
            .crossNetwork(CrossNetwork(crossCount: 2, deepLayers: [8], arrangement: .stacked))
        ),
        (
            "dcn-parallel",
            .crossNetwork(CrossNetwork(crossCount: 3, deepLayers: [8], arrangement: .parallel))
        ),
    ]

    private static let readings: [(name: String, reading: SequenceReading)] = [
        ("sum", .pool(.sum)),
        ("din", .targetAttention(TargetAttention(target: "item", layers: [5]))),
        (
            "din-normalized",
            .targetAttention(TargetAttention(target: "item", layers: [], isNormalized: true))
        ),
        ("lstm", .recurrent(.lstm, width: 5)),
        ("gru", .recurrent(.gru(resetsAfter: true), width: 5)),
        ("encoder", .encoder(SequenceEncoder(blockCount: 2, headCount: 2, innerWidth: 6))),
        (
            "encoder-class",
            .encoder(
                SequenceEncoder(blockCount: 1, headCount: 1, innerWidth: 6, answer: .classVector))
        ),
    ]

    /// Numbers and an id of each side, and a context's list.
    private static func inputs(_ reading: SequenceReading?) -> ModelInputs {
        var features = [
            EmbeddedFeature(input: "user", side: .context, idCount: 9, dimension: 3),
            EmbeddedFeature(input: "item", side: .candidate, idCount: 11, dimension: 4),
        ]
        if let reading {
            features.append(
                EmbeddedFeature(
                    input: "history", side: .context, idCount: 8, dimension: 4,
                    listLengthMax: 5, lengthInput: "history.length", reading: reading))
        }
        return ModelInputs(contextDenseWidth: 2, candidateDenseWidth: 2, embeddings: features)
    }
}
