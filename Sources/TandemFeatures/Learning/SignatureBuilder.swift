package import TandemGraph

/// A signature, and what a model's graph must take to fit it.
package struct BuiltSignature: Hashable, Sendable {
    /// The features with their slots, the tasks and the formulas.
    package var signature: Signature
    /// The graph's inputs, for `ModelBuilder`.
    package var inputs: ModelInputs
}

// Design: the layout of a trained model's inputs.
//
// All numbers of a side share one dense input, in the order of the features, each followed by its
// "was missing" column if it has one. Each id feature has an input of its own, named like the
// feature as far as graph names allow, and a list a second one with `.length` after it. Names that
// clash, with each other or with a task, get a number: a graph has one name space for all values.

/// Gives learnt features their places in the inputs of a graph.
package struct SignatureBuilder {
    private var features: [Feature] = []
    private var widths: [RowAxis: Int] = [:]
    private var embeddings: [EmbeddedFeature] = []
    private var taken: Set<String>

    /// Lays the features out.
    ///
    /// - Parameters:
    ///   - features: In the order of the signature.
    ///   - tasks: In the order of the graph's outputs.
    ///   - formulas: Ranking formulas over the tasks.
    /// - Returns: A signature that a graph built from `inputs` and these tasks' heads fits.
    /// - Throws: `FeatureError` `invalidName` if a task's name is none for a graph output.
    package static func build(
        features: [LearnedFeature], tasks: [Task], formulas: [RankingFormula] = []
    ) throws(FeatureError) -> BuiltSignature {
        for task in tasks where GraphName.sanitized(task.name) != task.name {
            throw FeatureError(
                .invalidName, task.name,
                "a task's name has letters, digits and _ . : / - only; try "
                    + "'\(GraphName.sanitized(task.name))'")
        }
        var builder = SignatureBuilder(
            taken: Set(tasks.map(\.name) + [ModelInputs.contextDense, ModelInputs.candidateDense]))
        for feature in features { builder.add(feature) }
        return BuiltSignature(
            signature: Signature(features: builder.features, tasks: tasks, formulas: formulas),
            inputs: ModelInputs(
                contextDenseWidth: builder.widths[.context] ?? 0,
                candidateDenseWidth: builder.widths[.candidate] ?? 0,
                embeddings: builder.embeddings))
    }

    private init(taken: Set<String>) { self.taken = taken }

    private mutating func add(_ learned: LearnedFeature) {
        let declaration = learned.declaration
        let slot: FeatureSlot
        if let idCount = learned.encoding.idCount {
            slot = embeddedSlot(declaration, idCount: idCount)
        } else {
            slot = denseSlot(declaration, hasMissingColumn: learned.hasMissingColumn)
        }
        features.append(
            Feature(
                name: declaration.name, side: declaration.side, rawType: declaration.rawType,
                width: declaration.width, listLengthMax: declaration.listLengthMax,
                isRequired: declaration.isRequired, encoding: learned.encoding, slot: slot))
    }

    private mutating func denseSlot(
        _ declaration: FeatureDeclaration, hasMissingColumn: Bool
    ) -> FeatureSlot {
        let column = widths[declaration.side] ?? 0
        let end = column + declaration.width
        widths[declaration.side] = end + (hasMissingColumn ? 1 : 0)
        return FeatureSlot(
            input: declaration.side == .context
                ? ModelInputs.contextDense : ModelInputs.candidateDense,
            column: column, missingColumn: hasMissingColumn ? end : nil)
    }

    private mutating func embeddedSlot(
        _ declaration: FeatureDeclaration, idCount: Int
    ) -> FeatureSlot {
        let input = name(declaration)
        let lengthInput = declaration.listLengthMax.map { _ in "\(input).length" }
        embeddings.append(
            EmbeddedFeature(
                input: input, side: declaration.side, idCount: idCount,
                dimension: declaration.embeddingDimension
                    ?? EmbeddedFeature.dimension(idCount: idCount),
                listLengthMax: declaration.listLengthMax, lengthInput: lengthInput))
        return FeatureSlot(input: input, lengthInput: lengthInput)
    }

    /// A name that no other value of the graph has.
    ///
    /// A slash is replaced too: the graph's own names (`trunk/...`, `embedding/...`) have one.
    private mutating func name(_ declaration: FeatureDeclaration) -> String {
        let plain = GraphName.sanitized(declaration.name)
        let stem = String(plain.map { $0 == "/" ? "_" : $0 })
        let isList = declaration.listLengthMax != nil
        var name = stem
        var number = 2
        while taken.contains(name) || (isList && taken.contains("\(name).length")) {
            name = "\(stem)_\(number)"
            number += 1
        }
        taken.insert(name)
        if isList { taken.insert("\(name).length") }
        return name
    }
}
