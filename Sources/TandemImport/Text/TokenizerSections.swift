import TandemFeatures
import TandemNotation

// Design: what is not done is refused by name.
//
// A `tokenizer.json` describes a pipeline of steps of many kinds. Each section is read strictly: a
// step of a kind that TandemFeatures does not do, or with a setting that it does not have, is named
// with what to do about it. Nothing is passed over but what only turns ids back into text.

/// One table of a tokeniser's file.
typealias TokenizerTable = KeyTable<NotationError>

/// The sections of a `tokenizer.json` beside its model.
enum TokenizerSections {
    /// What stands at a key of the document, as a table; nil for null.
    typealias Section = TokenizerTable?

    // MARK: Normalisation

    /// The steps of a normaliser.
    static func normalization(_ section: Section) throws(NotationError) -> [TextNormalization] {
        guard let table = section else { return [] }
        let steps: [TextNormalization]
        let type = try table.requiredText("type")
        switch type {
        case "BertNormalizer": steps = try bertNormalization(table)
        case "Lowercase": steps = [.lowercase]
        case "NFD": steps = [.decompose]
        case "NFC": steps = [.compose]
        case "StripAccents": steps = [.stripMarks]
        case "Sequence":
            var all: [TextNormalization] = []
            for part in try table.tables("normalizers") { all += try normalization(part) }
            steps = all
        default:
            throw unsupported(
                table, type, "normalizer",
                "BertNormalizer, Lowercase, NFC, NFD, StripAccents and Sequence")
        }
        try table.finish("the normalizer \(type)")
        return steps
    }

    private static func bertNormalization(
        _ table: TokenizerTable
    ) throws(NotationError) -> [TextNormalization] {
        let isLowered = try table.truth("lowercase") ?? true
        var steps: [TextNormalization] = []
        if try table.truth("clean_text") ?? true { steps.append(.clean) }
        if try table.truth("handle_chinese_chars") ?? true { steps.append(.separateIdeographs) }
        // Left open, accents go where upper case goes.
        if try table.truth("strip_accents") ?? isLowered {
            steps += [.decompose, .stripNonspacingMarks]
        }
        if isLowered { steps.append(.lowercase) }
        return steps
    }

    // MARK: Splitting

    /// How a pre-tokeniser cuts texts.
    static func splitting(_ section: Section) throws(NotationError) -> TextSplitting {
        let known = "BertPreTokenizer, ByteLevel and WhitespaceSplit"
        guard let table = section else {
            throw NotationError(
                .missingKey, "has no pre_tokenizer: a text would be one word",
                remedy: "supported are \(known)")
        }
        let splitting: TextSplitting
        let type = try table.requiredText("type")
        switch type {
        case "BertPreTokenizer": splitting = .words
        case "WhitespaceSplit": splitting = .spaces
        case "ByteLevel":
            // Offsets are not asked for.
            _ = try table.truth("trim_offsets")
            splitting = .bytes(
                addsSpace: try table.truth("add_prefix_space") ?? true,
                usesPattern: try table.truth("use_regex") ?? true)
        case "Sequence":
            let parts = try table.tables("pretokenizers")
            guard parts.count == 1 else {
                throw unsupported(table, "a Sequence of \(parts.count)", "pre_tokenizer", known)
            }
            splitting = try self.splitting(parts[0])
        default: throw unsupported(table, type, "pre_tokenizer", known)
        }
        try table.finish("the pre_tokenizer \(type)")
        return splitting
    }

    // MARK: Template

    /// The ids that stand before and behind a text.
    static func template(
        _ section: Section
    ) throws(NotationError) -> (prefix: [Int32], suffix: [Int32]) {
        guard let table = section else { return ([], []) }
        var template: (prefix: [Int32], suffix: [Int32]) = ([], [])
        let type = try table.requiredText("type")
        switch type {
        case "BertProcessing", "RobertaProcessing":
            template = ([try namedID(table, "cls")], [try namedID(table, "sep")])
            if type == "RobertaProcessing" {
                _ = try (table.truth("trim_offsets"), table.truth("add_prefix_space"))
            }
        case "TemplateProcessing": template = try self.template(pieces: table)
        case "ByteLevel":
            _ = try (table.truth("trim_offsets"), table.truth("add_prefix_space"))
            _ = try table.truth("use_regex")
        case "Sequence":
            for part in try table.tables("processors") {
                let next = try self.template(part)
                template = (next.prefix + template.prefix, template.suffix + next.suffix)
            }
        default:
            throw unsupported(
                table, type, "post_processor",
                "BertProcessing, RobertaProcessing, TemplateProcessing, ByteLevel and Sequence")
        }
        try table.finish("the post_processor \(type)")
        return template
    }

    /// The id of `"sep": ["[SEP]", 102]`.
    private static func namedID(
        _ table: TokenizerTable, _ key: String
    ) throws(NotationError) -> Int32 {
        guard case .array(let parts)? = table.node(key)?.value, parts.count == 2,
            case .integer(let id) = parts[1].value
        else {
            throw table.error(.wrongValue, key, "is not a token and its id")
        }
        return try checked(id, table, key)
    }

    private static func template(
        pieces table: TokenizerTable
    ) throws(NotationError) -> (prefix: [Int32], suffix: [Int32]) {
        // What stands around two texts; one is all that a feature has.
        _ = table.node("pair")
        let tokens = try table.table("special_tokens")
        var sides: (prefix: [Int32], suffix: [Int32]) = ([], [])
        var isBehind = false
        for piece in try table.tables("single") {
            let isText = piece.has("Sequence")
            let inner = try piece.table(isText ? "Sequence" : "SpecialToken")
            let id = try inner.requiredText("id")
            guard try inner.integer("type_id", in: 0...0) != nil else {
                throw inner.missing("type_id")
            }
            if isText {
                guard id == "A", !isBehind else {
                    throw inner.error(
                        .wrongValue, "id", "'\(id.cutShort)' is a second text",
                        remedy: "supported are templates of one text")
                }
                isBehind = true
            } else {
                for id in try tokens.table(id).integers("ids", in: 0...FeatureLimits.tokenIDMax)
                    ?? []
                {
                    let id = try checked(id, inner, "id")
                    if isBehind { sides.suffix.append(id) } else { sides.prefix.append(id) }
                }
            }
        }
        guard isBehind else {
            throw table.error(.wrongValue, "single", "has no place for the text")
        }
        return sides
    }

    // MARK: Length

    /// Checks that texts are cut and filled up at their ends, and gives the id that fills them up.
    ///
    /// Lengths are the model's: a row is as long as its input.
    static func padding(
        _ padding: Section, _ truncation: Section
    ) throws(NotationError) -> Int32? {
        if let truncation {
            try checkDirection(truncation)
            let strategies = ["LongestFirst", "OnlyFirst"].map { ($0, $0) }
            _ = try truncation.choice("strategy", strategies)
            _ = (truncation.node("max_length"), truncation.node("stride"))
            try truncation.finish()
        }
        guard let padding else { return nil }
        try checkDirection(padding)
        _ = (padding.node("strategy"), padding.node("pad_to_multiple_of"))
        _ = padding.node("pad_token")
        _ = try padding.integer("pad_type_id", in: 0...0)
        let id = try padding.integer("pad_id", in: 0...FeatureLimits.tokenIDMax)
        try padding.finish()
        return try id.map { id throws(NotationError) in try checked(id, padding, "pad_id") }
    }

    private static func checkDirection(_ table: TokenizerTable) throws(NotationError) {
        guard let direction = try table.text("direction"), direction != "Right" else { return }
        throw table.error(
            .wrongValue, "direction", "is '\(direction.cutShort)'",
            remedy: "texts are cut and filled up on the right: save the tokenizer so")
    }

    // MARK: Added tokens

    /// The added tokens.
    static func addedTokens(_ tables: [TokenizerTable]) throws(NotationError) -> [AddedToken] {
        var tokens: [AddedToken] = []
        for table in tables {
            guard let id = try table.integer("id", in: 0...FeatureLimits.tokenIDMax) else {
                throw table.missing("id")
            }
            // Whether it is special matters where ids are turned back into text.
            _ = try table.truth("special")
            tokens.append(
                AddedToken(
                    try table.requiredText("content"), id: try checked(id, table, "id"),
                    isSingleWord: try table.truth("single_word") ?? false,
                    stripsLeft: try table.truth("lstrip") ?? false,
                    stripsRight: try table.truth("rstrip") ?? false,
                    isNormalized: try table.truth("normalized") ?? true))
            try table.finish()
        }
        return tokens
    }

    // MARK: Refusals

    /// The error of a kind of step that is not done.
    static func unsupported(
        _ table: TokenizerTable, _ type: String, _ what: String, _ known: String
    ) -> NotationError {
        table.error(
            .wrongValue, "type", "the \(what) \(type.cutShort) is not supported",
            remedy: "supported are \(known)", text: type.cutShort)
    }

    private static func checked(
        _ id: Int, _ table: TokenizerTable, _ key: String
    ) throws(NotationError) -> Int32 {
        guard let short = Int32(exactly: id), id < FeatureLimits.tokenIDMax else {
            throw table.error(.wrongValue, key, "\(id) is no id")
        }
        return short
    }
}
