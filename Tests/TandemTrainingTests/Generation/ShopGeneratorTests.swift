import TandemFeatures
import TandemTraining
import Testing

@Suite struct ShopGeneratorTests {
    private func rows(_ count: Int, seed: UInt64) throws -> [[String]] {
        var bytes: [UInt8] = []
        try ShopGenerator(impressionCount: count, seed: seed).write { piece, _ in bytes += piece }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test func `the same seed gives the same log and another seed another`() throws {
        #expect(try rows(300, seed: 1) == rows(300, seed: 1))
        #expect(try rows(300, seed: 1) != rows(300, seed: 2))
    }

    @Test func `the bytes are the same on every machine and in every version`() throws {
        var bytes: [UInt8] = []
        try ShopGenerator(impressionCount: 2000, seed: 1).write { piece, _ in bytes += piece }
        #expect(bytes.withUnsafeBytes { XXHash64.hash($0, seed: 0) } == 6_770_360_024_094_664_497)
    }

    @Test func `says how well the truth itself ranks the log`() throws {
        let summary = try ShopGenerator(impressionCount: 4000, seed: 4).write { _, _ in }
        let rows = try rows(4000, seed: 4)
        #expect(summary.impressionCount == 4000)
        #expect(summary.clickCount == rows.count { $0[18] == "1" })
        #expect(summary.purchaseCount == rows.count { $0[19] == "1" })
        #expect((0.7...0.95).contains(try #require(summary.clickAUCMax)))
        #expect((0.7...0.95).contains(try #require(summary.purchaseAUCMax)))
    }

    @Test func `every row has every column`() throws {
        let rows = try rows(500, seed: 3)
        #expect(rows.count == 501)
        #expect(rows.allSatisfy { $0.count == 22 })
        #expect(rows[0][0] == "day")
        #expect(rows[0][21] == "dwell_seconds")
    }

    @Test func `a purchase needs a click and a rating a purchase`() throws {
        var clicks = 0
        var purchases = 0
        for row in try rows(4000, seed: 4).dropFirst() {
            let (click, purchase, rating, dwell) = (row[18], row[19], row[20], row[21])
            if click == "0" {
                #expect(purchase == "0" && rating.isEmpty && dwell.isEmpty)
            } else {
                clicks += 1
                #expect(!dwell.isEmpty)
                #expect(rating.isEmpty == (purchase == "0"))
                if purchase == "1" {
                    purchases += 1
                    #expect((1...5).contains(try #require(Int(rating))))
                }
            }
        }
        // 4,000 impressions: shares so far from these bounds would be a change of the model.
        #expect((400...2000).contains(clicks))
        #expect((80...1000).contains(purchases))
    }

    @Test func `items appear later that were never shown before`() throws {
        let rows = try rows(6000, seed: 5).dropFirst()
        let early = Set(rows.prefix(4500).map { $0[10] })
        let late = Set(rows.suffix(600).map { $0[10] })
        #expect(!late.subtracting(early).isEmpty)
        #expect(rows.contains { $0[3].isEmpty })
        #expect(rows.contains { $0[12].isEmpty })
        #expect(rows.contains { $0[8].isEmpty })
    }

    @Test(arguments: [0, -1])
    func `refuses a log without rows`(count: Int) {
        let error = #expect(throws: TrainingError.self) {
            try ShopGenerator(impressionCount: count, seed: 1)
        }
        #expect(error?.code == .overLimit)
        #expect(error?.actual == count)
    }
}
