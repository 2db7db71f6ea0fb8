import Testing

@testable import TandemRequest

@Suite struct WorkEstimateTests {
    @Test func `knows nothing before it was told`() {
        #expect(WorkEstimate().nanoseconds(rows: 64) == 0)
    }

    @Test func `expects what it saw`() {
        var estimate = WorkEstimate()
        for _ in 0..<10 { estimate.learn(rows: 64, nanoseconds: 64_000) }
        #expect(estimate.nanoseconds(rows: 64) == 64_000)
        #expect(estimate.nanoseconds(rows: 48) == 48_000)
    }

    @Test func `keeps sizes apart and asks the nearest for one it never saw`() {
        var estimate = WorkEstimate()
        estimate.learn(rows: 1, nanoseconds: 10_000)
        estimate.learn(rows: 1_024, nanoseconds: 1_024_000)
        #expect(estimate.nanoseconds(rows: 1) == 10_000)
        #expect(estimate.nanoseconds(rows: 512) == 512_000)
        #expect(estimate.nanoseconds(rows: 2) == 20_000)
        #expect(estimate.nanoseconds(rows: 65_536) == 65_536_000)
    }

    @Test func `follows a change within a few dozen requests, whatever an outlier says`() {
        var estimate = WorkEstimate()
        estimate.learn(rows: 8, nanoseconds: 8_000)
        estimate.learn(rows: 8, nanoseconds: 1_000_000_000)
        #expect(estimate.nanoseconds(rows: 8) <= 8_000 + 8_000 * 3 / 8)
        for _ in 0..<60 { estimate.learn(rows: 8, nanoseconds: 16_000) }
        #expect((15_900...16_100).contains(estimate.nanoseconds(rows: 8)))
    }

    @Test func `an estimate that keeps refusing withers`() {
        var estimate = WorkEstimate()
        estimate.learn(rows: 8, nanoseconds: 8_000_000)
        for _ in 0..<200 { estimate.doubt(rows: 8) }
        #expect(estimate.nanoseconds(rows: 8) < 20_000)
        var blank = WorkEstimate()
        blank.doubt(rows: 8)
        #expect(blank.nanoseconds(rows: 8) == 0)
    }

    @Test func `takes any number of rows`() {
        var estimate = WorkEstimate()
        for rows in [0, 1, 2, 3, 4, 5, 65_536, 1 << 24, .max] {
            estimate.learn(rows: rows, nanoseconds: 1)
            _ = estimate.nanoseconds(rows: min(rows, 1 << 40))
        }
    }
}
