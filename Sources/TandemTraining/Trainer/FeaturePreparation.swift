// Design: features are learnt from training rows and applied to all.
//
// Each feature is learnt and encoded on its own, so threads take features in turn. A text column is
// shown to the learner and the encoder in blocks of rows, because a view of its bytes is a copy; a
// block is a multiple of 8 rows, as the bits that select training rows are. The result is that of
// one thread and one block: no feature looks at another, and no encoding at another row.

import Synchronization
package import TandemFeatures
package import TandemGraph

/// Learns the features of a spec and encodes its rows.
package struct FeaturePreparation: Sendable {
    private let examples: Examples
    private let threadCount: Int

    /// Rows that are shown at a time.
    private static let blockRows = 1 << 14

    /// Prepares for examples.
    package init(_ examples: Examples, threadCount: Int) {
        self.examples = examples
        self.threadCount = threadCount
    }

    /// What the training rows say about each feature, in the spec's order.
    ///
    /// - Throws: `TrainingError` `unusableFeature`, naming the first such feature.
    package func learn(_ features: [FeatureSpec]) throws(TrainingError) -> [LearnedFeature] {
        try learn(features, vectors: [:])
    }

    /// The same, where frozen encoders have answered to some features' texts already.
    func learn(
        _ features: [FeatureSpec], vectors: [Int: FrozenVectors]
    ) throws(TrainingError) -> [LearnedFeature] {
        var isTraining = Presence()
        for part in examples.parts { isTraining.append(part == .training) }
        let selection = isTraining.bits
        let learned = each(features.indices) { index -> Result<LearnedFeature, FeatureError> in
            Result { () throws(FeatureError) in
                if let vectors = vectors[index] {
                    var declaration = features[index].declaration
                    declaration.width = vectors.width
                    return LearnedFeature(
                        declaration: declaration,
                        encoding: .number(NumberEncoding(transforms: [])))
                }
                var learner = try FeatureLearner(features[index].declaration)
                try forEachBlock(ofFeature: index) { column, rows throws(FeatureError) in
                    let bits = selection[rows.lowerBound / 8..<(rows.upperBound + 7) / 8]
                    let result = bits.withUnsafeBytes { bits in
                        Result { () throws(FeatureError) in
                            try learner.observe(column, rowCount: rows.count, selection: bits)
                        }
                    }
                    try result.get()
                }
                return try learner.finish()
            }
        }
        return try Self.values(learned, features)
    }

    /// Encodes all rows for a graph.
    ///
    /// Rows without a value that the signature requires are encoded as missing: the data set is
    /// what it is, only callers are held to it.
    ///
    /// - Returns: The encoded rows, and what was seen of each feature.
    /// - Throws: `TrainingError` `unusableFeature`, and what `EncodedDataset` throws.
    package func encode(
        _ features: [FeatureSpec], _ signature: Signature, _ graph: Graph
    ) throws(TrainingError) -> (dataset: EncodedDataset, counts: [FeatureCounts]) {
        try encode(features, signature, graph, vectors: [:])
    }

    /// The same, with the answers of frozen encoders in the places of some features.
    func encode(
        _ features: [FeatureSpec], _ signature: Signature, _ graph: Graph,
        vectors: [Int: FrozenVectors]
    ) throws(TrainingError) -> (dataset: EncodedDataset, counts: [FeatureCounts]) {
        var lenient = signature
        for index in lenient.features.indices { lenient.features[index].isRequired = false }
        let encoder: FeatureEncoder
        do {
            encoder = try FeatureEncoder(signature: lenient, graph: graph)
        } catch {
            throw TrainingError(error, features.first { $0.declaration.name == error.subject })
        }
        let dataset = try EncodedDataset(graph, rowCount: examples.rowCount)
        let counts = each(features.indices) { index -> Result<FeatureCounts, FeatureError> in
            Result { () throws(FeatureError) in
                var counts = FeatureCounts()
                if let vectors = vectors[index] {
                    write(vectors, ofFeature: index, signature, to: dataset)
                    return counts
                }
                try forEachBlock(ofFeature: index) { column, rows throws(FeatureError) in
                    try encoder.encode(
                        feature: index, column, rowCount: rows.count,
                        into: dataset.encodedInputs(firstRow: rows.lowerBound), counts: &counts)
                }
                return counts
            }
        }
        return (dataset, try Self.values(counts, features))
    }

    private func write(
        _ vectors: FrozenVectors, ofFeature index: Int, _ signature: Signature,
        to dataset: EncodedDataset
    ) {
        let slot = signature.features[index].slot
        guard case .text(let texts) = examples.column(ofFeature: index),
            let input = dataset.columns.firstIndex(where: { $0.name == slot.input })
        else { preconditionFailure("a text has a column and a place in the graph") }
        vectors.write(texts, to: dataset, input: input, column: slot.column)
    }

    /// Shows a feature's column block by block.
    private func forEachBlock(
        ofFeature index: Int,
        _ body: (_ column: RawColumn, _ rows: Range<Int>) throws(FeatureError) -> Void
    ) throws(FeatureError) {
        let column = examples.column(ofFeature: index)
        let buffer = RawColumnBuffer()
        var start = 0
        while start < examples.rowCount {
            let rows = start..<min(start + Self.blockRows, examples.rowCount)
            let result = buffer.withRawColumn(column, rows: rows) { raw in
                Result { () throws(FeatureError) in try body(raw, rows) }
            }
            try result.get()
            start = rows.upperBound
        }
    }

    /// Calls with each position on one of the threads; the results in the positions' order.
    private func each<Value: Sendable>(
        _ positions: Range<Int>,
        _ body: @Sendable (Int) -> Result<Value, FeatureError>
    ) -> [Result<Value, FeatureError>?] {
        let results = Mutex([Result<Value, FeatureError>?](repeating: nil, count: positions.count))
        let next = Atomic(0)
        WorkerThreads.run(min(threadCount, max(positions.count, 1))) { _ in
            while true {
                let position = next.add(1, ordering: .relaxed).oldValue
                guard position < positions.count else { return }
                let result = body(position)
                results.withLock { $0[position] = result }
            }
        }
        return results.withLock { $0 }
    }

    private static func values<Value>(
        _ results: [Result<Value, FeatureError>?], _ features: [FeatureSpec]
    ) throws(TrainingError) -> [Value] {
        var values: [Value] = []
        for (result, feature) in zip(results, features) {
            switch result {
            case .success(let value): values.append(value)
            case .failure(let error): throw TrainingError(error, feature)
            case nil: preconditionFailure("every feature has a result")
            }
        }
        return values
    }
}

extension TrainingError {
    /// What a feature was refused for, at its place in the spec.
    init(_ error: FeatureError, _ feature: FeatureSpec?) {
        self.init(.unusableFeature, "the feature '\(error.subject)' \(error.message)")
        key = feature?.key
        line = feature?.line
        column = feature?.column
        text = error.subject
        limit = error.limit
        actual = error.actual
    }
}
