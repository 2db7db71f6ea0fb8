/// What a request of so many rows will cost, learnt from those that were answered.
///
/// One estimate a model and loop: a mean for each power of two of rows, because the time a row
/// takes falls as blocks fill up, and the fixed part shows with few. Outliers (a page fault, a
/// descheduled thread) count at most four times the mean, and a refusal that an estimate caused
/// makes it a little smaller, so that a wrong estimate cannot shut a model out for ever.
package struct WorkEstimate: Equatable, Sendable {
    private static let bucketCount = 25

    /// Nanoseconds a row; 0 where nothing was learnt.
    private var perRow = [Double](repeating: 0, count: bucketCount)
    private var bucketsLearnt = 0

    /// Nothing is known; the only time that it allocates.
    package init() {}

    /// Nanoseconds that a request is expected to take; 0 while nothing is known.
    ///
    /// - Complexity: O(1), O(buckets) for a size that was never seen.
    package func nanoseconds(rows: Int) -> UInt64 {
        guard bucketsLearnt > 0 else { return 0 }
        let bucket = Self.bucket(rows)
        let known = perRow[bucket] > 0 ? bucket : nearest(to: bucket)
        return UInt64(perRow[known] * Double(max(rows, 1)))
    }

    /// A request took so long.
    package mutating func learn(rows: Int, nanoseconds: UInt64) {
        let bucket = Self.bucket(rows)
        let sample = Double(max(nanoseconds, 1)) / Double(max(rows, 1))
        let mean = perRow[bucket]
        guard mean > 0 else {
            perRow[bucket] = sample
            bucketsLearnt += 1
            return
        }
        perRow[bucket] = mean + (min(sample, mean * 4) - mean) / 8
    }

    /// A request was refused because of what was expected of it.
    package mutating func doubt(rows: Int) {
        let bucket = Self.bucket(rows)
        perRow[perRow[bucket] > 0 ? bucket : nearest(to: bucket)] *= 31.0 / 32
    }

    private static func bucket(_ rows: Int) -> Int {
        rows <= 1 ? 0 : min(Int.bitWidth - (rows - 1).leadingZeroBitCount, bucketCount - 1)
    }

    /// The learnt bucket closest to one that is not; of two the larger size.
    private func nearest(to bucket: Int) -> Int {
        for distance in 1..<Self.bucketCount {
            let above = bucket + distance
            if above < Self.bucketCount, perRow[above] > 0 { return above }
            let below = bucket - distance
            if below >= 0, perRow[below] > 0 { return below }
        }
        return bucket
    }
}
