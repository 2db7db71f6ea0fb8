import TandemFeatures
import Testing

/// Encodings whose parameters are out of range.
@Suite struct FeatureValidationTests {
    func refusal(_ feature: Feature) throws -> FeatureError? {
        let signature = Signature(features: [feature], tasks: [Task("score", .binary)])
        let graph = try ToyModel.graph([.number()])
        let error = failure { try signature.validate(against: graph) }
        #expect(error == nil || error?.subject == feature.name)
        return error
    }

    func code(_ feature: Feature) throws -> FeatureError.Code? { try refusal(feature)?.code }

    let words = FeatureEncoding.hashedWords(HashEncoding(bucketCount: 9))
    let hashing = FeatureEncoding.hashing(HashEncoding(bucketCount: 9))
    let buckets = FeatureEncoding.buckets(BucketEncoding(boundaries: [1]))

    @Test(
        arguments: [
            .clip(minimum: 1, maximum: 0), .clip(minimum: .nan, maximum: 0),
            .clip(minimum: 0, maximum: .infinity), .standardize(mean: 0, deviation: 0),
            .standardize(mean: 0, deviation: -1), .standardize(mean: .nan, deviation: 1),
            .standardize(mean: 0, deviation: .infinity),
        ] as [NumberTransform])
    func `refuses a transform that is none`(transform: NumberTransform) throws {
        #expect(try code(.number("x", [transform])) == .invalidEncoding)
    }

    @Test func `a transform has at most 16 steps`() throws {
        for count in [15, 16, 17] {
            let error = try refusal(.number("x", Array(repeating: .signedLog1p, count: count)))
            #expect((error == nil) == (count <= 16))
            if count > 16 {
                #expect(error?.code == .limitExceeded)
                #expect(error?.limit == 16 && error?.actual == 17)
            }
        }
    }

    @Test(arguments: [Float.nan, .infinity])
    func `refuses a value for missing numbers that is not finite`(value: Float) throws {
        #expect(try code(.number(missingValue: value)) == .invalidEncoding)
    }

    @Test(arguments: [[1, 1], [2, 1], [.nan], [0, .infinity]] as [[Float]])
    func `refuses boundaries that do not ascend or are not finite`(boundaries: [Float]) throws {
        let encoding = FeatureEncoding.buckets(BucketEncoding(boundaries: boundaries))
        #expect(try code(.id("x", .float32, encoding)) == .invalidEncoding)
    }

    @Test func `refuses more boundaries than allowed`() throws {
        let limit = FeatureLimits.boundaryCountMax
        let boundaries = (0...limit).map { Float($0) }
        let error = try refusal(
            .id("x", .float32, .buckets(BucketEncoding(boundaries: boundaries))))
        #expect(error?.code == .limitExceeded && error?.limit == limit)
    }

    @Test(arguments: [0, -1, Int.min])
    func `refuses to hash into no bucket`(bucketCount: Int) throws {
        let encoding = FeatureEncoding.hashing(HashEncoding(bucketCount: bucketCount))
        #expect(try code(.id("x", .text, encoding)) == .invalidEncoding)
    }

    @Test(arguments: [FeatureLimits.idCountMax, Int.max])
    func `refuses more ids than are ids`(bucketCount: Int) throws {
        let encoding = FeatureEncoding.hashing(HashEncoding(bucketCount: bucketCount))
        let error = try refusal(.id("x", .text, encoding))
        #expect(error?.code == .limitExceeded && error?.limit == FeatureLimits.idCountMax)
    }

    @Test(arguments: [(-1, 0, 0), (0, -1, 0), (0, 0, -1)])
    func `refuses negative ids`(firstID: Int, missingID: Int, unknownID: Int) throws {
        let encoding = VocabularyEncoding(
            vocabulary: .empty, firstID: firstID, missingID: missingID, unknownID: unknownID)
        #expect(try code(.id("x", .text, .vocabulary(encoding))) == .invalidEncoding)
    }

    @Test(arguments: [(Int.max, 0, 0), (0, Int.max, 0), (0, 0, Int.max)])
    func `refuses ids that do not fit`(firstID: Int, missingID: Int, unknownID: Int) throws {
        let vocabulary = try Vocabulary(blob: [1], byteCounts: [1])
        let encoding = VocabularyEncoding(
            vocabulary: vocabulary, firstID: firstID, missingID: missingID, unknownID: unknownID)
        #expect(try code(.id("x", .text, .vocabulary(encoding))) == .limitExceeded)
    }

    @Test func `refuses raw types that an encoding does not take`() throws {
        let vocabulary = FeatureEncoding.vocabulary(VocabularyEncoding(vocabulary: .empty))
        for feature in [
            Feature.number(rawType: .text), .id("x", .text, buckets), .id("x", .float32, hashing),
            .id("x", .float32, vocabulary), .id("x", .int64, words, listLengthMax: 2),
        ] {
            let error = try refusal(feature)
            #expect(error?.code == .invalidEncoding)
            #expect(error?.message.contains(feature.rawType.name) == true)
        }
    }

    @Test func `a list has 1 to 4,096 elements`() throws {
        for length in [0, 4097, Int.max] {
            let error = try refusal(.id("x", .text, hashing, listLengthMax: length))
            #expect(error?.code == (length == 0 ? .invalidEncoding : .limitExceeded))
        }
        for length in [1, 4096] {
            // Past the encoding: the number's graph has no ids.
            let error = try refusal(.id("x", .text, hashing, listLengthMax: length))
            #expect(error?.code == .wrongInput)
        }
    }

    @Test func `a vector has 1 to 65,536 numbers`() throws {
        for width in [0, 65_537, Int.max] {
            #expect(
                try code(.number(width: width)) == (width == 0 ? .invalidEncoding : .limitExceeded))
        }
        #expect(try code(.number(width: 65_536)) == .wrongInput)
    }

    @Test func `refuses what does not go together`() throws {
        var list = Feature.number()
        list.listLengthMax = 3
        var wide = Feature.id("x", .text, hashing)
        wide.width = 2
        var missing = Feature.id("x", .text, hashing)
        missing.slot.missingColumn = 1
        var length = Feature.number()
        length.slot.lengthInput = "x.length"
        for feature in [list, wide, missing, length, .id("x", .text, words)] {
            #expect(try code(feature) == .invalidEncoding)
        }
    }
}
