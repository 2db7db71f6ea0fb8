import TandemFeatures
import TandemNotation

/// The model of a `tokenizer.json`: its settings as a table, its vocabulary and merges as they come.
struct TokenizerModelSection {
    /// The settings.
    private var settings: [String: NotationNode] = [:]
    /// The tokens with their ids; nil if the vocabulary is no object.
    var tokens: ValueList?
    /// Merges: both sides end to end, and the length of each side.
    private var mergeBlob: [UInt8] = []
    private var mergeSides: [(left: Int, right: Int)] = []

    /// An empty section.
    init() {}

    /// A section with settings of its own, where there is no `tokenizer.json`.
    init(type: String, unknown: String?) {
        settings["type"] = NotationNode(value: .text(type), line: 1)
        settings["unk_token"] = unknown.map { NotationNode(value: .text($0), line: 1) }
    }

    // MARK: Reading

    /// Reads the object that stands next.
    mutating func read(_ reader: inout JSONReader) throws(NotationError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "vocab":
                guard try reader.kind() == .object else {
                    try reader.skip()
                    continue
                }
                var list = ValueList()
                try list.readIDs(&reader)
                tokens = list
            case "merges": try readMerges(&reader)
            default: settings[key] = try reader.optionalNode()
            }
        }
    }

    private mutating func readMerges(_ reader: inout JSONReader) throws(NotationError) {
        try reader.beginArray()
        while try reader.nextElement() {
            if try reader.kind() == .array {
                try reader.beginArray()
                var sides: [Int] = []
                while try reader.nextElement() {
                    sides.append(try reader.text(into: &mergeBlob))
                }
                guard sides.count == 2 else { throw Self.noMerge(mergeSides.count + 1) }
                try append(sides[0], sides[1])
            } else {
                var text: [UInt8] = []
                _ = try reader.text(into: &text)
                try text.withUnsafeBufferPointer { text throws(NotationError) in
                    try appendMerge(UnsafeRawBufferPointer(text)[...])
                }
            }
        }
    }

    /// Reads the lines of a `merges.txt`.
    mutating func readMergeLines(_ text: UnsafeRawBufferPointer) throws(NotationError) {
        let isEnd = { (byte: UInt8) in byte == UInt8(ascii: "\n") }
        for line in text.split(whereSeparator: isEnd) {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if line.isEmpty || line.starts(with: "#version".utf8) { continue }
            try appendMerge(line)
        }
    }

    /// Appends a merge that is written as two texts with a space between them.
    private mutating func appendMerge(
        _ text: Slice<UnsafeRawBufferPointer>
    ) throws(NotationError) {
        let space = UInt8(ascii: " ")
        guard let middle = text.firstIndex(of: space) else {
            throw Self.noMerge(mergeSides.count + 1)
        }
        let left = text[..<middle]
        let right = text[(middle + 1)...]
        guard !right.contains(space) else { throw Self.noMerge(mergeSides.count + 1) }
        mergeBlob.append(contentsOf: left)
        mergeBlob.append(contentsOf: right)
        try append(left.count, right.count)
    }

    private mutating func append(_ left: Int, _ right: Int) throws(NotationError) {
        guard mergeSides.count < FeatureLimits.mergeCountMax else {
            throw NotationError(
                .wrongValue, "has more than \(FeatureLimits.mergeCountMax) merges")
        }
        mergeSides.append((left, right))
    }

    private static func noMerge(_ number: Int) -> NotationError {
        NotationError(.wrongValue, "merge \(number) is not two tokens")
    }

    // MARK: Models

    /// What the section says; `tokens` are looked up in `vocabulary` by their texts.
    func model(
        _ vocabulary: TokenVocabulary
    ) throws(NotationError) -> TokenizerRules.Model {
        let table = TokenizerTable(
            node: NotationNode(value: .table(settings), line: 1), path: ["model"])
        let model: TokenizerRules.Model
        let type = try table.requiredText("type")
        switch type {
        case "WordPiece": model = .wordPiece(try wordPiece(table, vocabulary))
        case "BPE": model = .bytePair(try bytePair(table, vocabulary))
        default: throw TokenizerSections.unsupported(table, type, "model", "WordPiece and BPE")
        }
        try table.finish("the model \(type)")
        return model
    }

    private func wordPiece(
        _ table: TokenizerTable, _ vocabulary: TokenVocabulary
    ) throws(NotationError) -> WordPieceRules {
        let unknown = try table.text("unk_token") ?? "[UNK]"
        guard let unknownID = vocabulary.id(of: unknown) else {
            throw table.error(
                .wrongValue, "unk_token", "'\(unknown.cutShort)' is not in the vocabulary")
        }
        return WordPieceRules(
            vocabulary: try vocabulary.inOrderOfIDs(), unknownID: unknownID,
            continuation: try table.text("continuing_subword_prefix") ?? "##",
            wordLengthMax: try table.integer(
                "max_input_chars_per_word", in: 1...FeatureLimits.textByteCountMax) ?? 100)
    }

    private func bytePair(
        _ table: TokenizerTable, _ vocabulary: TokenVocabulary
    ) throws(NotationError) -> BytePairRules {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"]
        where try table.text(key)?.isEmpty == false {
            throw table.error(
                .wrongValue, key, "is not supported", remedy: "supported is byte-level BPE")
        }
        for key in ["fuse_unk", "byte_fallback", "ignore_merges"]
        where try table.truth(key) == true {
            throw table.error(
                .wrongValue, key, "is not supported", remedy: "supported is byte-level BPE")
        }
        if let dropout = try table.number("dropout", in: 0...1), dropout > 0 {
            throw table.error(
                .wrongValue, "dropout", "would make other ids each time",
                remedy: "save the tokenizer without")
        }
        var unknownID: Int32?
        if let unknown = try table.text("unk_token") {
            unknownID = vocabulary.id(of: unknown)
            guard unknownID != nil else {
                throw table.error(
                    .wrongValue, "unk_token", "'\(unknown.cutShort)' is not in the vocabulary")
            }
        }
        return BytePairRules(
            byteIDs: ByteAlphabet.texts.map { vocabulary.id(of: $0) ?? -1 },
            merges: try merges(vocabulary), unknownID: unknownID)
    }

    private func merges(
        _ vocabulary: TokenVocabulary
    ) throws(NotationError) -> [BytePairRules.Merge] {
        var merges: [BytePairRules.Merge] = []
        merges.reserveCapacity(mergeSides.count)
        try mergeBlob.withUnsafeBufferPointer { blob throws(NotationError) in
            let blob = UnsafeRawBufferPointer(blob)
            var start = 0
            for (left, right) in mergeSides {
                let middle = start + left
                let end = middle + right
                guard let leftID = vocabulary.id(of: blob[start..<middle]),
                    let rightID = vocabulary.id(of: blob[middle..<end]),
                    let whole = vocabulary.id(of: blob[start..<end])
                else {
                    throw NotationError(
                        .wrongValue,
                        "merge \(merges.count + 1) makes or takes a token that is not in the "
                            + "vocabulary")
                }
                merges.append(.init(left: leftID, right: rightID, whole: whole))
                start = end
            }
        }
        return merges
    }
}

/// Tokens by their texts.
struct TokenVocabulary {
    private let vocabulary: Vocabulary
    private let ids: [Int]

    init(_ list: ValueList) throws(NotationError) {
        ids = list.ids
        for id in ids where !(0..<FeatureLimits.tokenIDMax).contains(id) {
            throw NotationError(.wrongValue, "has the id \(id)")
        }
        vocabulary = try list.vocabulary()
    }

    /// The id of a token, or nil.
    func id(of token: Slice<UnsafeRawBufferPointer>) -> Int32? {
        vocabulary.position(of: UnsafeRawBufferPointer(rebasing: token)).map {
            Int32(truncatingIfNeeded: ids.isEmpty ? $0 : ids[$0])
        }
    }

    /// The id of a token, or nil.
    func id(of token: String) -> Int32? {
        Array(token.utf8).withUnsafeBytes { id(of: $0[...]) }
    }

    /// The tokens in the order of their ids.
    ///
    /// - Throws: `NotationError` `wrongValue` if ids leave gaps.
    func inOrderOfIDs() throws(NotationError) -> Vocabulary {
        if zip(ids, 0...).allSatisfy(==) { return vocabulary }
        var list = ValueList(vocabulary, ids)
        let ordered = try list.ordered()
        guard ordered.first == 0 else {
            throw NotationError(.wrongValue, "its ids begin with \(ordered.first), not with 0")
        }
        list = ordered.list
        return try list.vocabulary()
    }
}

/// The letters by which byte-level BPE writes bytes in its vocabulary.
enum ByteAlphabet {
    /// The text of each byte: itself where it is a visible letter of Latin-1, else the next unused
    /// letter from U+0100 on.
    ///
    /// Source: GPT-2, encoder.py, `bytes_to_unicode`.
    static let texts: [String] = {
        var next: UInt32 = 0x100
        return (0...UInt32(255)).map { byte in
            var value = byte
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: break
            default:
                value = next
                next += 1
            }
            return Unicode.Scalar(value).map { String($0) } ?? ""
        }
    }()
}
