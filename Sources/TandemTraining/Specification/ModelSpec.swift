package import TandemGraph
import TandemNotation

/// The model's name and shape, as `[model]` says.
package struct ModelSpec: Hashable, Sendable {
    /// The package's name: 1 to 128 bytes of letters, digits, `_`, `-` and `.`.
    package let name: String
    /// The part that tasks share.
    package let trunk: ModelArchitecture.Trunk
    /// Widths of each task's own layers.
    package let towerLayers: [Int]
    /// Width of embeddings that name none; nil lets the vocabulary's size choose.
    package let embeddingDimension: Int?

    init(_ table: SpecTable) throws(TrainingError) {
        let widths = 1...TrainingLimits.layerWidthMax
        name = try Self.name(table)
        let architectures = [(name: "mmoe", value: true), (name: "shared-bottom", value: false)]
        if try table.choice("architecture", architectures) ?? true {
            let layers = try table.integers("expert_layers", in: widths) ?? [128, 64]
            guard !layers.isEmpty else {
                throw table.error(
                    .wrongValue, "expert_layers", "is empty", remedy: "give at least one width")
            }
            trunk = .mixtureOfExperts(
                expertCount: try table.integer("experts", in: 1...64) ?? 4, expertLayers: layers)
        } else {
            let layers = try table.integers("bottom_layers", in: widths) ?? [128, 64]
            trunk = .sharedBottom(layers: layers)
        }
        towerLayers = try table.integers("tower_layers", in: widths) ?? [32]
        embeddingDimension = try table.integer("embedding_dim", in: widths)
        try table.finish("a \(table.textOr("architecture", "mmoe")) model")
    }

    private static func name(_ table: SpecTable) throws(TrainingError) -> String {
        let name = try table.requiredText("name")
        let isPlain = name.utf8.allSatisfy { byte in
            let letter = byte | 0x20
            return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")
                || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
                || "_-.".utf8.contains(byte)
        }
        guard isPlain, name.utf8.count <= 128, !name.hasPrefix(".") else {
            throw table.error(
                .wrongValue, "name", "'\(name.cutShort)' cannot name a package",
                remedy: "use letters, digits, '_', '-' and '.', at most 128, not '.' first")
        }
        return name
    }
}
