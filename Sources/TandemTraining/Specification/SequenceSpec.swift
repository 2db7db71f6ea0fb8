import TandemFeatures
package import TandemGraph
import TandemNotation

/// How a list becomes one vector, as `pooling` and its keys say.
package enum SequenceSpec: Hashable, Sendable {
    /// Sum or mean.
    case pool(Reduction)
    /// Attention by another feature, named as callers write it.
    case targetAttention(target: String, layers: [Int], isNormalized: Bool)
    /// The last state of a recurrent layer; nil for as many units as the embedding is wide.
    case recurrent(Recurrence.Cell, width: Int?)
    /// A transformer encoder.
    case encoder(SequenceEncoder)

    init(_ table: SpecTable, embeddingDimension: Int?) throws(TrainingError) {
        let names = ["mean", "sum", "target-attention", "lstm", "gru", "transformer"]
        let widths = 1...TrainingLimits.layerWidthMax
        switch try table.choice("pooling", names.map { (name: $0, value: $0) }) ?? "mean" {
        case "sum": self = .pool(.sum)
        case "target-attention":
            self = .targetAttention(
                target: try table.requiredText("target"),
                layers: try table.integers("attention_layers", in: widths) ?? [36],
                isNormalized: try table.truth("normalized") ?? false)
        case "lstm": self = .recurrent(.lstm, width: try table.integer("units", in: widths))
        case "gru":
            let cell = Recurrence.Cell.gru(resetsAfter: true)
            self = .recurrent(cell, width: try table.integer("units", in: widths))
        case "transformer":
            self = .encoder(try Self.encoder(table, embeddingDimension))
        default: self = .pool(.mean)
        }
    }

    private static func encoder(
        _ table: SpecTable, _ dimension: Int?
    ) throws(TrainingError) -> SequenceEncoder {
        guard let dimension else { throw table.missing("embedding_dim") }
        let heads = try table.integer("heads", in: 1...256) ?? 4
        guard dimension % heads == 0 else {
            throw table.error(
                .wrongValue, "heads", "\(heads) heads do not divide an embedding \(dimension) wide",
                remedy: "choose heads or embedding_dim so that they do"
            ).with(\.actual, heads)
        }
        let widths = 1...TrainingLimits.layerWidthMax
        let answers = SequenceEncoder.Answer.allCases.map { ($0.rawValue, $0) }
        return SequenceEncoder(
            blockCount: try table.integer("blocks", in: 1...48) ?? 2, headCount: heads,
            innerWidth: try table.integer("inner_width", in: widths) ?? 4 * dimension,
            answer: try table.choice("answer", answers) ?? .mean)
    }

    /// Refuses a target that is no feature of one id, or whose embedding has another width.
    static func checkTargets(_ features: [FeatureSpec]) throws(TrainingError) {
        for feature in features {
            guard case .targetAttention(let target, _, _)? = feature.sequence else { continue }
            func refusal(
                _ code: TrainingError.Code, _ problem: String, _ remedy: String
            ) -> TrainingError {
                TrainingError(code, problem, remedy: remedy)
                    .with(\.key, "\(feature.key).target").with(\.line, feature.line)
                    .with(\.text, target.cutShort)
            }
            let singles = features.filter(\.isSingleIdentifier)
            guard let found = singles.first(where: { $0.declaration.name == target }) else {
                throw refusal(
                    .unknownName, "no feature of one id is called '\(target.cutShort)'",
                    NearestName.remedy(target, among: singles.map(\.declaration.name)))
            }
            guard let own = feature.declaration.embeddingDimension,
                let other = found.declaration.embeddingDimension, own != other
            else { continue }
            throw refusal(
                .wrongValue, "an embedding \(own) wide attends by '\(target)', \(other) wide",
                "give both the same embedding_dim")
        }
    }
}

extension FeatureSpec {
    /// Whether the feature is looked up as one id a row.
    fileprivate var isSingleIdentifier: Bool {
        guard declaration.listLengthMax == nil else { return false }
        if case .number = declaration.encoding { return false }
        return encoder == nil
    }
}
