import TandemFeatures
import TandemImport
import TandemNotation

/// Makes ids of hostile texts by small tokenisers with all that there is.
enum TextFuzz {
    /// Held here too: what only an enum's payload points to is reported as leaked in the end, since
    /// its pointer has the case in it.
    private static let merges: [BytePairRules.Merge] = [
        (97, 97, 256), (256, 256, 257), (97, 98, 258), (256, 98, 258), (258, 97, 97),
    ].map { BytePairRules.Merge(left: $0, right: $1, whole: $2) }

    private static let tokenizers: [Tokenizer] = {
        let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##a", "b", "##\u{301}", "\u{4E2D}"]
        guard let vocabulary = Vocabulary(values: pieces.map { Array($0.utf8) }) else { return [] }
        let steps: [[TextNormalization]] = [
            [], [.compose], [.decompose, .stripMarks, .lowercase],
            [.clean, .separateIdeographs, .decompose, .stripNonspacingMarks, .lowercase],
        ]
        let added = [
            AddedToken("[MASK]", id: 20, stripsLeft: true),
            AddedToken("a", id: 21, isSingleWord: true),
            AddedToken("  ", id: 22),
            AddedToken("B\u{C9}", id: 23, stripsRight: true, isNormalized: true),
        ]
        let pieceModel = TokenizerRules.Model.wordPiece(
            WordPieceRules(vocabulary: vocabulary, unknownID: 1, wordLengthMax: 20))
        let byteIDs = (0..<256).map { Int32($0 % 5 == 0 ? -1 : $0) }
        let pairModel = TokenizerRules.Model.bytePair(
            BytePairRules(byteIDs: byteIDs, merges: merges, unknownID: 300))
        return steps.flatMap { steps in
            [
                TokenizerRules(
                    normalization: steps, splitting: .words, model: pieceModel, addedTokens: added,
                    prefix: [2], suffix: [3]),
                TokenizerRules(
                    normalization: steps, splitting: .bytes(addsSpace: true, usesPattern: true),
                    model: pairModel, addedTokens: added),
                TokenizerRules(
                    normalization: steps, splitting: .bytes(addsSpace: false, usesPattern: false),
                    model: pairModel),
            ].compactMap { try? Tokenizer($0) }
        }
    }()

    /// Makes ids of a text by all of them, of the whole and of what fits a row.
    static func encode(_ bytes: UnsafeRawBufferPointer) {
        precondition(tokenizers.count == 12, "a tokeniser was refused")
        var memory = TextMemory()
        for tokenizer in tokenizers { check(tokenizer, Array(bytes), &memory) }
    }

    /// Ids are below what the tokeniser says, and a row begins as the whole does.
    static func check(_ tokenizer: Tokenizer, _ text: [UInt8], _ memory: inout TextMemory) {
        let edges = tokenizer.rules.prefix.count + tokenizer.rules.suffix.count
        text.withUnsafeBytes { text in
            guard case .whole = tokenizer.encode(text, lengthMax: 1 << 40, &memory) else { return }
            let whole = memory.ids
            precondition(
                whole.allSatisfy { $0 >= 0 && Int($0) < tokenizer.idCount }, "an id is too large")
            _ = tokenizer.encode(text, lengthMax: edges + 3, &memory)
            precondition(memory.ids.count <= edges + 3, "a row is too long")
            let kept = memory.ids.count - tokenizer.rules.suffix.count
            precondition(memory.ids.prefix(kept) == whole.prefix(kept), "a row differs")
        }
    }
}

/// Reads vocabularies of any kind.
enum VocabularyFuzz {
    static func read(_ bytes: UnsafeRawBufferPointer) {
        _ = try? JSONReader.parse(bytes)
        for isJSON in [false, true] {
            guard let found = try? VocabularyFile.vocabulary(of: bytes, isJSON: isJSON) else {
                continue
            }
            let vocabulary = found.vocabulary
            for position in 0..<min(vocabulary.count, 50) {
                vocabulary.value(at: position).withUnsafeBytes {
                    precondition(vocabulary.position(of: $0) == position, "a value is lost")
                }
            }
        }
    }
}
