import TandemTraining
import Testing

/// Row counts are those of the data sets' own descriptions.
@Suite(.enabled(if: RealFiles.areThere)) struct RealFilesTests {
    @Test func `reads reviews with line breaks within quotes`() throws {
        let rating = ColumnRequest("Rating", .float32)
        let review = ColumnRequest("Review Text", .text)
        let table = try read(
            "womens-clothing-reviews/womens_clothing_reviews.csv.gz", [rating, review])
        #expect(table.rowCount == 23_486)
        #expect(table[review]?.presence.missingCount == 845)
        #expect(table.position(ofRow: 23_485).line < 28_229)
        let ratings = try #require(table[rating])
        #expect((0..<table.rowCount).count { ratings.number($0) == 5 } == 13_131)
    }

    @Test func `reads shipments with a byte order mark and words among numbers`() throws {
        let first = ColumnRequest("ID", .int64)
        let freight = ColumnRequest("Freight Cost (USD)", .looseNumber)
        let table = try read(
            "scms-shipments/SCMS_Delivery_History_Dataset_20150929.csv.gz", [first, freight])
        #expect(table.rowCount == 10_324)
        #expect(table[freight]?.presence.missingCount == 4126)
    }

    @Test func `reads a file without a header, trimmed, with an empty line at its end`() throws {
        let names = (0..<15).map { "c\($0)" }
        let dialect = CSVDialect(hasHeader: false, columnNames: names, trimsBlanks: true)
        let requests = names.map { ColumnRequest($0, .text) }
        let table = try read("adult/adult.data.gz", requests, dialect)
        #expect(table.rowCount == 32_561)
        #expect(requests.reduce(0) { $0 + (table[$1]?.presence.missingCount ?? 0) } == 4262)
        guard case .text(let income) = table[ColumnRequest("c14", .text)] else {
            Issue.record("no texts")
            return
        }
        #expect(income.codes.indices.count { income.text($0) == ">50K" } == 7841)
    }

    private func read(
        _ name: String, _ columns: [ColumnRequest], _ dialect: CSVDialect = CSVDialect()
    ) throws -> Table {
        try TableReader(
            paths: [RealFiles.path(name)], dialect: dialect, missing: ["?"], columns: columns
        ).readAll()
    }
}
