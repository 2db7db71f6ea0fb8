internal import CProtobufC
internal import CTandemProto
internal import TandemFeatures

extension Manifest {
    // MARK: Writing

    static func message(_ rules: TokenizerRules, _ arena: MessageArena) -> TokenMessage {
        var message = TokenMessage()
        tandem__package__v1__token_encoding__init(&message)
        (message.n_normalization, message.normalization) = arena.numbers(
            rules.normalization.map {
                Tandem__Package__V1__TextNormalization(rawValue: UInt32($0.rawValue))
            })
        switch rules.splitting {
        case .spaces: message.splitting = TANDEM__PACKAGE__V1__TEXT_SPLITTING__TEXT_SPLITTING_SPACES
        case .words: message.splitting = TANDEM__PACKAGE__V1__TEXT_SPLITTING__TEXT_SPLITTING_WORDS
        case .bytes(let addsSpace, let usesPattern):
            message.splitting = TANDEM__PACKAGE__V1__TEXT_SPLITTING__TEXT_SPLITTING_BYTES
            message.adds_space = addsSpace ? 1 : 0
            message.uses_pattern = usesPattern ? 1 : 0
        }
        switch rules.model {
        case .wordPiece(let pieces):
            message.model_case = TANDEM__PACKAGE__V1__TOKEN_ENCODING__MODEL_WORD_PIECE
            message.word_piece = arena.message(Self.message(pieces, arena))
        case .bytePair(let pairs):
            message.model_case = TANDEM__PACKAGE__V1__TOKEN_ENCODING__MODEL_BYTE_PAIR
            message.byte_pair = arena.message(Self.message(pairs, arena))
        }
        (message.n_added_tokens, message.added_tokens) = arena.messages(rules.addedTokens) {
            Self.message($0, arena)
        }
        message.prefix = stored(rules.prefix, arena)
        message.suffix = stored(rules.suffix, arena)
        message.padding_id = UInt32(clamping: rules.paddingID)
        return message
    }

    private static func message(
        _ rules: WordPieceRules, _ arena: MessageArena
    ) -> WordPieceMessage {
        var message = WordPieceMessage()
        tandem__package__v1__word_piece_model__init(&message)
        message.pieces = arena.data(rules.vocabulary.blob)
        message.lengths = stored(rules.vocabulary.byteCounts, arena)
        message.unknown_id = UInt32(clamping: rules.unknownID)
        message.continuation = arena.data(rules.continuation)
        message.word_length_max = UInt32(clamping: rules.wordLengthMax)
        return message
    }

    private static func message(_ rules: BytePairRules, _ arena: MessageArena) -> BytePairMessage {
        var message = BytePairMessage()
        tandem__package__v1__byte_pair_model__init(&message)
        message.byte_ids = stored(rules.byteIDs, arena)
        message.merges = stored(rules.merges.flatMap { [$0.left, $0.right, $0.whole] }, arena)
        if let unknownID = rules.unknownID {
            message.unknown_opt_case =
                TANDEM__PACKAGE__V1__BYTE_PAIR_MODEL__UNKNOWN_OPT_UNKNOWN_ID
            message.unknown_id = UInt32(clamping: unknownID)
        }
        return message
    }

    private static func message(_ token: AddedToken, _ arena: MessageArena) -> AddedTokenMessage {
        var message = AddedTokenMessage()
        tandem__package__v1__added_token__init(&message)
        message.content = arena.data(token.content)
        message.id = UInt32(clamping: token.id)
        message.is_single_word = token.isSingleWord ? 1 : 0
        message.strips_left = token.stripsLeft ? 1 : 0
        message.strips_right = token.stripsRight ? 1 : 0
        message.is_normalized = token.isNormalized ? 1 : 0
        return message
    }

    // MARK: Reading

    /// A tokeniser whose parts were checked.
    static func decodeTokens(_ message: TokenMessage) throws(PackageError) -> Tokenizer {
        let rules = TokenizerRules(
            normalization: try decodeNormalization(message),
            splitting: try decodeSplitting(message), model: try decodeModel(message),
            addedTokens: try decodeList(
                message.n_added_tokens, message.added_tokens, "added tokens",
                max: FeatureLimits.addedTokenCountMax, decodeAddedToken),
            prefix: try decodeIDs(message.prefix), suffix: try decodeIDs(message.suffix),
            paddingID: Int32(clamping: message.padding_id))
        do throws(FeatureError) {
            return try Tokenizer(rules)
        } catch {
            throw invalid("its tokenizer \(error.message)")
        }
    }

    private static func decodeNormalization(
        _ message: TokenMessage
    ) throws(PackageError) -> [TextNormalization] {
        try checkCount(message.n_normalization, "normalisation steps", max: 16)
        var steps: [TextNormalization] = []
        for index in 0..<message.n_normalization {
            let stored = message.normalization?[index].rawValue ?? 0
            guard let raw = UInt8(exactly: stored), let step = TextNormalization(rawValue: raw)
            else { throw invalid("normalisation \(stored) is not known to this version") }
            steps.append(step)
        }
        return steps
    }

    private static func decodeSplitting(
        _ message: TokenMessage
    ) throws(PackageError) -> TextSplitting {
        switch message.splitting {
        case TANDEM__PACKAGE__V1__TEXT_SPLITTING__TEXT_SPLITTING_SPACES: return .spaces
        case TANDEM__PACKAGE__V1__TEXT_SPLITTING__TEXT_SPLITTING_WORDS: return .words
        case TANDEM__PACKAGE__V1__TEXT_SPLITTING__TEXT_SPLITTING_BYTES:
            return .bytes(
                addsSpace: message.adds_space != 0, usesPattern: message.uses_pattern != 0)
        default:
            throw invalid("splitting \(message.splitting.rawValue) is not known to this version")
        }
    }

    private static func decodeModel(
        _ message: TokenMessage
    ) throws(PackageError) -> TokenizerRules.Model {
        switch message.model_case {
        case TANDEM__PACKAGE__V1__TOKEN_ENCODING__MODEL_WORD_PIECE:
            guard let model = message.word_piece?.pointee else { break }
            return .wordPiece(
                WordPieceRules(
                    vocabulary: try decodeValues(model.pieces, model.lengths),
                    unknownID: Int32(clamping: model.unknown_id),
                    continuation: try model.continuation.text("the continuation", 0...256),
                    wordLengthMax: Int(model.word_length_max)))
        case TANDEM__PACKAGE__V1__TOKEN_ENCODING__MODEL_BYTE_PAIR:
            guard let model = message.byte_pair?.pointee else { break }
            let hasUnknown =
                model.unknown_opt_case
                == TANDEM__PACKAGE__V1__BYTE_PAIR_MODEL__UNKNOWN_OPT_UNKNOWN_ID
            return .bytePair(
                BytePairRules(
                    byteIDs: try decodeNumbers(model.byte_ids, "the ids of bytes")
                        .map { Int32(bitPattern: $0) },
                    merges: try decodeMerges(model),
                    unknownID: hasUnknown ? Int32(clamping: model.unknown_id) : nil))
        default: break
        }
        throw invalid("the tokenizer has no model that this version knows")
    }

    private static func decodeMerges(
        _ message: BytePairMessage
    ) throws(PackageError) -> [BytePairRules.Merge] {
        let ids = try decodeIDs(message.merges)
        guard ids.count % 3 == 0 else { throw invalid("the merges are cut") }
        return (0..<ids.count / 3).map {
            BytePairRules.Merge(left: ids[$0 * 3], right: ids[$0 * 3 + 1], whole: ids[$0 * 3 + 2])
        }
    }

    private static func decodeIDs(_ field: ProtobufCBinaryData) throws(PackageError) -> [Int32] {
        try decodeNumbers(field, "the ids").map { Int32(clamping: $0) }
    }

    private static func decodeAddedToken(
        _ message: AddedTokenMessage
    ) throws(PackageError) -> AddedToken {
        AddedToken(
            try message.content.text(
                "an added token", 1...FeatureLimits.addedTokenByteCountMax),
            id: Int32(clamping: message.id), isSingleWord: message.is_single_word != 0,
            stripsLeft: message.strips_left != 0, stripsRight: message.strips_right != 0,
            isNormalized: message.is_normalized != 0)
    }
}
