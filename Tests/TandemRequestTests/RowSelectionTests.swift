import Testing

@testable import TandemRequest

@Suite struct RowSelectionTests {
    private func select(_ scores: [Float], _ count: Int) -> [Int] {
        var keys = [UInt64](repeating: 0, count: max(count, 1))
        RowSelection.select(scores, rowCount: scores.count, count: count, keys: &keys)
        return keys.prefix(count).map(RowSelection.row(of:))
    }

    @Test func `orders every pair of special values as numbers do, with NaN last`() {
        let values: [Float] = [
            .infinity, .greatestFiniteMagnitude, 1, .leastNonzeroMagnitude, 0,
            -.leastNonzeroMagnitude, -1, -.greatestFiniteMagnitude, -.infinity, .nan,
        ]
        for (i, a) in values.enumerated() {
            for (j, b) in values.enumerated() where i != j {
                #expect(select([a, b], 2) == (i < j ? [0, 1] : [1, 0]))
            }
        }
    }

    @Test func `keeps the order of equal scores, 0 and -0 and NaN among them`() {
        #expect(select([0, -0.0, 0, -0.0], 4) == [0, 1, 2, 3])
        #expect(select([.nan, -.nan, .nan], 3) == [0, 1, 2])
        #expect(select([5, 1, 5, 1, 5], 4) == [0, 2, 4, 1])
    }

    @Test func `agrees with a stable sort for every count`() {
        var random = SystemRandomNumberGenerator()
        for rows in [1, 2, 3, 17, 64, 100] {
            // Few different values, so that there are ties.
            let scores = (0..<rows).map { _ in Float(Int.random(in: 0..<9, using: &random)) }
            let sorted = scores.indices.sorted {
                (scores[$1], $0) < (scores[$0], $1)
            }
            for count in 0...rows {
                #expect(select(scores, count) == Array(sorted.prefix(count)), "of \(scores)")
            }
        }
    }
}
