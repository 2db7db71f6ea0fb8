import TandemFeatures
import TandemNotation
import Testing

@testable import TandemImport

/// What is refused of tokenisers' files, and what bare vocabularies mean.
@Suite struct TokenizerFileTests {
    static let bert = """
        {"version": "1.0", "truncation": {"direction": "Right", "max_length": 8,
         "strategy": "LongestFirst", "stride": 0},
         "padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": null,
         "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
         "added_tokens": [{"id": 4, "content": "[MASK]", "single_word": false, "lstrip": false,
         "rstrip": false, "normalized": false, "special": true}],
         "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
         "strip_accents": null, "lowercase": true},
         "pre_tokenizer": {"type": "BertPreTokenizer"},
         "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
         "decoder": {"type": "WordPiece"},
         "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
         "max_input_chars_per_word": 100, "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2,
         "[SEP]": 3, "[MASK]": 4, "a": 5, "##b": 6}}}
        """
    static let gpt = """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
         "normalizer": null, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false,
         "trim_offsets": true, "use_regex": true}, "post_processor": null, "decoder": null,
         "model": {"type": "BPE", "dropout": null, "unk_token": null,
         "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false,
         "byte_fallback": false, "ignore_merges": false,
         "vocab": {"<pad>": 0, "a": 1, "b": 2, "ab": 3, "\u{0120}": 4},
         "merges": ["a b"]}}
        """

    private func tokenizer(_ text: String) -> Result<Tokenizer, NotationError> {
        Result { () throws(NotationError) in
            try Array(text.utf8).withUnsafeBufferPointer { bytes throws(NotationError) in
                try TokenizerFile.tokenizer(json: UnsafeRawBufferPointer(bytes))
            }
        }
    }

    private func ids(_ tokenizer: Tokenizer, _ text: String) -> [Int32] {
        var memory = TextMemory()
        _ = Array(text.utf8).withUnsafeBytes { tokenizer.encode($0, lengthMax: 99, &memory) }
        return memory.ids
    }

    @Test func `takes what it supports`() throws {
        #expect(ids(try tokenizer(Self.bert).get(), "Ab [MASK] c") == [2, 5, 6, 4, 1, 3])
        #expect(ids(try tokenizer(Self.gpt).get(), "ab ba") == [3, 4, 2, 1])
    }

    @Test(arguments: [
        (#""BertNormalizer""#, #""NFKC""#, "the normalizer NFKC is not supported"),
        (
            #""lowercase": true"#, #""lowercase": true, "twist": 1"#,
            "is not a key of the normalizer"
        ),
        (#""BertPreTokenizer""#, #""Metaspace""#, "the pre_tokenizer Metaspace is not supported"),
        (#"{"type": "BertPreTokenizer"}"#, "null", "has no pre_tokenizer"),
        (#"{"type": "BertPreTokenizer"}"#, #"{"type": "ByteLevel"}"#, "cuts a text into bytes"),
        (
            #""type": "WordPiece", "unk"#, #""type": "Unigram", "unk"#,
            "the model Unigram is not supported"
        ),
        (#""unk_token": "[UNK]""#, #""unk_token": "?""#, "'?' is not in the vocabulary"),
        (#""version": "1.0""#, #""version": "2.0""#, "'2.0' is not a value of this key"),
        (#""version": "1.0""#, #""surprise": 1"#, "is not a key of a tokenizer.json"),
        (
            #""BertProcessing""#, #""XProcessing""#,
            "the post_processor XProcessing is not supported"
        ),
        (#""sep": ["[SEP]", 3]"#, #""sep": 3"#, "is not a token and its id"),
        (#""Right", "max"#, #""Left", "max"#, "is 'Left'"),
        (#""Right", "pad"#, #""Left", "pad"#, "is 'Left'"),
        ("LongestFirst", "OnlySecond", "'OnlySecond' is not a value of this key"),
        (#""pad_type_id": 0"#, #""pad_type_id": 1"#, "1 is out of range"),
        (#""id": 4"#, #""id": 5"#, "has the id 5, in the vocabulary it has 4"),
        (#""id": 4"#, #""id": -4"#, "-4 is out of range"),
        ("b\": 6", "b\": 7", "its ids do not go up one by one"),
        ("##b\": 6", "a\": 6", "stands there twice"),
        ("b\": 6", "b\": \"6\"", "stands where a whole number is wanted"),
        (#""vocab": {"#, #""words": {"#, "has no vocabulary of ids by token"),
    ])
    func `refuses the rest by name`(part: String, other: String, problem: String) throws {
        let changed = Self.bert.replacing(part, with: other)
        try #require(changed != Self.bert)
        guard case .failure(let error) = tokenizer(changed) else {
            Issue.record("\(other) was taken")
            return
        }
        #expect(error.description.contains(problem), "\(error)")
    }

    @Test(arguments: [
        (#""fuse_unk": false"#, #""fuse_unk": true"#, "model.fuse_unk: is not supported"),
        (
            #""byte_fallback": false"#, #""byte_fallback": true"#,
            "model.byte_fallback: is not supported"
        ),
        (
            #""ignore_merges": false"#, #""ignore_merges": true"#,
            "model.ignore_merges: is not supported"
        ),
        (#""end_of_word_suffix": null"#, #""end_of_word_suffix": "</w>""#, "is not supported"),
        (#""dropout": null"#, #""dropout": 0.1"#, "would make other ids each time"),
        (#"["a b"]"#, #"["ab"]"#, "merge 1 is not two tokens"),
        (#"["a b"]"#, #"["a b", "b a"]"#, "merge 2 makes or takes a token that is not in"),
        (#"["a b"]"#, #"["a b", ["a", "b"]]"#, "merges 1 and 2 twice"),
        (#""ByteLevel""#, #""WhitespaceSplit""#, "is not a key of the pre_tokenizer"),
        ("<pad>", "<nothing>", "says no token that fills rows up"),
    ])
    func `refuses BPE that is not byte-level`(
        part: String, other: String, problem: String
    ) throws {
        let changed = Self.gpt.replacing(part, with: other)
        try #require(changed != Self.gpt)
        guard case .failure(let error) = tokenizer(changed) else {
            Issue.record("\(other) was taken")
            return
        }
        #expect(error.description.contains(problem), "\(error)")
    }

    @Test func `a file cut anywhere is refused`() {
        for text in [Self.bert, Self.gpt] {
            for count in stride(from: 0, to: text.utf8.count, by: 3) {
                guard
                    case .failure = tokenizer(
                        String(decoding: text.utf8.prefix(count), as: UTF8.self))
                else {
                    Issue.record("\(count) bytes were taken")
                    continue
                }
            }
        }
    }

    @Test func `bare vocabularies mean BERT and GPT-2`() throws {
        let lines = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##b\n"
        let bert = try Array(lines.utf8).withUnsafeBytes {
            try TokenizerFile.tokenizer(vocabulary: $0, TokenizerFile.Settings())
        }
        #expect(ids(bert, "Ab A") == [2, 4, 5, 4, 3])
        var cased = TokenizerFile.Settings()
        cased.isLowered = false
        let other = try Array(lines.utf8).withUnsafeBytes {
            try TokenizerFile.tokenizer(vocabulary: $0, cased)
        }
        #expect(ids(other, "Ab a") == [2, 1, 4, 3])
        var settings = TokenizerFile.Settings()
        settings.begin = "<s>"
        settings.end = "</s>"
        settings.padding = "</s>"
        let vocabulary = Array(#"{"<s>": 0, "</s>": 1, "a": 2, "b": 3, "ab": 4}"#.utf8)
        let merges = Array("#version: 0.2\na b\n".utf8)
        let pairs = try vocabulary.withUnsafeBytes { vocabulary in
            try merges.withUnsafeBytes { merges in
                try TokenizerFile.tokenizer(vocabulary: vocabulary, merges: merges, settings)
            }
        }
        #expect(ids(pairs, "abab</s>b") == [0, 4, 4, 1, 3, 1])
        #expect(pairs.rules.paddingID == 1)
    }
}
