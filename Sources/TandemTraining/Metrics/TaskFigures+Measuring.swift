// Design: figures that anyone can recompute.
//
// Definitions are scikit-learn's where it has one, so that a figure here and one from a notebook
// agree: ties count half in the AUC, precision without a predicted positive is 0, probabilities are
// clipped before the logarithm. All are weighted by the rows' weights. Sums are in double precision
// and in the order of rows, so the same scores give the same bits.

import Glibc
package import TandemFeatures

extension TaskFigures {
    /// Measures a task's predictions.
    ///
    /// - Parameters:
    ///   - task: Its name, kind and number of classes.
    ///   - scores: Shape `[rows, task.kind.width]`, row-major: probabilities, or quantities in the
    ///     label's unit.
    ///   - labels: One a row, as in `TaskLabels`; rows with NaN are left out.
    ///   - weights: One a row; nil for 1. Rows with 0 are left out.
    ///   - usesLog1p: Whether a regression is also measured on log(1 + y).
    /// - Returns: The figures; without values if no row is left.
    /// - Precondition: The counts fit each other.
    /// - Complexity: O(rows log rows).
    package static func measure(
        _ task: Task, scores: [Float], labels: [Float], weights: [Float]? = nil,
        usesLog1p: Bool = false
    ) -> TaskFigures {
        precondition(scores.count == labels.count * task.kind.width, "one score a label")
        precondition(weights.map { $0.count == labels.count } ?? true, "one weight a label")
        let rows = labels.indices.filter { row in
            !labels[row].isNaN && weights.map { $0[row] > 0 } ?? true
        }
        let weighted = rows.map { Double(weights?[$0] ?? 1) }
        let truths = rows.map { Double(labels[$0]) }
        var figures = TaskFigures(
            task: task.name, kind: task.kind.name, rowCount: rows.count, values: [:])
        if rows.isEmpty { return figures }
        switch task.kind {
        case .binary:
            figures.values = binary(rows.map { scores[$0] }, truths, weighted)
        case .multiclass(let classCount):
            let shares = rows.map { Array(scores[$0 * classCount..<($0 + 1) * classCount]) }
            figures.values = multiclass(shares, truths, weighted, classCount)
        case .regression:
            let predicted = rows.map { Double(scores[$0]) }
            let errors = SquaredErrors(predicted, truths, weighted)
            figures.values = [.rmse: errors.rootMean, .mae: errors.meanAbsolute]
            figures.values[.r2] = errors.determination
            if usesLog1p {
                // A quantity below -1 has no logarithm; predictions that low are as wrong as -1.
                let logs = SquaredErrors(
                    predicted.map { log1p(max($0, -1 + 1e-7)) }, truths.map { log1p($0) }, weighted)
                figures.values[.rmseLog1p] = logs.rootMean
                figures.values[.r2Log1p] = logs.determination
            }
        case .vector: break
        }
        return figures
    }

    private static func binary(
        _ scores: [Float], _ truths: [Double], _ weights: [Double]
    ) -> [Figure: Double] {
        var counts = Confusion()
        var loss = 0.0
        var expected = 0.0
        for row in scores.indices {
            let score = Double(scores[row])
            loss -= weights[row] * log(clipped(truths[row] == 1 ? score : 1 - score))
            expected += weights[row] * score
            counts.add(isPositive: truths[row] == 1, isPredicted: score >= 0.5, weights[row])
        }
        var values: [Figure: Double] = [
            .logLoss: loss / counts.total, .accuracy: counts.accuracy,
            .precision: counts.precision, .recall: counts.recall, .f1: counts.f1,
        ]
        if counts.positives > 0 { values[.calibration] = expected / counts.positives }
        values[.auc] = auc(scores, truths, weights)
        return values
    }

    private static func multiclass(
        _ shares: [[Float]], _ truths: [Double], _ weights: [Double], _ classCount: Int
    ) -> [Figure: Double] {
        var counts = [Confusion](repeating: Confusion(), count: classCount)
        var loss = 0.0
        var right = 0.0
        for row in shares.indices {
            let truth = Int(truths[row])
            let best = shares[row].indices.max { shares[row][$0] < shares[row][$1] } ?? 0
            loss -= weights[row] * log(clipped(Double(shares[row][truth])))
            if best == truth { right += weights[row] }
            for index in counts.indices where index == truth || index == best {
                counts[index].add(
                    isPositive: index == truth, isPredicted: index == best, weights[row])
            }
        }
        let total = weights.reduce(0, +)
        // As scikit-learn's macro average: over the classes that occur or were predicted.
        let met = counts.filter { $0.total > 0 }
        return [
            .logLoss: loss / total, .accuracy: right / total,
            .f1: met.reduce(0) { $0 + $1.f1 } / Double(max(met.count, 1)),
        ]
    }

    /// The area under the ROC curve; nil if only one class has weight.
    ///
    /// - Parameters:
    ///   - scores: One a row; NaN counts as the lowest.
    ///   - truths: 1 for positive rows.
    ///   - weights: One a row, above 0.
    /// - Returns: 0 to 1.
    /// - Complexity: O(rows log rows).
    package static func auc(_ scores: [Float], _ truths: [Double], _ weights: [Double]) -> Double? {
        // Score and row in one key: sorting plain integers is several times faster.
        var keys = scores.indices.map { row in
            UInt64(orderedBits(scores[row])) << 32 | UInt64(UInt32(row))
        }
        keys.sort()
        var negativesBelow = 0.0
        var positives = 0.0
        var area = 0.0
        var index = 0
        while index < keys.count {
            var tiedNegatives = 0.0
            var tiedPositives = 0.0
            let score = keys[index] >> 32
            while index < keys.count, keys[index] >> 32 == score {
                let row = Int(keys[index] & 0xFFFF_FFFF)
                if truths[row] == 1 {
                    tiedPositives += weights[row]
                } else {
                    tiedNegatives += weights[row]
                }
                index += 1
            }
            area += tiedPositives * (negativesBelow + tiedNegatives / 2)
            negativesBelow += tiedNegatives
            positives += tiedPositives
        }
        guard positives > 0, negativesBelow > 0 else { return nil }
        return area / positives / negativesBelow
    }

    /// Bits that compare as the numbers do; NaN lowest, -0 as 0.
    private static func orderedBits(_ value: Float) -> UInt32 {
        if value.isNaN { return 0 }
        let bits = (value + 0).bitPattern
        return bits >> 31 == 1 ? ~bits : bits | 1 << 31
    }

    /// A probability that has a logarithm.
    private static func clipped(_ probability: Double) -> Double {
        min(max(probability, 1e-7), 1 - 1e-7)
    }
}

/// Weights of rows by truth and prediction of one class.
private struct Confusion {
    private var truePositive = 0.0
    private var falsePositive = 0.0
    private var falseNegative = 0.0
    private var trueNegative = 0.0

    mutating func add(isPositive: Bool, isPredicted: Bool, _ weight: Double) {
        switch (isPositive, isPredicted) {
        case (true, true): truePositive += weight
        case (false, true): falsePositive += weight
        case (true, false): falseNegative += weight
        case (false, false): trueNegative += weight
        }
    }

    var total: Double { truePositive + falsePositive + falseNegative + trueNegative }
    var positives: Double { truePositive + falseNegative }
    var accuracy: Double { (truePositive + trueNegative) / total }
    var precision: Double { share(truePositive, of: truePositive + falsePositive) }
    var recall: Double { share(truePositive, of: positives) }
    var f1: Double { share(2 * truePositive, of: 2 * truePositive + falsePositive + falseNegative) }

    private func share(_ part: Double, of whole: Double) -> Double { whole > 0 ? part / whole : 0 }
}

/// Sums of a regression's errors.
private struct SquaredErrors {
    private var squares = 0.0
    private var absolutes = 0.0
    private var deviations = 0.0
    private var total = 0.0

    init(_ predicted: [Double], _ truths: [Double], _ weights: [Double]) {
        var sum = 0.0
        for row in truths.indices {
            total += weights[row]
            sum += weights[row] * truths[row]
        }
        let mean = sum / total
        for row in truths.indices {
            let error = predicted[row] - truths[row]
            let deviation = truths[row] - mean
            squares += weights[row] * error * error
            absolutes += weights[row] * abs(error)
            deviations += weights[row] * deviation * deviation
        }
    }

    var rootMean: Double { (squares / total).squareRoot() }
    var meanAbsolute: Double { absolutes / total }
    /// Nil if all labels are equal.
    var determination: Double? { deviations > 0 ? 1 - squares / deviations : nil }
}
