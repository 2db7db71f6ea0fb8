package import TandemFeatures
package import TandemNotation

/// Reads the files that tokenisers come in.
package enum TokenizerFile {
    /// What a features file says beside the tokeniser's own files.
    struct Settings {
        /// The token that fills rows up; nil: what the file says, or `[PAD]` or `<pad>`.
        var padding: String?
        /// For bare vocabularies: tokens before and behind a text, and the unknown one.
        var begin: String?
        var end: String?
        var unknown: String?
        /// For a bare `vocab.txt`: whether upper case and accents go.
        var isLowered = true
        /// For a bare `vocab.json`: whether a space is put before a text.
        var addsSpace = false
    }

    /// The tokeniser of a `tokenizer.json`.
    ///
    /// - Throws: `NotationError` with everything known of the place, for what cannot be read or is
    ///   not supported.
    package static func tokenizer(
        json bytes: UnsafeRawBufferPointer
    ) throws(NotationError) -> Tokenizer {
        try tokenizer(json: bytes, Settings())
    }

    static func tokenizer(
        json bytes: UnsafeRawBufferPointer, _ settings: Settings
    ) throws(NotationError) -> Tokenizer {
        var reader = try JSONReader(bytes)
        var sections: [String: NotationNode] = [:]
        var model = TokenizerModelSection()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "model": try model.read(&reader)
            // It turns ids back into text.
            case "decoder": try reader.skip()
            default: sections[key] = try reader.optionalNode()
            }
        }
        try reader.finish()
        guard let tokens = model.tokens else {
            throw NotationError(
                .wrongValue, "has no vocabulary of ids by token",
                remedy: "supported are tokenizer.json files of WordPiece and byte-level BPE")
        }
        let vocabulary = try TokenVocabulary(tokens)
        let root = TokenizerTable(
            node: NotationNode(value: .table(sections), line: 1), path: [])
        _ = try root.choice("version", [("1.0", "1.0")])
        func section(_ key: String) throws(NotationError) -> TokenizerTable? {
            root.has(key) ? try root.table(key) : nil
        }
        let template = try TokenizerSections.template(try section("post_processor"))
        let padding = try TokenizerSections.padding(
            try section("padding"), try section("truncation"))
        let added = try TokenizerSections.addedTokens(try root.tables("added_tokens"))
        try checkIDs(added, vocabulary)
        let rules = TokenizerRules(
            normalization: try TokenizerSections.normalization(try section("normalizer")),
            splitting: try TokenizerSections.splitting(try section("pre_tokenizer")),
            model: try model.model(vocabulary), addedTokens: added, prefix: template.prefix,
            suffix: template.suffix,
            paddingID: try paddingID(settings, padding) { token in
                added.first { $0.content == token }?.id ?? vocabulary.id(of: token)
            })
        try root.finish("a tokenizer.json")
        return try made(rules)
    }

    /// An added token that the vocabulary has too has one id.
    private static func checkIDs(
        _ tokens: [AddedToken], _ vocabulary: TokenVocabulary
    ) throws(NotationError) {
        for token in tokens {
            guard let id = vocabulary.id(of: token.content), id != token.id else { continue }
            throw NotationError(
                .wrongValue,
                "the added token '\(token.content.cutShort)' has the id \(token.id), in the "
                    + "vocabulary it has \(id)")
        }
    }

    // MARK: Bare vocabularies

    /// BERT's tokeniser over the lines of a `vocab.txt`.
    static func tokenizer(
        vocabulary bytes: UnsafeRawBufferPointer, _ settings: Settings
    ) throws(NotationError) -> Tokenizer {
        let vocabulary = try ValueList.lines(of: bytes, trims: true).vocabulary()
        let id = { (token: String) -> Int32? in
            Array(token.utf8).withUnsafeBytes { vocabulary.position(of: $0) }
                .map { Int32(truncatingIfNeeded: $0) }
        }
        let unknown = try token(settings.unknown ?? "[UNK]", "unknown", id)
        let begin = try token(settings.begin ?? "[CLS]", "begin", id)
        let end = try token(settings.end ?? "[SEP]", "end", id)
        var steps: [TextNormalization] = [.clean, .separateIdeographs]
        if settings.isLowered { steps += [.decompose, .stripNonspacingMarks, .lowercase] }
        let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        return try made(
            TokenizerRules(
                normalization: steps, splitting: .words,
                model: .wordPiece(
                    WordPieceRules(vocabulary: vocabulary, unknownID: unknown)),
                addedTokens: special.compactMap { token in
                    id(token).map { AddedToken(token, id: $0) }
                }, prefix: [begin], suffix: [end],
                paddingID: try paddingID(settings, nil, id)))
    }

    /// GPT-2's tokeniser over a `vocab.json` and a `merges.txt`.
    static func tokenizer(
        vocabulary bytes: UnsafeRawBufferPointer, merges: UnsafeRawBufferPointer,
        _ settings: Settings
    ) throws(NotationError) -> Tokenizer {
        var reader = try JSONReader(bytes)
        var list = ValueList()
        try list.readIDs(&reader)
        try reader.finish()
        let vocabulary = try TokenVocabulary(list)
        var model = TokenizerModelSection(type: "BPE", unknown: settings.unknown)
        try model.readMergeLines(merges)
        let names = [settings.begin, settings.end, settings.padding].compactMap { $0 }
        func ids(_ name: String?, _ key: String) throws(NotationError) -> [Int32] {
            guard let name else { return [] }
            return [try token(name, key, vocabulary.id(of:))]
        }
        return try made(
            TokenizerRules(
                normalization: [],
                splitting: .bytes(addsSpace: settings.addsSpace, usesPattern: true),
                model: try model.model(vocabulary),
                addedTokens: names.compactMap { name in
                    vocabulary.id(of: name).map { AddedToken(name, id: $0) }
                }, prefix: try ids(settings.begin, "begin"),
                suffix: try ids(settings.end, "end"),
                paddingID: try paddingID(settings, nil, vocabulary.id(of:))))
    }

    // MARK: Parts

    private static func made(_ rules: TokenizerRules) throws(NotationError) -> Tokenizer {
        do throws(FeatureError) {
            return try Tokenizer(rules)
        } catch {
            throw NotationError(.wrongValue, error.message)
        }
    }

    private static func token(
        _ name: String, _ key: String, _ id: (String) -> Int32?
    ) throws(NotationError) -> Int32 {
        guard let id = id(name) else {
            throw NotationError(
                .wrongValue, "the token '\(name.cutShort)' is not in the vocabulary",
                remedy: "say another one by \(key) = \"...\"")
        }
        return id
    }

    private static func paddingID(
        _ settings: Settings, _ fromFile: Int32?, _ id: (String) -> Int32?
    ) throws(NotationError) -> Int32 {
        if let name = settings.padding { return try token(name, "padding", id) }
        if let known = fromFile ?? id("[PAD]") ?? id("<pad>") { return known }
        throw NotationError(
            .missingKey, "says no token that fills rows up",
            remedy: "name one by padding = \"...\", such as the end of a text")
    }
}
