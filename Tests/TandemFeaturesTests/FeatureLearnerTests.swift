import TandemFeatures
import TandemGraph
import Testing

@Suite struct FeatureLearnerTests {
    func learn(
        _ declaration: FeatureDeclaration, _ columns: [(OwnedColumn, Int)],
        selection: [UInt8]? = nil
    ) throws -> LearnedFeature {
        var learner = try FeatureLearner(declaration)
        for (column, rows) in columns {
            try column.withRaw { raw in
                if let selection {
                    try selection.withUnsafeBytes { bits in
                        try learner.observe(raw, rowCount: rows, selection: bits)
                    }
                } else {
                    try learner.observe(raw, rowCount: rows)
                }
            }
        }
        return try learner.finish()
    }

    func number(
        _ number: NumberDeclaration, _ values: [Float?], chunk: Int? = nil
    ) throws -> LearnedFeature {
        let declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .float32, encoding: .number(number))
        let chunk = chunk ?? max(values.count, 1)
        let columns = stride(from: 0, to: values.count, by: chunk).map { start in
            let part = Array(values[start..<min(start + chunk, values.count)])
            return (OwnedColumn.numbers(part), part.count)
        }
        return try learn(declaration, columns)
    }

    // MARK: Numbers

    @Test func `learns mean and deviation`() throws {
        let learned = try number(NumberDeclaration(), [2, 4, nil, 4, 4, 5, 5, 7, 9])
        #expect(
            learned.encoding
                == .number(NumberEncoding(transforms: [.standardize(mean: 5, deviation: 2)])))
        #expect(learned.hasMissingColumn)
        let seen = learned.statistics
        #expect(seen.rows == 9 && seen.missingRows == 1 && seen.values == 8)
        #expect(seen.mean == 5 && seen.deviation == 2 && seen.minimum == 2 && seen.maximum == 9)
    }

    @Test func `standardises what the earlier steps make of a number`() throws {
        let learned = try number(
            NumberDeclaration(
                clip: .range(minimum: 0, maximum: 8), usesLogarithm: true),
            [-5, 0, 8, 100])
        let middle = Float(Logarithm.signed1p(8) / 2)
        #expect(
            learned.encoding
                == .number(
                    NumberEncoding(transforms: [
                        .clip(minimum: 0, maximum: 8), .signedLog1p,
                        .standardize(mean: middle, deviation: middle),
                    ])))
        #expect(learned.statistics.minimum == -5 && learned.statistics.maximum == 100)
        #expect(!learned.hasMissingColumn)
    }

    @Test func `clips at quantiles of the training values`() throws {
        let values = (0...100).map { Float($0) } + [1e9]
        let learned = try number(
            NumberDeclaration(
                clip: .quantiles(low: 0.05, high: 0.95), isStandardized: false), values.shuffled())
        // Of 102 values in order, at positions 0.05 x 101 and 0.95 x 101, rounded.
        guard case .number(let encoding) = learned.encoding else { return }
        #expect(encoding.transforms == [.clip(minimum: 5, maximum: 96)])
        let mean = (0...100).map { min(max(Float($0), 5), 96) }.reduce(96, +) / 102
        #expect(abs(encoding.missingValue - mean) < 1e-4)
    }

    @Test func `a constant is not divided by nothing`() throws {
        let learned = try number(NumberDeclaration(), [0.1, 0.1, 0.1])
        #expect(
            learned.encoding
                == .number(NumberEncoding(transforms: [.standardize(mean: 0.1, deviation: 1)])))
    }

    @Test func `large numbers that differ little keep their deviation`() throws {
        let learned = try number(NumberDeclaration(), [16_000_001, 16_000_003])
        guard case .number(let encoding) = learned.encoding else { return }
        #expect(encoding.transforms == [.standardize(mean: 16_000_002, deviation: 1)])
    }

    @Test func `a raw value for missing numbers is transformed like any other`() throws {
        let learned = try number(
            NumberDeclaration(missing: .value(9)), [2, 4, 4, 4, 5, 5, 7, 9])
        guard case .number(let encoding) = learned.encoding else { return }
        #expect(encoding.missingValue == 2)
    }

    @Test(arguments: [
        (NumberDeclaration.MissingColumn.ifSeen, false, true), (.always, true, true),
        (.never, false, false),
    ])
    func `the column for missing numbers comes as declared`(
        setting: NumberDeclaration.MissingColumn, without: Bool, with: Bool
    ) throws {
        let declaration = NumberDeclaration(missingColumn: setting)
        #expect(try number(declaration, [1, 2]).hasMissingColumn == without)
        #expect(try number(declaration, [1, nil]).hasMissingColumn == with)
    }

    @Test(arguments: [1, 3, 64, 1000])
    func `chunks do not matter`(chunk: Int) throws {
        var random = RandomSource(seed: 8)
        let values = (0..<1000).map { _ in
            random.next() % 9 == 0 ? nil : random.uniform() * 50 - 20
        }
        let settings = NumberDeclaration(
            clip: .quantiles(low: 0.01, high: 0.99), usesLogarithm: true)
        #expect(try number(settings, values, chunk: chunk) == number(settings, values))
        let streamed = NumberDeclaration(usesLogarithm: true)
        #expect(try number(streamed, values, chunk: chunk) == number(streamed, values))
    }

    @Test func `passes over rows that are not selected`() throws {
        let declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .text,
            encoding: .vocabulary(VocabularyDeclaration(minimumCount: 1)))
        let column = OwnedColumn.texts(["a", "validation", nil, nil, "b", "b"])
        let learned = try learn(declaration, [(column, 6)], selection: [0b11_0101])
        #expect(learned.statistics.rows == 4 && learned.statistics.missingRows == 1)
        #expect(vocabulary(learned) == ["b", "a"])
    }

    @Test func `learns from whole numbers, vectors and 32 bits`() throws {
        var declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .int64,
            encoding: .number(NumberDeclaration()))
        #expect(try learn(declaration, [(.integers([1, nil, 3]), 3)]).statistics.mean == 2)
        #expect(try learn(declaration, [(OwnedColumn(.int32([5, 7])), 2)]).statistics.mean == 6)
        declaration.rawType = .float32
        declaration.width = 2
        let vector = OwnedColumn(.float32([1, 2, .nan, .nan, 3, 6]), presence: [0b101])
        let learned = try learn(declaration, [(vector, 3)])
        #expect(learned.statistics.mean == 3 && learned.statistics.values == 4)
    }

    // MARK: Buckets

    func boundaries(_ count: Int, _ values: [Float]) throws -> [Float] {
        let declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .float32, encoding: .buckets(count: count))
        let learned = try learn(declaration, [(.numbers(values), values.count)])
        guard case .buckets(let buckets) = learned.encoding else { return [] }
        return buckets.boundaries
    }

    @Test func `buckets are equally full`() throws {
        let values = (0..<1000).map { Float($0) }
        let boundaries = try boundaries(4, values.shuffled())
        #expect(boundaries.count == 3)
        let edges = [-1] + boundaries + [2000]
        for (low, high) in zip(edges, edges.dropFirst()) {
            let share = values.filter { $0 >= low && $0 < high }.count
            #expect((249...251).contains(share))
        }
    }

    @Test func `repeated values make no empty bucket`() throws {
        #expect(try boundaries(10, [0, 0, 0, 0, 0, 0, 0, 1, 1, 5]) == [1])
        #expect(try boundaries(5, [3, 3, 3]) == [])
        #expect(try boundaries(3, [7]) == [])
    }

    @Test func `a sample of many values keeps their quantiles`() throws {
        var random = RandomSource(seed: 3)
        let values = (0..<400_000).map { _ in random.uniform() }
        let boundaries = try boundaries(4, values)
        #expect(try boundaries == self.boundaries(4, values))
        for (boundary, share) in zip(boundaries, [0.25, 0.5, 0.75] as [Float]) {
            #expect(abs(boundary - share) < 0.005)
        }
    }

    // MARK: Vocabularies

    func vocabulary(_ learned: LearnedFeature) -> [String] {
        guard case .vocabulary(let encoding) = learned.encoding else { return [] }
        return (0..<encoding.vocabulary.count).map {
            String(decoding: encoding.vocabulary.value(at: $0), as: UTF8.self)
        }
    }

    func words(
        _ settings: VocabularyDeclaration, _ texts: [String?]
    ) throws -> LearnedFeature {
        let declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .text, encoding: .vocabulary(settings))
        return try learn(declaration, texts.map { (.texts([$0]), 1) })
    }

    @Test func `values are ordered by frequency, then by bytes`() throws {
        let texts = ["b", "ab", "c", "b", "", "Z", "ab", "b", "z"]
        let learned = try words(VocabularyDeclaration(minimumCount: 1), texts)
        #expect(vocabulary(learned) == ["b", "ab", "", "Z", "c", "z"])
        #expect(learned.statistics.distinctValues == 6)
        #expect(learned.statistics.unknownValues == 0)
        let again = try words(VocabularyDeclaration(minimumCount: 1), texts.reversed())
        #expect(again.encoding == learned.encoding)
    }

    @Test func `rare values and those beyond the size are unknown`() throws {
        let texts = ["a", "a", "a", "b", "b", "c", "c", "d", nil]
        let rare = try words(VocabularyDeclaration(minimumCount: 2), texts)
        #expect(vocabulary(rare) == ["a", "b", "c"])
        #expect(rare.statistics.unknownValues == 1 && rare.statistics.distinctValues == 4)
        let small = try words(VocabularyDeclaration(minimumCount: 1, countMax: 2), texts)
        #expect(vocabulary(small) == ["a", "b"])
        #expect(small.statistics.unknownValues == 3)
        let none = try words(VocabularyDeclaration(minimumCount: 4), texts)
        #expect(vocabulary(none) == [])
        #expect(none.encoding.idCount == 2)
    }

    @Test func `lists count each element`() throws {
        let declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .int64, listLengthMax: 1,
            encoding: .vocabulary(VocabularyDeclaration(minimumCount: 1)))
        let column = OwnedColumn.integerLists([[7, 8, 7], nil, [], [9, 8, 7]])
        let learned = try learn(declaration, [(column, 4)])
        guard case .vocabulary(let encoding) = learned.encoding else { return }
        #expect([7, 8, 9].map { encoding.vocabulary.position(of: $0) } == [0, 1, 2])
        #expect(learned.statistics.values == 6 && learned.statistics.missingRows == 1)
    }

    @Test func `counts many different values`() throws {
        let declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .int64,
            encoding: .vocabulary(VocabularyDeclaration(minimumCount: 2)))
        // Each of 0 ..< 20,000 once, the even ones twice, so that the table grows.
        let integers = (0..<30_000).map { Int64($0 < 20_000 ? $0 : ($0 - 20_000) * 2) }
        let learned = try learn(declaration, [(OwnedColumn(.int64(integers)), 30_000)])
        #expect(learned.statistics.distinctValues == 20_000)
        #expect(learned.statistics.unknownValues == 10_000)
        #expect(learned.encoding.idCount == 10_002)
    }

    // MARK: What needs no learning, and refusals

    @Test func `an encoding without anything to learn only counts`() throws {
        let declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .text, listLengthMax: 4,
            encoding: .hashedWords(bucketCount: 100, seed: 3))
        let learned = try learn(declaration, [(.texts([nil, "a b", nil]), 3)])
        #expect(
            learned.encoding == .hashedWords(HashEncoding(bucketCount: 100, seed: 3)))
        #expect(learned.statistics.missingRows == 2)
    }

    @Test(arguments: [
        EncodingDeclaration.number(NumberDeclaration()), .buckets(count: 3),
    ])
    func `refuses to learn from nothing`(encoding: EncodingDeclaration) throws {
        let declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .float32, encoding: encoding)
        for values in [[], [nil, nil]] as [[Float?]] {
            let error = failure { _ = try learn(declaration, [(.numbers(values), values.count)]) }
            #expect(error?.code == .nothingToLearn && error?.subject == "x")
        }
        let vocabulary = failure { _ = try words(VocabularyDeclaration(), [nil]) }
        #expect(vocabulary?.code == .nothingToLearn)
    }

    @Test func `refuses columns that an encoder would refuse`() throws {
        let values = failure { _ = try number(NumberDeclaration(), [1, .infinity]) }
        #expect(values?.code == .infiniteNumber && values?.row == 1)
        let declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .text, encoding: .hashing(bucketCount: 3))
        let type = failure { _ = try learn(declaration, [(.numbers([1]), 1)]) }
        #expect(type?.code == .wrongType)
        let rows = failure { _ = try learn(declaration, [(.texts(["a"]), 2)]) }
        #expect(rows?.code == .wrongCount)
    }

    @Test(arguments: [0, 2])
    func `refuses a selection of other rows`(byteCount: Int) throws {
        let declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .text, encoding: .hashing(bucketCount: 3))
        let error = failure {
            _ = try learn(
                declaration, [(.texts(["a"]), 1)],
                selection: Array(repeating: 0, count: byteCount))
        }
        #expect(error?.code == .wrongCount)
        #expect(error?.limit == 1 && error?.actual == byteCount)
    }

    @Test(arguments: [
        EncodingDeclaration.buckets(count: 1),
        .buckets(count: FeatureLimits.boundaryCountMax + 1),
        .number(NumberDeclaration(clip: .quantiles(low: 0.5, high: 0.5))),
        .number(NumberDeclaration(clip: .quantiles(low: .nan, high: 1))),
        .number(NumberDeclaration(clip: .quantiles(low: 0, high: 1.1))),
        .number(NumberDeclaration(clip: .range(minimum: 2, maximum: 1))),
        .number(NumberDeclaration(missing: .value(.nan))),
        .fixed(.buckets(BucketEncoding(boundaries: [2, 1]))), .hashing(bucketCount: 3),
        .vocabulary(VocabularyDeclaration()),
    ])
    func `refuses a declaration that nothing valid can come of`(
        encoding: EncodingDeclaration
    ) {
        let declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .float32, encoding: encoding)
        #expect(failure { _ = try FeatureLearner(declaration) }?.code == .invalidEncoding)
    }

    @Test(arguments: [
        VocabularyDeclaration(minimumCount: 0), VocabularyDeclaration(countMax: 0),
        VocabularyDeclaration(countMax: FeatureLimits.vocabularyCountMax + 1),
    ])
    func `refuses a vocabulary without values`(settings: VocabularyDeclaration) {
        #expect(failure { _ = try words(settings, ["a"]) }?.code == .invalidEncoding)
    }

    @Test func `refuses an embedding without width and a name without letters`() {
        var declaration = FeatureDeclaration(
            name: "x", side: .candidate, rawType: .text, encoding: .hashing(bucketCount: 3),
            embeddingDimension: 0)
        #expect(failure { _ = try FeatureLearner(declaration) }?.code == .invalidEncoding)
        declaration.embeddingDimension = 1
        #expect(failure { _ = try FeatureLearner(declaration) } == nil)
        declaration.name = ""
        #expect(failure { _ = try FeatureLearner(declaration) }?.code == .invalidName)
    }
}
