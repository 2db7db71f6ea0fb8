import TandemFeatures
import TandemTraining
import Testing

@Suite struct RawColumnBufferTests {
    let text = "n,i,t,l\n1,10,one,a|b\n,,,\n3,30,three,c\n4,40,one,\n"
    let number = ColumnRequest("n", .float32)
    let integer = ColumnRequest("i", .int64)
    let word = ColumnRequest("t", .text)
    let list = ColumnRequest("l", .textList(separator: 0x7C))

    @Test func `shows numbers with their presence`() throws {
        let buffer = RawColumnBuffer()
        let column = try #require(try table()[number])
        let seen = buffer.withRawColumn(column, rows: 1..<4) { raw -> [Float?] in
            guard case .float32(let values) = raw.values else { return [] }
            return values.indices.map { raw.isPresent($0) ? values[$0] : nil }
        }
        #expect(seen == [nil, 3, 4])
        let allThere = buffer.withRawColumn(column, rows: 2..<4) { raw in
            (0..<2).allSatisfy(raw.isPresent)
        }
        #expect(allThere)
    }

    @Test func `passes on what its caller throws`() throws {
        let column = try #require(try table()[word])
        #expect(throws: FeatureError(.wrongType, "t", "a reason")) {
            try RawColumnBuffer().withRawColumn(column, rows: 0..<3) { _ in
                throw FeatureError(.wrongType, "t", "a reason")
            }
        }
    }

    @Test func `shows whole numbers`() throws {
        let column = try #require(try table()[integer])
        let seen = RawColumnBuffer().withRawColumn(column, rows: 2..<4) { raw -> [Int64] in
            guard case .int64(let values) = raw.values else { return [] }
            return Array(values)
        }
        #expect(seen == [30, 40])
    }

    @Test func `shows texts end to end with their lengths, a missing one without bytes`() throws {
        let column = try #require(try table()[word])
        RawColumnBuffer().withRawColumn(column, rows: 0..<3) { raw in
            guard case .text(let bytes, let byteCounts) = raw.values else {
                Issue.record("no texts")
                return
            }
            #expect(String(decoding: bytes, as: UTF8.self) == "onethree")
            #expect(Array(byteCounts) == [3, 0, 5])
            #expect((0..<3).map(raw.isPresent) == [true, false, true])
        }
    }

    @Test func `shows lists with the rows' counts, also after another column`() throws {
        let buffer = RawColumnBuffer()
        let table = try table()
        let words = try #require(table[word])
        buffer.withRawColumn(words, rows: 0..<4) { _ in }
        let column = try #require(table[list])
        buffer.withRawColumn(column, rows: 0..<4) { raw in
            guard case .text(let bytes, let byteCounts) = raw.values else {
                Issue.record("no texts")
                return
            }
            #expect(String(decoding: bytes, as: UTF8.self) == "abc")
            #expect(byteCounts.count == 3)
            #expect(raw.listCounts.map { Array($0) } == [2, 0, 1, 0])
            #expect((0..<4).map(raw.isPresent) == [true, false, true, false])
        }
    }

    private func table() throws -> Table {
        let file = try TemporaryFile(text)
        return try TableReader(paths: [file.path], columns: [number, integer, word, list])
            .readAll()
    }
}
