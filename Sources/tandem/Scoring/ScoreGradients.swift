// Design: one way back a row, with random signs.
//
// G = E[g g'] sums over all tasks and all elements of their outputs, and one way back gives the
// derivatives of one sum of them. If each output counts in it with a random sign, the products of
// derivatives of different outputs cancel on average, and what is left is the sum that is wanted. So
// a row is gone back through once, however many outputs there are. Outputs count by their spread, as
// in the search.

import TandemEngine
import TandemFeatures
import TandemGraph
import TandemTraining

/// How scores answer to the results of layers, measured on the sample's rows.
struct ScoreGradients {
    /// Rows that are gone back through, evenly taken from the sample.
    private static let rowCountMax = 1024

    /// By layer the second moments of the scores' derivatives by its results; empty where the graph
    /// has an operation without a derivative.
    let moments: [String: SecondMoments]

    /// Measures some layers of a float graph.
    ///
    /// - Parameters:
    ///   - model: The graph.
    ///   - layers: The names of their results.
    ///   - scores: Of the sample's rows, an array an output.
    ///   - rows: Where the sample is from.
    init(
        _ model: WeightedGraph, of layers: Set<String>, scores: [[Float]],
        _ rows: QuantizationRows
    ) {
        let narrow = layers.filter { name in
            let width = model.graph.value(named: name).flatMap {
                model.graph[$0].type.rowElementCount
            }
            return (width ?? .max) <= RoundingCompensation.rowCountMax
        }
        // Not every graph can be differentiated; its layers' results then count alike.
        guard !narrow.isEmpty, let gradients = try? LayerGradients(model, layers: narrow) else {
            moments = [:]
            return
        }
        let samples = Self.samples(gradients, scores, rows)
        moments = Dictionary(
            uniqueKeysWithValues: zip(gradients.layers, samples).compactMap { name, samples in
                SecondMoments(samples: samples.elements, width: samples.width).map { (name, $0) }
            })
    }

    private static func samples(
        _ gradients: LayerGradients, _ scores: [[Float]], _ rows: QuantizationRows
    ) -> [(elements: [Float], width: Int)] {
        let widths = gradients.outputWidths
        let spreads = scores.map { max(QuantizationSearch.variance($0), 1e-30).squareRoot() }
        let sampleCount = widths.first.map { scores[0].count / max($0, 1) } ?? 0
        let every = max((sampleCount + rowCountMax - 1) / rowCountMax, 1)
        var signs = RandomSource(seed: 1)
        var found = gradients.layers.map { _ in (elements: [Float](), width: 0) }
        var first = 0
        rows.forEachSampleBlock { inputs, count in
            for row in stride(from: (every - first % every) % every, to: count, by: every) {
                let factors = zip(widths, spreads).map { width, spread in
                    (0..<width).map { _ in Float((signs.next() >> 63 == 0 ? 1 : -1) / spread) }
                }
                let derivatives = gradients.derivatives(row: row, of: inputs, factors: factors)
                for (index, elements) in derivatives.enumerated() {
                    found[index].elements += elements
                    found[index].width = elements.count
                }
            }
            first += count
        }
        return found
    }
}
