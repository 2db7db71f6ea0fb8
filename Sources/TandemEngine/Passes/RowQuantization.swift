// Design: a scale by the largest magnitude, or by the smallest error; and sums that are kept.
//
// A row's scale usually takes its largest weight to 127. One outlier then makes the steps of all the
// others coarse: with a weight of 8 among weights of 0.1, a step is 0.06. Cutting the outlier off
// (clipping) costs its own error and gains on the rest. Which is less is measured: the squared error
// of the row's product, where an error of a weight counts as often as its input is large.
//
// A table's row is short, and how its few roundings fall is luck. Steps up to 3 % longer than need be
// cost that much at most and bring other luck: the best of eight has a fifth less error on rows of 16
// normal numbers. Rows of weights are too long for that.
//
// Inputs that are never negative, as a rectifier leaves them, have a mean above 0, which multiplies
// the sum of a row's rounding errors, for every candidate alike. So there the few weights that lie
// nearest to the middle of two steps are rounded the other way until the errors' sum is below half a
// step: on layers of 256 normal weights behind a rectifier a fifth of the error is gone. Where the
// inputs were measured, roundings make up for one another instead (RoundingCompensation).

package import TandemGraph

/// How a row's scale and roundings are chosen.
package struct RoundingRule: Hashable, Sendable {
    /// Whether the scale has the least squared error; otherwise the largest magnitude becomes 127.
    package var clips: Bool
    /// Whether the scale is the best of a few above the largest magnitude's; where it does not clip.
    package var triesScales: Bool
    /// Whether roundings are chosen so that a row's sum is kept; without moments only.
    package var keepsSum: Bool
    /// What is known of the inputs: their squares weigh the columns' errors where scales are chosen
    /// by error, and roundings make up for one another by them.
    package var moments: SecondMoments?
    /// What is known of the scores' derivatives by the results; heeded with moments only.
    package var gradients: SecondMoments?

    /// Makes a rule; by default scales by the largest magnitude, and each weight to its nearest step.
    package init(
        clips: Bool = false, triesScales: Bool = false, keepsSum: Bool = false,
        moments: SecondMoments? = nil, gradients: SecondMoments? = nil
    ) {
        self.clips = clips
        self.triesScales = triesScales
        self.keepsSum = keepsSum
        self.moments = moments
        self.gradients = gradients
    }
}

/// Rounds the rows of a matrix to int8.
package enum RowQuantization {
    /// Shares of the largest magnitude that are tried as a row's end, largest first.
    private static let shares: [Double] = [
        1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05,
    ]

    /// Scales that are tried above that of the largest magnitude, and how far they are apart.
    private static let stretchCount = 8
    private static let stretchStep = 0.004

    /// Rows as int8, each with its scale.
    ///
    /// - Parameters:
    ///   - matrix: f32 `[N, K]`, finite.
    ///   - rule: How scales and roundings are chosen.
    /// - Returns: int8 `[N, K]` in -127 ... 127 and f32 `[N]`, with `value = int8 * scale`.
    /// - Complexity: O(N K); 14 times as much where scales are chosen by error, log K times where
    ///   sums are kept, O(N K K) with moments, O(N N K) with gradients.
    /// - Precondition: Moments are of K elements, gradients of N.
    package static func rows(
        _ matrix: Tensor, _ rule: RoundingRule = RoundingRule()
    ) -> (values: Tensor, scales: Tensor) {
        let (rows, width) = (matrix.shape[0], matrix.shape[1])
        let values = Tensor(zeros: .int8, shape: [rows, width])
        let scales = Tensor(zeros: .float32, shape: [rows])
        let source = matrix.elements(as: Float.self)
        let target = values.elements(as: Int8.self)
        let factors = scales.elements(as: Float.self)
        for row in 0..<rows {
            let elements = UnsafeBufferPointer(rebasing: source[row * width..<(row + 1) * width])
            var largest: Float = 0
            for element in elements { largest = max(largest, element.magnitude) }
            guard largest >= 0x1p-100 else { continue }
            let share =
                rule.clips
                ? bestShare(elements, largest, rule.moments?.squares ?? [])
                : rule.triesScales ? bestStretch(elements, largest) : 1
            let end = share == 1 ? largest : Float(Double(largest) * share)
            factors[row] = end / 127
            // Multiplied by the inverse in double: one rounding decides, and 127 is reached.
            let inverse = 127 / Double(end)
            for (column, element) in elements.enumerated() {
                target[row * width + column] = rounded(element, inverse)
            }
            if rule.keepsSum, rule.moments == nil {
                keepSum(
                    UnsafeMutableBufferPointer(rebasing: target[row * width..<(row + 1) * width]),
                    of: elements, inverse)
            }
        }
        if let moments = rule.moments {
            RoundingCompensation.apply(
                to: values, of: matrix, scales, inputs: moments, outputs: rule.gradients)
        }
        return (values, scales)
    }

    /// Rows of a table as int8, each ending with its scale.
    ///
    /// - Parameters:
    ///   - matrix: f32 `[V, D]`, finite.
    ///   - rule: How scales and roundings are chosen.
    /// - Returns: int8 `[V, D + 4]`, as `ScaledRows` says.
    /// - Complexity: As that of `rows`.
    package static func table(_ matrix: Tensor, _ rule: RoundingRule) -> Tensor {
        let (values, scales) = rows(matrix, rule)
        return ScaledRows.joined(values: values, scales: scales)
    }

    private static func rounded(_ value: Float, _ inverse: Double) -> Int8 {
        Int8(min(max((Double(value) * inverse).rounded(.toNearestOrEven), -127), 127))
    }

    /// Moves the roundings nearest to the middle by a step until the errors' sum is half a step or
    /// less; those at either end stay.
    private static func keepSum(
        _ values: UnsafeMutableBufferPointer<Int8>, of elements: UnsafeBufferPointer<Float>,
        _ inverse: Double
    ) {
        let gaps = values.indices.map { column in
            let steps = Double(elements[column]) * inverse
            // What is cut off is meant to be.
            return steps.magnitude <= 127.5 ? steps - Double(values[column]) : 0
        }
        let missing = gaps.reduce(0, +).rounded(.toNearestOrEven)
        guard missing != 0 else { return }
        let direction: Double = missing > 0 ? 1 : -1
        // Of equal ones the first, so that the order is one.
        let order = gaps.indices.sorted { left, right in
            let (one, other) = (gaps[left] * direction, gaps[right] * direction)
            return one == other ? left < right : one > other
        }
        let movable = order.lazy.filter {
            gaps[$0] * direction > 0 && values[$0].magnitude < 127
        }
        for column in movable.prefix(Int(missing.magnitude)) {
            values[column] += Int8(direction)
        }
    }

    /// The share from 1 on whose squared error is the smallest; nothing is cut off.
    private static func bestStretch(
        _ elements: UnsafeBufferPointer<Float>, _ largest: Float
    ) -> Double {
        var best = (share: 1.0, error: Float.infinity)
        for index in 0..<stretchCount {
            let share = 1 + Double(index) * stretchStep
            let inverse = Float(127 / (Double(largest) * share))
            var error: Float = 0
            for element in elements {
                let steps = element * inverse
                // Rounds: a sum with 1.5 * 2^23 is a whole number.
                let gap = steps - ((steps + 0x1.8p23) - 0x1.8p23)
                error += gap * gap
            }
            error *= Float(share * share)
            // Of equal ones the first.
            if error < best.error { best = (share, error) }
        }
        return best.share
    }

    private static func bestShare(
        _ elements: UnsafeBufferPointer<Float>, _ largest: Float, _ columnWeights: [Float]
    ) -> Double {
        var best = (share: 1.0, error: Double.infinity)
        for share in shares {
            let end = Double(largest) * share
            let (inverse, step) = (127 / end, end / 127)
            var error = 0.0
            for (column, element) in elements.enumerated() {
                let gap = Double(element) - Double(rounded(element, inverse)) * step
                let weight = columnWeights.isEmpty ? 1 : Double(columnWeights[column])
                error += gap * gap * weight
            }
            // Of equal ones the first: nothing is cut off without a gain.
            if error < best.error { best = (share, error) }
        }
        return best.share
    }
}
