import TandemFeatures
import Testing

/// One test a way in which a raw column may not fit its feature.
@Suite struct RawColumnTests {
    let hashing = FeatureEncoding.hashing(HashEncoding(bucketCount: 10))

    func refusal(_ feature: Feature, _ column: OwnedColumn, rows: Int) throws -> FeatureError? {
        let model = try ToyModel([feature])
        let error = failure { try model.encode(column, rows: rows) }
        #expect(error == nil || error?.subject == feature.name)
        return error
    }

    @Test(arguments: [
        OwnedColumn.Values.text(blob: [], byteCounts: [0]), .int64([1]), .int32([1]), .float32([1]),
    ])
    func `each raw type takes its own and what widens to it`(values: OwnedColumn.Values) throws {
        let column = OwnedColumn(values)
        let error = try [
            refusal(.number("f"), column, rows: 1),
            refusal(.id("i", .int64, hashing), column, rows: 1),
            refusal(.id("t", .text, hashing), column, rows: 1),
        ]
        let isText = if case .text = values { true } else { false }
        let isFloat = if case .float32 = values { true } else { false }
        #expect(error.map { $0 == nil } == [!isText, !isText && !isFloat, isText])
        #expect(error.compactMap { $0 }.allSatisfy { $0.code == .wrongType })
    }

    @Test func `the refusal of a type names both`() throws {
        let error = try refusal(.id("i", .int64, hashing), .numbers([1]), rows: 1)
        #expect(
            error?.description
                == "feature: i: its values are int64, the column has float32 (wrongType)")
    }

    @Test func `no rows are no values`() throws {
        #expect(try refusal(.number(), .numbers([]), rows: 0) == nil)
        let lists = OwnedColumn(.int64([]), listCounts: [], presence: [])
        #expect(try refusal(.id("x", .int64, hashing, listLengthMax: 2), lists, rows: 0) == nil)
    }

    @Test(arguments: [0, 2, 4, 6])
    func `refuses a number of values that is not the rows'`(count: Int) throws {
        let column = OwnedColumn(.float32(Array(repeating: 0, count: count)))
        let error = try refusal(.number(), column, rows: 3)
        #expect(error?.code == .wrongCount)
        #expect(error?.limit == 3 && error?.actual == count)
    }

    @Test(arguments: [(5, false), (6, true), (7, false)])
    func `a vector has rows times width values`(count: Int, isTaken: Bool) throws {
        let column = OwnedColumn(.float32(Array(repeating: 0, count: count)))
        let error = try refusal(.number(width: 2), column, rows: 3)
        #expect((error == nil) == isTaken)
        if !isTaken { #expect(error?.code == .wrongCount && error?.limit == 6) }
    }

    @Test(arguments: [(7, 1), (8, 1), (9, 2), (16, 2), (17, 3)])
    func `presence has one bit a row, rounded up to bytes`(rows: Int, bytes: Int) throws {
        for byteCount in 0...4 {
            let column = OwnedColumn(
                .float32(Array(repeating: 0, count: rows)),
                presence: Array(repeating: 0xFF, count: byteCount))
            let error = try refusal(.number(), column, rows: rows)
            #expect((error == nil) == (byteCount == bytes))
            if byteCount != bytes {
                #expect(error?.code == .wrongCount)
                #expect(error?.limit == bytes && error?.actual == byteCount)
            }
        }
    }

    @Test func `bits past the rows are ignored`() throws {
        let model = try ToyModel([.number(missingValue: 9)])
        try model.encode(OwnedColumn(.float32([1, 2]), presence: [0b1111_1101]), rows: 2)
        #expect(model.numbers("x", rows: 2) == [1, 9])
    }

    @Test func `refuses list lengths where there is no list, and their lack where there is`() throws
    {
        let single = try refusal(
            .id("x", .int64, hashing), OwnedColumn(.int64([1]), listCounts: [1]), rows: 1)
        #expect(single?.code == .wrongType)
        let list = try refusal(
            .id("x", .int64, hashing, listLengthMax: 2), OwnedColumn(.int64([1])), rows: 1)
        #expect(list?.code == .wrongType)
        let words = FeatureEncoding.hashedWords(HashEncoding(bucketCount: 10))
        let text = try refusal(
            .id("x", .text, words, listLengthMax: 2), .textLists([["a"]]), rows: 1)
        #expect(text?.code == .wrongType)
    }

    @Test(arguments: [1, 3])
    func `refuses list lengths of more or fewer rows`(rows: Int) throws {
        let column = OwnedColumn(.int64([1, 2]), listCounts: [1, 1])
        let error = try refusal(.id("x", .int64, hashing, listLengthMax: 2), column, rows: rows)
        #expect(error?.code == .wrongCount)
        #expect(error?.limit == rows && error?.actual == 2)
    }

    @Test(arguments: [[1, 0], [1, 2], [UInt32.max, .max], [0, 0]] as [[UInt32]])
    func `refuses list lengths that do not add up to the values`(listCounts: [UInt32]) throws {
        let column = OwnedColumn(.int64([1, 2]), listCounts: listCounts)
        let error = try refusal(.id("x", .int64, hashing, listLengthMax: 2), column, rows: 2)
        #expect(error?.code == .wrongCount)
        #expect(error?.limit == 2)
        #expect(error?.actual == listCounts.reduce(0) { $0 + Int($1) })
    }

    @Test(arguments: [[1, 0], [1, 2], [0, 0]] as [[UInt32]])
    func `refuses text lengths that do not add up to the bytes`(byteCounts: [UInt32]) throws {
        let column = OwnedColumn(.text(blob: [65, 66], byteCounts: byteCounts))
        let error = try refusal(.id("x", .text, hashing), column, rows: 2)
        #expect(error?.code == .wrongCount)
        #expect(error?.limit == 2)
        #expect(error?.actual == byteCounts.reduce(0) { $0 + Int($1) })
    }

    @Test func `refuses a text one byte over the limit`() throws {
        let limit = FeatureLimits.textByteCountMax
        for byteCount in [limit - 1, limit, limit + 1] {
            let column = OwnedColumn(
                .text(
                    blob: [UInt8](repeating: 65, count: byteCount),
                    byteCounts: [UInt32(byteCount)]))
            let error = try refusal(.id("x", .text, hashing), column, rows: 1)
            #expect((error == nil) == (byteCount <= limit))
            if byteCount > limit {
                #expect(error?.code == .limitExceeded)
                #expect(error?.limit == limit && error?.actual == byteCount)
            }
        }
    }

    @Test func `refuses a text whose length is a lie`() throws {
        let column = OwnedColumn(.text(blob: [65], byteCounts: [.max]))
        let error = try refusal(.id("x", .text, hashing), column, rows: 1)
        #expect(error?.code == .limitExceeded)
        #expect(error?.actual == Int(UInt32.max))
    }
}
