package import TandemGraph

/// Models of random architectures over random features, for what must hold of all of them.
package struct RandomArchitectures {
    private var random: RandomSource

    /// A model; the same seed gives the same bytes.
    package static func model(seed: UInt64) throws(GraphError) -> BuiltModel {
        var maker = RandomArchitectures(random: RandomSource(seed: seed))
        return try ModelBuilder.build(
            name: "random\(seed)", inputs: maker.inputs(),
            architecture: ModelArchitecture(
                trunk: maker.trunk(), towerLayers: maker.widths(0...2), heads: maker.heads()),
            seed: seed)
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &random)
    }

    private mutating func widths(_ counts: ClosedRange<Int>) -> [Int] {
        (0..<number(counts)).map { _ in number(1...19) }
    }

    private mutating func heads() -> [TaskHead] {
        (0...number(0...3)).map { index in
            let kinds: [TaskHead.Kind] = [
                .binary, .multiclass(classCount: number(2...6)),
                .regression(TargetTransform(usesLog1p: false, mean: 1, deviation: 2)),
            ]
            return TaskHead("task\(index)", kinds[number(0...2)])
        }
    }

    private mutating func trunk() -> ModelArchitecture.Trunk {
        switch number(0...5) {
        case 0: return .sharedBottom(layers: widths(0...3))
        case 1:
            return .mixtureOfExperts(expertCount: number(1...4), expertLayers: widths(1...2))
        case 2:
            return .progressiveExtraction(
                ProgressiveExtraction(
                    levelCount: number(1...3), sharedExpertCount: number(1...3),
                    taskExpertCount: number(1...2), expertLayers: widths(1...2)))
        case 3: return .crossStitch(layers: widths(1...3))
        case 4: return .informationTransfer(layers: widths(1...2))
        default:
            return .crossNetwork(
                CrossNetwork(
                    crossCount: number(1...3), deepLayers: widths(0...2),
                    arrangement: number(0...1) == 0 ? .stacked : .parallel))
        }
    }

    private mutating func side() -> RowAxis { number(0...1) == 0 ? .context : .candidate }

    private mutating func inputs() -> ModelInputs {
        let target = EmbeddedFeature(
            input: "item", side: side(), idCount: number(1...30), dimension: 2 * number(1...6))
        var features = [target]
        for index in 0..<number(0...3) {
            features.append(
                EmbeddedFeature(
                    input: "list\(index)", side: side(), idCount: number(1...30),
                    dimension: target.dimension, listLengthMax: number(1...7),
                    reading: reading()))
        }
        return ModelInputs(
            contextDenseWidth: number(0...4), candidateDenseWidth: number(1...4),
            embeddings: features)
    }

    private mutating func reading() -> SequenceReading {
        switch number(0...4) {
        case 0: return .pool(number(0...1) == 0 ? .sum : .mean)
        case 1:
            return .targetAttention(
                TargetAttention(
                    target: "item", layers: widths(0...2), isNormalized: number(0...1) == 0))
        case 2: return .recurrent(.lstm, width: number(1...9))
        case 3: return .recurrent(.gru(resetsAfter: true), width: number(1...9))
        default:
            return .encoder(
                SequenceEncoder(
                    blockCount: number(1...2), headCount: number(1...2), innerWidth: number(1...9),
                    answer: number(0...1) == 0 ? .mean : .classVector))
        }
    }
}
