import Foundation
import TandemFeatures
import Testing

@testable import TandemImport

/// Vocabularies and tokenisers that a features file names.
@Suite struct VocabularyFileTests {
    private func entry(
        _ name: String, _ contents: String, _ keys: String
    ) throws -> FeatureFile.Entry {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try contents.write(
            to: folder.appending(path: name), atomically: true, encoding: .utf8)
        let text = "[[feature]]\nname = \"x\"\n" + keys
        return try FeatureFile(text: text, path: folder.path + "/features.toml").entries[0]
    }

    private func category(
        _ name: String, _ contents: String, _ keys: String = ""
    ) throws -> VocabularyEncoding {
        let keys = "kind = \"categorical\"\nvocabulary = \"\(name)\"\n" + keys
        guard case .vocabulary(let encoding)? = try entry(name, contents, keys).encoding else {
            throw FeatureError(.invalidVocabulary, "x", "is no vocabulary")
        }
        return encoding
    }

    private func values(_ encoding: VocabularyEncoding) -> [String] {
        (0..<encoding.vocabulary.count).map {
            String(decoding: encoding.vocabulary.value(at: $0), as: UTF8.self)
        }
    }

    @Test func `lines, arrays and objects of ids say the same`() throws {
        for (name, contents) in [
            ("v.txt", "DE\nFR\r\nGB"), ("v.json", #"["DE", "FR", "GB"]"#),
            ("v.json", #"{"FR": 1, "GB": 2, "DE": 0}"#),
        ] {
            let encoding = try category(name, contents)
            #expect(values(encoding) == ["DE", "FR", "GB"] && encoding.firstID == 0)
        }
        let later = try category("v.json", #"{"FR": 8, "DE": 7}"#)
        #expect(values(later) == ["DE", "FR"] && later.firstID == 7)
        #expect(try category("v.json", #"{"FR": 8}"#, "first_id = 2\n").firstID == 2)
        for contents in ["[5, -6]", #"["5", "-6"]"#, #"{"5": 0, "-6": 1}"#] {
            let numbers = try category("v.json", contents, "dtype = \"int64\"\n")
            #expect(numbers.vocabulary.position(of: -6) == 1)
        }
    }

    @Test(arguments: [
        ("v.json", #"{"FR": 1, "DE": 3}"#, "its ids do not go up one by one"),
        ("v.json", #"{"FR": 1, "DE": 1}"#, "its ids do not go up one by one"),
        ("v.json", #"["FR", "FR"]"#, "stands there twice"),
        ("v.txt", "a\nb\na", "stands there twice"),
        ("v.json", #"["FR""#, "is not valid JSON"),
        ("v.json", #"["FR"] 1"#, "something follows its end"),
        ("v.json", #"{"FR": "1"}"#, "stands where a whole number is wanted"),
        ("v.json", "[1.5]", "stands where a whole number is wanted"),
    ])
    func `refuses what gives no ids`(name: String, contents: String, problem: String) throws {
        do {
            _ = try category(name, contents)
            Issue.record("\(contents) was taken")
        } catch let error as ImportError {
            #expect(error.description.contains(problem), "\(error)")
            #expect(error.problems[0].key == "feature[0].vocabulary")
        }
    }

    @Test func `a text feature names its tokeniser's files`() throws {
        let text = try entry(
            "t.json", TokenizerFileTests.bert,
            """
            input = "input_ids"
            kind = "text"
            tokenizer = "t.json"
            mask_input = "attention_mask"
            segment_input = "token_type_ids"
            max_length = 8
            padding = "[SEP]"
            """)
        #expect(text.inputs == ["input_ids", "attention_mask", "token_type_ids"])
        #expect(text.rawType == .text && text.listLengthMax == 8)
        guard case .tokens(let tokenizer)? = text.encoding else {
            Issue.record("it has no tokeniser")
            return
        }
        #expect(tokenizer.idCount == 7 && tokenizer.rules.paddingID == 3)
    }

    @Test(arguments: [
        ("tokenizer = \"u.json\"", "is not beside the model"),
        ("tokenizer = \"t.json\"\nlowercase = false", "is not a key of a text feature"),
        ("tokenizer = \"t.json\"\npadding = \"?\"", "the token '?' is not in the vocabulary"),
        ("tokenizer = \"t.json\"\nmerges = \"t.json\"", "stands where a whole number is wanted"),
        ("", "lacks the key 'tokenizer'"),
    ])
    func `refuses a text feature with its key`(keys: String, problem: String) throws {
        do {
            _ = try entry("t.json", TokenizerFileTests.bert, "kind = \"text\"\n" + keys)
            Issue.record("\(keys) was taken")
        } catch let error as ImportError {
            #expect(error.description.contains(problem), "\(error)")
        }
    }
}
