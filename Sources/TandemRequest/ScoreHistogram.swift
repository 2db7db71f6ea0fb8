internal import Glibc

/// Counts of a task's scores, by magnitude.
///
/// Two buckets an octave from 2^-20 to 2^20, for either sign, one for what is smaller, and the
/// largest for what is larger: the same for probabilities, prices and logits, so that nobody has to
/// say what a task's scores are like before they are seen.
package struct ScoreHistogram: Equatable, Sendable {
    /// Octaves of magnitude that are told apart.
    private static let octaves = 41
    /// Buckets of one sign, without the one around 0.
    private static let side = octaves * 2

    /// Counts from the most negative bucket to the largest.
    package private(set) var counts = [UInt64](repeating: 0, count: 2 * side + 1)
    /// Sum of the scores counted.
    package private(set) var sum: Double = 0
    /// Scores counted.
    package private(set) var count: UInt64 = 0
    /// Smallest score; infinite while there is none.
    package private(set) var minimum = Float.infinity
    /// Largest score; infinite while there is none.
    package private(set) var maximum = -Float.infinity
    /// Scores that were not finite, counted nowhere else.
    package private(set) var notFinite: UInt64 = 0

    /// Nothing counted; the only time that it allocates.
    package init() {}

    /// Counts a score.
    package mutating func add(_ score: Float) {
        guard score.isFinite else {
            notFinite &+= 1
            return
        }
        counts[Self.bucket(score)] &+= 1
        sum += Double(score)
        count &+= 1
        if score < minimum { minimum = score }
        if score > maximum { maximum = score }
    }

    /// Adds what another histogram counted.
    package static func += (left: inout ScoreHistogram, right: ScoreHistogram) {
        for index in left.counts.indices { left.counts[index] &+= right.counts[index] }
        left.sum += right.sum
        left.count &+= right.count
        left.minimum = min(left.minimum, right.minimum)
        left.maximum = max(left.maximum, right.maximum)
        left.notFinite &+= right.notFinite
    }

    /// The largest score of each bucket but the last, ascending.
    package static let bounds: [Double] = (0..<2 * side).map { index in
        let step = index - side
        // Negative buckets end where the next smaller magnitude begins.
        let magnitude = step < 0 ? edge(-step - 1) : edge(step)
        return step < 0 ? -magnitude : magnitude
    }

    /// Where the n-th bucket of a sign begins.
    private static func edge(_ step: Int) -> Double {
        ldexp(step % 2 == 0 ? 1 : 1.5, Int32(step / 2 - 20))
    }

    private static func bucket(_ score: Float) -> Int {
        // Sign, exponent and the first bit of the mantissa: half an octave a number.
        let half = Int(score.magnitude.bitPattern >> 22)
        let lowest = (127 - 20) * 2
        guard half >= lowest else { return side }
        let step = min(half - lowest + 1, side)
        return score < 0 ? side - step : side + step
    }
}
