import TandemEngine
import TandemFeatures
import TandemGraph
import TandemPackage
import TandemTraining

/// The frozen encoders that a specification names.
enum Encoders {
    /// Opens each encoder's package.
    ///
    /// - Returns: By the position of the feature.
    /// - Throws: `PackageError`, `TrainingError` if a package cannot be an encoder, with the
    ///   feature's place in the specification.
    static func open(_ spec: TrainingSpec) throws -> [Int: FrozenEncoder] {
        var encoders: [Int: FrozenEncoder] = [:]
        for (index, feature) in spec.features.enumerated() {
            guard let encoder = feature.encoder else { continue }
            do {
                encoders[index] = try open(encoder)
            } catch let error as TrainingError {
                throw error.with(\.key, feature.key).with(\.line, feature.line)
            }
        }
        return encoders
    }

    private static func open(_ spec: EncoderSpec) throws -> FrozenEncoder {
        let program = try LoadedProgram(path: spec.path, executor: .float)
        let weights = program.weights
        let names = weights.graph.outputs.map { weights.graph[$0].name }
        let position = spec.output.flatMap(names.firstIndex(of:)) ?? 0
        return try FrozenEncoder(weights, program.signature, spec) {
            let executor = try Executor(.float, weights)
            return { inputs, rowCount in
                try executor.scores(inputs, rowCount: rowCount)[position]
            }
        }
    }
}
