import Testing

@testable import TandemRequest

@Suite struct ScoreHistogramTests {
    private func bucket(_ score: Float) -> Int? {
        var histogram = ScoreHistogram()
        histogram.add(score)
        return histogram.counts.firstIndex { $0 > 0 }
    }

    @Test func `bounds ascend, and each score lies within its bucket's`() throws {
        let bounds = ScoreHistogram.bounds
        #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
        for magnitude: Float in [0, 1e-9, 1e-6, 0.1, 0.5, 0.75, 0.99, 1, 1.49, 1.51, 3, 1e5, 1e9] {
            for score in [magnitude, -magnitude] {
                let index = try #require(bucket(score))
                if index > 0 { #expect(Double(score) >= bounds[index - 1], "\(score)") }
                if index < bounds.count { #expect(Double(score) <= bounds[index], "\(score)") }
            }
        }
    }

    @Test func `counts what is not finite apart`() {
        var histogram = ScoreHistogram()
        for score: Float in [.nan, .infinity, -.infinity, 0.5] { histogram.add(score) }
        #expect(histogram.notFinite == 3 && histogram.count == 1 && histogram.sum == 0.5)
        #expect(histogram.minimum == 0.5 && histogram.maximum == 0.5)
    }

    @Test func `sums with another`() {
        var left = ScoreHistogram()
        var right = ScoreHistogram()
        left.add(1)
        right.add(-2)
        left += right
        #expect(left.count == 2 && left.sum == -1)
        #expect(left.minimum == -2 && left.maximum == 1)
        #expect(left.counts.reduce(0, +) == 2)
    }
}
