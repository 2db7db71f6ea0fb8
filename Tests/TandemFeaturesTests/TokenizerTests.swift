import TandemFeatures
import TandemTestSupport
import Testing

/// What tokenisers do that can be said in a line; ids of real ones are in TokenizerCaseTests.
@Suite struct TokenizerTests {
    static func pieces(
        _ change: (inout TokenizerRules) -> Void = { _ in }
    ) throws -> Tokenizer {
        let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##able", "##a", "b", "."]
        let vocabulary = try #require(Vocabulary(values: pieces.map { Array($0.utf8) }))
        var rules = TokenizerRules(
            normalization: [
                .clean, .separateIdeographs, .decompose, .stripNonspacingMarks, .lowercase,
            ], splitting: .words,
            model: .wordPiece(WordPieceRules(vocabulary: vocabulary, unknownID: 1)),
            addedTokens: [AddedToken("[SEP]", id: 3)], prefix: [2], suffix: [3])
        change(&rules)
        return try Tokenizer(rules)
    }

    /// The letters a to z as ids 0 to 25, then the space; `ab` is 27, `abab` 28.
    static func pairs(
        _ change: (inout TokenizerRules) -> Void = { _ in }
    ) throws -> Tokenizer {
        var bytes = [Int32](repeating: -1, count: 256)
        for letter in 0..<26 { bytes[97 + letter] = Int32(letter) }
        bytes[32] = 26
        var rules = TokenizerRules(
            normalization: [], splitting: .bytes(addsSpace: false, usesPattern: true),
            model: .bytePair(
                BytePairRules(
                    byteIDs: bytes,
                    merges: [
                        .init(left: 0, right: 1, whole: 27), .init(left: 27, right: 27, whole: 28),
                    ])))
        change(&rules)
        return try Tokenizer(rules)
    }

    private func ids(_ tokenizer: Tokenizer, _ text: String, lengthMax: Int = 64) -> [Int32] {
        var memory = TextMemory()
        _ = Array(text.utf8).withUnsafeBytes {
            tokenizer.encode($0, lengthMax: lengthMax, &memory)
        }
        return memory.ids
    }

    @Test func `takes the longest pieces, and a word as unknown if a part is`() throws {
        let tokenizer = try Self.pieces()
        #expect(ids(tokenizer, "Unable, ÜN una b.") == [2, 4, 5, 1, 4, 4, 6, 7, 8, 3])
        #expect(ids(tokenizer, "unax b") == [2, 1, 7, 3])
        #expect(ids(tokenizer, "") == [2, 3])
    }

    @Test func `takes a word of a hundred scalars and not of one more`() throws {
        let tokenizer = try Self.pieces()
        let long = "b" + String(repeating: "a", count: 99)
        #expect(ids(tokenizer, long, lengthMax: 200).count == 102)
        #expect(ids(tokenizer, long + "a", lengthMax: 200) == [2, 1, 3])
    }

    @Test func `finds added tokens before it cleans and lowers`() throws {
        #expect(ids(try Self.pieces(), "b[SEP]b [sep]") == [2, 7, 3, 7, 1, 1, 1, 3])
    }

    @Test func `cuts at the longest length and keeps what stands behind a text`() throws {
        let tokenizer = try Self.pieces()
        var memory = TextMemory()
        for (lengthMax, expected, isCut) in [
            (5, [2, 7, 7, 7, 3], false), (4, [2, 7, 7, 3], true), (3, [2, 7, 3], true),
        ] as [(Int, [Int32], Bool)] {
            let outcome = Array("b b b".utf8).withUnsafeBytes {
                tokenizer.encode($0, lengthMax: lengthMax, &memory)
            }
            if case .cut = outcome { #expect(isCut) } else { #expect(!isCut) }
            #expect(memory.ids == expected)
        }
    }

    @Test func `merges by rank, from the left`() throws {
        let tokenizer = try Self.pairs()
        #expect(ids(tokenizer, "ababab ba") == [28, 27, 26, 1, 0])
        #expect(ids(tokenizer, "aab") == [0, 27])
        // Bytes without an id are left out, and those beside them become neighbours.
        #expect(ids(tokenizer, "aéb") == [27])
    }

    @Test func `puts a space before a text that has none`() throws {
        let tokenizer = try Self.pairs { $0.splitting = .bytes(addsSpace: true, usesPattern: true) }
        #expect(ids(tokenizer, "ab") == [26, 27])
        #expect(ids(tokenizer, " ab") == [26, 27])
        #expect(ids(tokenizer, "") == [])
    }

    @Test func `a megabyte of one letter is no trouble`() throws {
        let text = String(repeating: "ab", count: 1 << 17)
        #expect(ids(try Self.pairs(), text, lengthMax: 1 << 20).count == 1 << 16)
        #expect(ids(try Self.pieces(), text) == [2, 1, 3])
    }

    @Test(
        arguments: [
            [0xFF], [0xC3], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF0, 0x80, 0x80, 0x80], [0x80], [0xE2, 0x82], [0xF8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func `says that bytes are not UTF-8`(bytes: [UInt8]) throws {
        let tokenizer = try Self.pieces()
        var memory = TextMemory()
        let outcome = (Array("b ".utf8) + bytes).withUnsafeBytes {
            tokenizer.encode($0, lengthMax: 8, &memory)
        }
        guard case .invalid = outcome else {
            Issue.record("\(bytes) is taken for UTF-8")
            return
        }
    }

    @Test func `reads every scalar there is as the standard library writes it`() throws {
        // Scalars become bytes again in BPE without merges: ids are the bytes.
        let tokenizer = try Self.pairs {
            $0.model = .bytePair(BytePairRules(byteIDs: (0..<256).map { $0 }, merges: []))
        }
        var memory = TextMemory()
        for value in stride(from: UInt32(0), to: 0x11_0000, by: 37) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let bytes = Array(String(scalar).utf8)
            _ = bytes.withUnsafeBytes { tokenizer.encode($0, lengthMax: 9, &memory) }
            #expect(memory.ids == bytes.map { Int32($0) })
        }
    }

    @Test func `in steady state nothing is allocated`() throws {
        let texts = ["Unable é b. [SEP] 中", "abab ab a"].map { Array($0.utf8) }
        let tokenizers = [try Self.pieces(), try Self.pairs()]
        var memory = TextMemory()
        func encode() {
            for tokenizer in tokenizers {
                for text in texts {
                    _ = text.withUnsafeBytes { tokenizer.encode($0, lengthMax: 16, &memory) }
                }
            }
        }
        encode()
        encode()
        // One at a time, so that a failure says which.
        for (index, tokenizer) in tokenizers.enumerated() {
            for text in texts {
                let made = AllocationCounter.allocations {
                    _ = text.withUnsafeBytes { tokenizer.encode($0, lengthMax: 16, &memory) }
                }
                #expect(made == 0, "tokenizer \(index), \(text.count) bytes")
            }
        }
    }

    @Test func `refuses rules that do not fit each other`() throws {
        func refusal(_ change: (inout TokenizerRules) -> Void) -> FeatureError? {
            failure { _ = try Self.pieces(change) }
        }
        #expect(refusal { $0.splitting = .bytes(addsSpace: true, usesPattern: true) } != nil)
        #expect(refusal { $0.prefix = [-1] }?.code == .invalidTokenizer)
        #expect(refusal { $0.paddingID = 1 << 24 }?.code == .invalidTokenizer)
        #expect(refusal { $0.addedTokens = [AddedToken("", id: 1)] } != nil)
        #expect(
            refusal { $0.suffix = Array(repeating: 1, count: 65) }?.code == .limitExceeded)
        #expect(
            refusal { rules in
                rules.addedTokens = [AddedToken(String(repeating: "x", count: 257), id: 1)]
            }?.limit == 256)
        #expect(failure { _ = try Self.pairs { $0.splitting = .words } } != nil)
        let twice = BytePairRules.Merge(left: 0, right: 1, whole: 2)
        #expect(
            failure {
                _ = try Self.pairs {
                    $0.model = .bytePair(
                        BytePairRules(
                            byteIDs: Array(repeating: 0, count: 256), merges: [twice, twice]))
                }
            }?.message == "merges 0 and 1 twice")
        #expect(
            failure {
                _ = try Self.pairs {
                    $0.model = .bytePair(BytePairRules(byteIDs: [1], merges: []))
                }
            } != nil)
    }
}
