import TandemFeatures
import Testing

@Suite struct IdentifierEncodingTests {
    let colours: FeatureEncoding = .vocabulary(
        VocabularyEncoding(
            vocabulary: Vocabulary(values: ["red", "green", ""].map { Array($0.utf8) })
                ?? .empty))
    let hashing = FeatureEncoding.hashing(HashEncoding(bucketCount: 1000, seed: 20_141_025))

    // MARK: Buckets

    @Test func `a bucket holds what is at or above its boundary`() throws {
        let model = try ToyModel([
            .id("x", .float32, .buckets(BucketEncoding(boundaries: [-1, 0, 2.5])))
        ])
        let numbers: [Float?] = [-5, -1, -0.5, -0.0, 0, 2.4999998, 2.5, 1e30, nil]
        let counts = try model.encode(.numbers(numbers), rows: 9)
        #expect(model.ids("x", rows: 9) == [1, 2, 2, 3, 3, 3, 4, 4, 0])
        #expect(counts.missingRows == 1 && counts.values == 8)
    }

    @Test func `without boundaries there is one bucket, and the missing one`() throws {
        let model = try ToyModel([.id("x", .float32, .buckets(BucketEncoding(boundaries: [])))])
        try model.encode(.numbers([3, nil]), rows: 2)
        #expect(model.ids("x", rows: 2) == [1, 0])
    }

    @Test func `whole numbers are cut into buckets exactly`() throws {
        // 2^24 + 1 is no f32: rounded to one it would fall below its boundary.
        let model = try ToyModel([
            .id("x", .int64, .buckets(BucketEncoding(boundaries: [16_777_216, 16_777_218])))
        ])
        try model.encode(.integers([16_777_215, 16_777_217, 16_777_218]), rows: 3)
        #expect(model.ids("x", rows: 3) == [1, 2, 3])
        try model.encode(OwnedColumn(.int32([16_777_217])), rows: 1)
        #expect(model.ids("x", rows: 1) == [2])
    }

    @Test func `refuses NaN in a bucket and in a list of buckets`() throws {
        let buckets = FeatureEncoding.buckets(BucketEncoding(boundaries: [0]))
        let model = try ToyModel([
            .id("x", .float32, buckets), .id("y", .float32, buckets, listLengthMax: 2),
        ])
        let single = failure { try model.encode(0, OwnedColumn(.float32([.nan])), rows: 1) }
        #expect(single?.code == .notANumber)
        let column = OwnedColumn(
            .float32([.nan, 1, 1, .nan]), listCounts: [1, 0, 3], presence: [0b110])
        let list = failure { try model.encode(1, column, rows: 3) }
        #expect(list?.code == .notANumber)
        #expect(list?.row == 2)
    }

    // MARK: Vocabularies and hashes

    @Test func `known values get their ids, others the unknown one`() throws {
        let model = try ToyModel([.id("x", .text, colours)])
        let counts = try model.encode(
            .texts(["green", "blue", "red", nil, "", "Red"]), rows: 6)
        #expect(model.ids("x", rows: 6) == [3, 1, 2, 0, 4, 1])
        #expect(counts.unknownValues == 2)
        #expect(counts.missingRows == 1)
        #expect(counts.values == 5)
    }

    @Test func `ids for missing and unknown values are the encoding's`() throws {
        let vocabulary = try #require(Vocabulary(integers: [10, 20]))
        let model = try ToyModel([
            .id(
                "x", .int64,
                .vocabulary(
                    VocabularyEncoding(
                        vocabulary: vocabulary, firstID: 0, missingID: 2, unknownID: 5)))
        ])
        try model.encode(.integers([20, 30, nil, 10]), rows: 4)
        #expect(model.ids("x", rows: 4) == [1, 5, 2, 0])
        try model.encode(OwnedColumn(.int32([20, -10])), rows: 2)
        #expect(model.ids("x", rows: 2) == [1, 5])
        try model.encode(nil, rows: 2)
        #expect(model.ids("x", rows: 2) == [2, 2])
    }

    // The hashes are the reference implementation's, see XXHash64Tests: 0x432CD13628283EE1 and so
    // on, modulo 1000.
    @Test func `hashed texts keep their ids for ever`() throws {
        let model = try ToyModel([.id("x", .text, hashing)])
        try model.encode(.texts(["user_42", "Zürich", "", nil]), rows: 4)
        let expected: [UInt64] = [
            0x432C_D136_2828_3EE1, 0x93C4_9A9F_6282_A572, 0x493D_554C_5266_25BA,
        ]
        #expect(model.ids("x", rows: 4) == expected.map { Int32(1 + $0 % 1000) } + [0])
    }

    @Test func `hashed whole numbers keep their ids for ever`() throws {
        let model = try ToyModel([
            .id("x", .int64, .hashing(HashEncoding(bucketCount: 77, seed: 7)))
        ])
        let expected: [Int32] = [
            Int32(1 + 0x1889_DE22_BDD8_972C % UInt64(77)),
            Int32(1 + 0x7865_3E7F_1B12_2749 % UInt64(77)), 0,
        ]
        try model.encode(.integers([42, -1, nil]), rows: 3)
        #expect(model.ids("x", rows: 3) == expected)
        try model.encode(OwnedColumn(.int32([42, -1])), rows: 2)
        #expect(model.ids("x", rows: 2) == Array(expected.prefix(2)))
    }

    @Test func `one bucket takes all`() throws {
        let model = try ToyModel([.id("x", .text, .hashing(HashEncoding(bucketCount: 1)))])
        try model.encode(.texts(["a", nil, "b"]), rows: 3)
        #expect(model.ids("x", rows: 3) == [1, 0, 1])
    }

    // MARK: Lists

    @Test func `a list keeps its first elements and is padded with 0`() throws {
        let model = try ToyModel([.id("x", .text, colours, listLengthMax: 3)])
        let counts = try model.encode(
            .textLists([
                ["red"], [], ["green", "blue", "red"], nil, ["red", "red", "green", "green"],
                ["green"],
            ]), rows: 6)
        let rows = (0..<6).map { model.list("x", row: $0, count: 3) }
        #expect(
            rows == [[2, 0, 0], [0, 0, 0], [3, 1, 2], [0, 0, 0], [2, 2, 3], [3, 0, 0]])
        #expect(model.ids("x.length", rows: 6) == [1, 0, 3, 0, 3, 1])
        #expect(model.ids("x", column: 3, rows: 6) == [-99, -99, -99, -99, -99, -99])
        #expect(counts.clippedValues == 1)
        #expect(counts.values == 9)
        #expect(counts.missingRows == 1)
        #expect(counts.unknownValues == 1)
    }

    @Test func `a list whose row is missing is passed over`() throws {
        let model = try ToyModel([
            .id("x", .int64, .hashing(HashEncoding(bucketCount: 10)), listLengthMax: 2)
        ])
        try model.encode(.integerLists([[5], [6]]), rows: 2)
        let expected = model.ids("x", rows: 2)
        let column = OwnedColumn(
            .int64([5, 1, 2, 3, 6]), listCounts: [1, 3, 1], presence: [0b101])
        try model.encode(column, rows: 3)
        #expect(model.ids("x", rows: 3) == [expected[0], 0, expected[1]])
        #expect(model.ids("x.length", rows: 3) == [1, 0, 1])
    }

    @Test func `without a column a list is empty`() throws {
        let model = try ToyModel([.id("x", .text, colours, listLengthMax: 2)])
        try model.encode(.textLists([["red", "red"]]), rows: 1)
        let counts = try model.encode(nil, rows: 1)
        #expect(model.list("x", row: 0, count: 2) == [0, 0])
        #expect(model.ids("x.length", rows: 1) == [0])
        #expect(counts.missingRows == 1)
    }

    // MARK: Words

    func wordID(_ word: String, of bucketCount: UInt64 = 100_000) -> Int32 {
        Array(word.utf8).withUnsafeBytes {
            Int32(1 + XXHash64.hash($0, seed: 0) % bucketCount)
        }
    }

    func words(_ text: String, most: Int = 8) throws -> (ids: [Int32], counts: FeatureCounts) {
        let model = try ToyModel([
            .id(
                "x", .text, .hashedWords(HashEncoding(bucketCount: 100_000)),
                listLengthMax: most)
        ])
        let counts = try model.encode(.texts([text]), rows: 1)
        let length = Int(model.ids("x.length", rows: 1)[0])
        let ids = model.list("x", row: 0, count: most)
        #expect(ids.dropFirst(length).allSatisfy { $0 == 0 })
        return (Array(ids.prefix(length)), counts)
    }

    @Test(arguments: [
        ("", []), (" .,;-_'\"\n\t\0", []), ("Hello", ["hello"]),
        ("  The QUICK-brown_fox's 2nd\n", ["the", "quick", "brown", "fox", "s", "2nd"]),
        ("Zürich ÄB", ["zürich", "Äb"]), ("emoji 🎉 x", ["emoji", "🎉", "x"]),
        ("a\u{0}b", ["a", "b"]), ("@[`{AZaz09", ["azaz09"]),
    ])
    func `a text is cut into words`(text: String, expected: [String]) throws {
        #expect(try words(text).ids == expected.map { wordID($0) })
    }

    @Test func `only the first bytes of a long word count`() throws {
        let limit = FeatureLimits.wordByteCountMax
        let most = String(repeating: "a", count: limit)
        #expect(try words(most + " b").ids == [wordID(most), wordID("b")])
        #expect(try words(most + "A b").ids == [wordID(most), wordID("b")])
        let fewer = String(most.dropLast())
        #expect(try words(fewer).ids == [wordID(fewer)])
        #expect(wordID(fewer) != wordID(most))
    }

    @Test func `a text with too many words keeps its first ones`() throws {
        let exact = try words("one two three", most: 3)
        #expect(exact.ids == ["one", "two", "three"].map { wordID($0) })
        #expect(exact.counts.clippedValues == 0)
        let longer = try words("one two three four, five", most: 3)
        #expect(longer.ids == exact.ids)
        #expect(longer.counts.clippedValues == 1)
        #expect(longer.counts.values == 3)
    }

    @Test func `each row's text has its own words`() throws {
        let model = try ToyModel([
            .id("x", .text, .hashedWords(HashEncoding(bucketCount: 100_000)), listLengthMax: 1)
        ])
        try model.encode(.texts(["a b c", nil, "d"]), rows: 3)
        #expect(model.ids("x", rows: 3) == [wordID("a"), 0, wordID("d")])
        #expect(model.ids("x.length", rows: 3) == [1, 0, 1])
    }
}

extension Vocabulary {
    /// Holds nothing.
    static var empty: Vocabulary {
        guard let empty = Vocabulary(values: []) else { fatalError("an empty one is valid") }
        return empty
    }
}
