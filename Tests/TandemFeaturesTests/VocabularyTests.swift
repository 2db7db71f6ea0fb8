import TandemFeatures
import Testing

@Suite struct VocabularyTests {
    func position(_ text: String, in vocabulary: Vocabulary) -> Int? {
        Array(text.utf8).withUnsafeBytes { vocabulary.position(of: $0) }
    }

    @Test func `each value is found at its position, others are not`() throws {
        let words = ["red", "green", "blue", "", "re", "redd", "Zürich"]
        let vocabulary = try #require(Vocabulary(values: words.map { Array($0.utf8) }))
        #expect(vocabulary.count == 7)
        for (index, word) in words.enumerated() {
            #expect(position(word, in: vocabulary) == index)
            #expect(vocabulary.value(at: index) == Array(word.utf8))
        }
        for word in ["Red", "gree", "greenn", "\0"] {
            #expect(position(word, in: vocabulary) == nil)
        }
    }

    @Test func `an empty vocabulary knows nothing`() throws {
        let vocabulary = try Vocabulary(blob: [], byteCounts: [])
        #expect(vocabulary.count == 0)
        #expect(position("", in: vocabulary) == nil)
        #expect(position("a", in: vocabulary) == nil)
    }

    @Test func `the empty text may be the only value`() throws {
        let vocabulary = try Vocabulary(blob: [], byteCounts: [0])
        #expect(position("", in: vocabulary) == 0)
        #expect(position("a", in: vocabulary) == nil)
    }

    @Test func `whole numbers are looked up by their little-endian bytes`() throws {
        let vocabulary = try #require(Vocabulary(integers: [5, -1, .max, .min]))
        #expect(vocabulary.position(of: -1) == 1)
        #expect(vocabulary.position(of: .min) == 3)
        #expect(vocabulary.position(of: 6) == nil)
        #expect(vocabulary.value(at: 0) == [5, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func `what is stored makes the same vocabulary again`() throws {
        let vocabulary = try #require(Vocabulary(values: [[1, 2], [], [3]]))
        let copy = try Vocabulary(blob: vocabulary.blob, byteCounts: vocabulary.byteCounts)
        #expect(copy == vocabulary)
        #expect(copy.hashValue == vocabulary.hashValue)
        #expect(vocabulary.byteCounts == [2, 0, 1])
        #expect(try Vocabulary(blob: [1, 2, 3], byteCounts: [1, 0, 2]) != vocabulary)
    }

    @Test func `refuses a value that stands twice`() {
        #expect(Vocabulary(values: [[1], [2], [1]]) == nil)
        #expect(Vocabulary(integers: [4, 4]) == nil)
        let error = failure { _ = try Vocabulary(blob: [1, 2, 1], byteCounts: [1, 1, 1]) }
        #expect(error?.code == .invalidVocabulary)
        #expect(error?.actual == 2)
    }

    @Test(arguments: [[2, 0], [4], [UInt32.max, 3], [UInt32.max, .max]] as [[UInt32]])
    func `refuses lengths that do not add up to the bytes`(byteCounts: [UInt32]) {
        let error = failure { _ = try Vocabulary(blob: [1, 2, 3], byteCounts: byteCounts) }
        #expect(error?.code == .invalidVocabulary)
        #expect(error?.limit == 3)
    }

    @Test func `refuses more values than allowed`() {
        let byteCounts = [UInt32](repeating: 0, count: FeatureLimits.vocabularyCountMax + 1)
        let error = failure { _ = try Vocabulary(blob: [], byteCounts: byteCounts) }
        #expect(error?.code == .limitExceeded)
        #expect(error?.limit == FeatureLimits.vocabularyCountMax)
        #expect(error?.actual == FeatureLimits.vocabularyCountMax + 1)
    }

    @Test func `a hundred thousand values are all found`() throws {
        let vocabulary = try #require(Vocabulary(integers: (0..<100_000).map { $0 * 7 - 50_000 }))
        for index in 0..<100_000 {
            let found = vocabulary.position(of: Int64(index * 7 - 50_000))
            if found != index { Issue.record("value \(index) is at \(String(describing: found))") }
        }
        #expect(vocabulary.position(of: 3) == nil)
    }
}
