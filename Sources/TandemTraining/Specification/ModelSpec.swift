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

    /// Whether binary tasks that are given another one are learnt over all rows, if they say nothing.
    let learnsEntireSpace: Bool

    init(_ table: SpecTable) throws(TrainingError) {
        let widths = 1...TrainingLimits.layerWidthMax
        name = try Self.name(table)
        let architecture = try table.choice("architecture", Architecture.names) ?? .mmoe
        trunk = try Self.trunk(architecture, table)
        learnsEntireSpace = architecture == .esmm
        towerLayers = try table.integers("tower_layers", in: widths) ?? architecture.towerLayers
        embeddingDimension = try table.integer("embedding_dim", in: widths)
        try table.finish("a model of architecture '\(architecture.rawValue)'")
    }

    /// The architectures by name.
    private enum Architecture: String, CaseIterable {
        case mmoe, ple, esmm, aitm, dcn
        case sharedBottom = "shared-bottom"
        case crossStitch = "cross-stitch"

        static var names: [(name: String, value: Architecture)] {
            allCases.map { ($0.rawValue, $0) }
        }

        /// Tower widths where the spec has none: without shared layers the towers are the model.
        var towerLayers: [Int] { self == .esmm ? [128, 64] : [32] }
    }

    private static func trunk(
        _ architecture: Architecture, _ table: SpecTable
    ) throws(TrainingError) -> ModelArchitecture.Trunk {
        let layers = 1...TrainingLimits.layerWidthMax
        switch architecture {
        case .mmoe:
            return .mixtureOfExperts(
                expertCount: try table.integer("experts", in: experts) ?? 4,
                expertLayers: try widths(table, "expert_layers"))
        case .ple:
            return .progressiveExtraction(
                ProgressiveExtraction(
                    levelCount: try table.integer("levels", in: 1...8) ?? 2,
                    sharedExpertCount: try table.integer("shared_experts", in: experts) ?? 2,
                    taskExpertCount: try table.integer("task_experts", in: experts) ?? 2,
                    expertLayers: try widths(table, "expert_layers")))
        case .dcn:
            let arrangements = CrossNetwork.Arrangement.allCases.map { ($0.rawValue, $0) }
            return .crossNetwork(
                CrossNetwork(
                    crossCount: try table.integer("crosses", in: 1...16) ?? 3,
                    deepLayers: try table.integers("deep_layers", in: layers) ?? [128, 64],
                    arrangement: try table.choice("arrangement", arrangements) ?? .parallel))
        case .esmm: return .sharedBottom(layers: [])
        case .sharedBottom:
            return .sharedBottom(
                layers: try table.integers("bottom_layers", in: layers) ?? [128, 64])
        case .crossStitch: return .crossStitch(layers: try widths(table, "task_layers"))
        case .aitm: return .informationTransfer(layers: try widths(table, "task_layers"))
        }
    }

    private static let experts = 1...64

    /// Widths of at least one layer.
    private static func widths(
        _ table: SpecTable, _ key: String
    ) throws(TrainingError) -> [Int] {
        let layers = try table.integers(key, in: 1...TrainingLimits.layerWidthMax) ?? [128, 64]
        guard !layers.isEmpty else {
            throw table.error(.wrongValue, key, "is empty", remedy: "give at least one width")
        }
        return layers
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
