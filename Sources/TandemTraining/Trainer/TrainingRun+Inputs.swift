import TandemFeatures
import TandemGraph

extension ModelInputs {
    /// The inputs with the readings of lists that a spec names.
    ///
    /// A list that attends to a target has its width: where only one of the two says how wide it is,
    /// the other follows; where none does, the list follows the target.
    ///
    /// - Precondition: The features are those of the signature, in order.
    func reading(_ features: [FeatureSpec], _ signature: Signature) -> ModelInputs {
        var inputs = self
        let slots = Dictionary(
            zip(features, signature.features).map { ($0.declaration.name, $1.slot.input) },
            uniquingKeysWith: { first, _ in first })
        func index(_ name: String) -> Int? {
            inputs.embeddings.firstIndex { $0.input == slots[name] }
        }
        for feature in features {
            guard let sequence = feature.sequence, let own = index(feature.declaration.name) else {
                continue
            }
            switch sequence {
            case .pool(let reduction): inputs.embeddings[own].reading = .pool(reduction)
            case .encoder(let encoder): inputs.embeddings[own].reading = .encoder(encoder)
            case .recurrent(let cell, let width):
                inputs.embeddings[own].reading = .recurrent(
                    cell, width: width ?? inputs.embeddings[own].dimension)
            case .targetAttention(let target, let layers, let isNormalized):
                guard let other = index(target) else { continue }
                if feature.declaration.embeddingDimension == nil {
                    inputs.embeddings[own].dimension = inputs.embeddings[other].dimension
                } else {
                    inputs.embeddings[other].dimension = inputs.embeddings[own].dimension
                }
                inputs.embeddings[own].reading = .targetAttention(
                    TargetAttention(
                        target: inputs.embeddings[other].input, layers: layers,
                        isNormalized: isNormalized))
            }
        }
        return inputs
    }
}
