import TandemFeatures
import TandemGraph
import TandemTestSupport
import Testing

@Suite struct FeatureEncoderTests {
    /// One feature of each kind, and a vocabulary with holes in what the rows have.
    static func features() throws -> [Feature] {
        let words = try #require(
            Vocabulary(values: ["", "a", "bb", "c c", "dd"].map { Array($0.utf8) }))
        let numbers = try #require(Vocabulary(integers: [-3, 0, 2, 1000]))
        return [
            .number(
                "number",
                [
                    .clip(minimum: -50, maximum: 60), .signedLog1p,
                    .standardize(mean: 0.5, deviation: 0.25),
                ], missingValue: -1, missingColumn: 1),
            .number("plain", missingValue: 7),
            .number("whole", [.signedLog1p], rawType: .int64),
            .id("buckets", .float32, .buckets(BucketEncoding(boundaries: [-20, 0, 0.5, 30]))),
            .id("text", .text, .vocabulary(VocabularyEncoding(vocabulary: words))),
            .id("code", .int64, .vocabulary(VocabularyEncoding(vocabulary: numbers))),
            .id("hash", .text, .hashing(HashEncoding(bucketCount: 13, seed: 5))),
            .id(
                "tags", .text, .vocabulary(VocabularyEncoding(vocabulary: words)),
                listLengthMax: 3),
            .id(
                "history", .int64, .hashing(HashEncoding(bucketCount: 9, seed: 2)),
                listLengthMax: 2),
            .id("review", .text, .hashedWords(HashEncoding(bucketCount: 50)), listLengthMax: 2),
        ]
    }

    @Test(arguments: [1, 2, 7, 64, 200], [UInt64(1), 2, 3])
    func `agrees with a naive twin on random rows`(rows: Int, seed: UInt64) throws {
        let model = try ToyModel(try Self.features(), rowCountMax: rows)
        var random = RandomSource(seed: seed)
        for (index, feature) in model.signature.features.enumerated() {
            let values = (0..<rows).map { _ in NaiveTwin.randomValue(feature, &random) }
            let counts = try model.encode(
                index, NaiveTwin.column(of: values, feature), rows: rows)
            var expectedCounts = FeatureCounts()
            for row in 0..<rows {
                let expected = NaiveTwin.encode(values[row], feature, &expectedCounts)
                #expect(model.row(feature, row) == expected, "\(feature.name) row \(row)")
            }
            #expect(counts == expectedCounts, "\(feature.name)")
        }
    }

    @Test(arguments: [1, 3, 64])
    func `block by block gives what all rows at once give`(blockRows: Int) throws {
        let rows = 150
        let whole = try ToyModel(try Self.features(), rowCountMax: rows)
        let part = try ToyModel(try Self.features(), rowCountMax: blockRows)
        var random = RandomSource(seed: 9)
        for (index, feature) in whole.signature.features.enumerated() {
            let values = (0..<rows).map { _ in NaiveTwin.randomValue(feature, &random) }
            let column = NaiveTwin.column(of: values, feature)
            let expected = try whole.encode(index, column, rows: rows)
            var counts = FeatureCounts()
            var memory = TextMemory()
            try column.withRaw { raw in
                var cursor = try part.encoder.open(feature: index, column: raw, rowCount: rows)
                while cursor.row < rows {
                    let first = cursor.row
                    let count = min(blockRows, rows - first)
                    try part.encoder.encode(
                        &cursor, rowCount: count, into: part.inputs, counts: &counts,
                        memory: &memory)
                    for row in 0..<count {
                        #expect(part.row(feature, row) == whole.row(feature, first + row))
                    }
                }
            }
            #expect(counts == expected)
        }
    }

    @Test(.enabled(if: AllocationCounter.isCounting))
    func `encoding allocates nothing`() throws {
        let rows = 64
        let model = try ToyModel(try Self.features(), rowCountMax: rows)
        var random = RandomSource(seed: 4)
        var control: [UInt64] = []
        let controlCount = AllocationCounter.allocations {
            for _ in 0..<100 { control.append(random.next()) }
        }
        #expect(controlCount >= 2 && control.count == 100)
        for (index, feature) in model.signature.features.enumerated() {
            let values = (0..<rows).map { _ in NaiveTwin.randomValue(feature, &random) }
            try NaiveTwin.column(of: values, feature).withRaw { raw in
                var counts = FeatureCounts()
                func encode() throws {
                    try model.encoder.encode(
                        feature: index, raw, rowCount: rows, into: model.inputs, counts: &counts)
                    try model.encoder.encode(
                        feature: index, nil, rowCount: rows, into: model.inputs, counts: &counts)
                }
                try encode()  // What is made once, such as type metadata.
                let made = try AllocationCounter.allocations { try encode() }
                #expect(made == 0, "\(feature.name)")
            }
        }
    }

    @Test func `a feature is found by its name's bytes`() throws {
        let model = try ToyModel(try Self.features())
        for (index, feature) in model.signature.features.enumerated() {
            let found = Array(feature.name.utf8).withUnsafeBytes {
                model.encoder.featureIndex(named: $0)
            }
            #expect(found == index)
        }
        #expect(Array("Text".utf8).withUnsafeBytes { model.encoder.featureIndex(named: $0) } == nil)
    }

    @Test func `a context feature has one row`() throws {
        var feature = Feature.number("age", [.standardize(mean: 40, deviation: 10)])
        feature.side = .context
        let model = try ToyModel([feature, .number("price")])
        try model.encode(0, .numbers([50]), rows: 1)
        #expect(model.numbers("age", rows: 1) == [1])
    }

    @Test func `refuses a signature that does not fit the graph`() throws {
        let graph = try ToyModel.graph([.number("x")])
        let signature = Signature(features: [.number("y")], tasks: [Task("score", .binary)])
        let error = failure { _ = try FeatureEncoder(signature: signature, graph: graph) }
        #expect(error?.code == .unknownInput)
    }

    @Test func `counts add up`() {
        var sum = FeatureCounts()
        var part = FeatureCounts()
        part.rows = 1
        part.missingRows = 2
        part.values = 3
        part.unknownValues = 4
        part.clippedValues = 5
        sum += part
        sum += part
        #expect(sum.rows == 2 && sum.missingRows == 4 && sum.values == 6)
        #expect(sum.unknownValues == 8 && sum.clippedValues == 10)
    }
}

extension ToyModel {
    /// A row as the naive twin writes it: the columns' bits, then a list's length.
    fileprivate func row(_ feature: Feature, _ row: Int) -> [UInt32] {
        var columns = Array(feature.slot.column..<feature.slot.column + feature.columnCount)
        columns += feature.slot.missingColumn.map { [$0] } ?? []
        var bits = columns.map { column in
            UInt32(bitPattern: list(feature.slot.input, row: row, count: column + 1)[column])
        }
        if let input = feature.slot.lengthInput {
            bits.append(UInt32(bitPattern: list(input, row: row, count: 1)[0]))
        }
        return bits
    }
}
