/// How a text becomes the ids of tokens: what a package stores of a tokeniser.
package struct TokenizerRules: Hashable, Sendable {
    /// What makes ids of a word.
    package enum Model: Hashable, Sendable {
        /// The longest pieces of a vocabulary, BERT's way.
        case wordPiece(WordPieceRules)
        /// Merged bytes, GPT-2's way.
        case bytePair(BytePairRules)
    }

    /// The steps that the text goes through first, in order; at most 16.
    package var normalization: [TextNormalization]
    /// How it is cut into words.
    package var splitting: TextSplitting
    /// What makes ids of a word.
    package var model: Model
    /// Tokens that are found in the text before anything else is done; at most 65,536.
    package var addedTokens: [AddedToken]
    /// Ids that stand before the text's own, such as that of `[CLS]`; at most 64.
    package var prefix: [Int32]
    /// Ids that stand behind them, such as that of `[SEP]`; at most 64.
    package var suffix: [Int32]
    /// The id that fills a row up to its length.
    package var paddingID: Int32

    /// Makes rules; `validate` checks them.
    package init(
        normalization: [TextNormalization], splitting: TextSplitting, model: Model,
        addedTokens: [AddedToken] = [], prefix: [Int32] = [], suffix: [Int32] = [],
        paddingID: Int32 = 0
    ) {
        self.normalization = normalization
        self.splitting = splitting
        self.model = model
        self.addedTokens = addedTokens
        self.prefix = prefix
        self.suffix = suffix
        self.paddingID = paddingID
    }

    /// The name of the kind of model, in tables.
    package var modelName: String {
        switch model {
        case .wordPiece: "WordPiece"
        case .bytePair: "byte-level BPE"
        }
    }

    /// One more than the largest id that can come of a text.
    ///
    /// O(merges + tokens).
    package var idCount: Int {
        var largest = ([paddingID] + prefix + suffix + addedTokens.map(\.id)).max() ?? 0
        switch model {
        case .wordPiece(let rules):
            largest = max(largest, rules.unknownID)
            return max(Int(largest) + 1, rules.vocabulary.count)
        case .bytePair(let rules):
            largest = max(largest, rules.unknownID ?? 0, rules.byteIDs.max() ?? 0)
            for merge in rules.merges { largest = max(largest, merge.whole) }
            return Int(largest) + 1
        }
    }
}

extension TokenizerRules {
    /// Checks all that tokenising relies on.
    ///
    /// - Throws: `FeatureError` `invalidTokenizer` or `limitExceeded`; its subject is `tokenizer`.
    func validate() throws(FeatureError) {
        try check(normalization.count, "normalisation steps", 16)
        try check(prefix.count, "ids before a text", FeatureLimits.templateCountMax)
        try check(suffix.count, "ids behind a text", FeatureLimits.templateCountMax)
        try check(addedTokens.count, "added tokens", FeatureLimits.addedTokenCountMax)
        for token in addedTokens {
            guard !token.content.isEmpty else { throw refusal("has an added token without text") }
            try check(
                token.content.utf8.count, "bytes in an added token",
                FeatureLimits.addedTokenByteCountMax)
        }
        try checkIDs(prefix + suffix + [paddingID] + addedTokens.map(\.id))
        switch model {
        case .wordPiece(let rules): try validate(rules)
        case .bytePair(let rules): try validate(rules)
        }
    }

    private func validate(_ rules: WordPieceRules) throws(FeatureError) {
        guard !splitting.isOfBytes else {
            throw refusal("cuts a text into bytes, which WordPiece does not know")
        }
        try checkIDs([rules.unknownID])
        try check(rules.continuation.utf8.count, "bytes in the continuation prefix", 256)
        guard (1...FeatureLimits.textByteCountMax).contains(rules.wordLengthMax) else {
            throw refusal("takes words of \(rules.wordLengthMax) scalars")
        }
    }

    private func validate(_ rules: BytePairRules) throws(FeatureError) {
        guard splitting.isOfBytes else {
            throw refusal("does not cut a text into bytes, which its merges are of")
        }
        guard rules.byteIDs.count == 256 else {
            throw refusal("has ids for \(rules.byteIDs.count) bytes, there are 256")
        }
        try check(rules.merges.count, "merges", FeatureLimits.mergeCountMax)
        try checkIDs(rules.byteIDs.map { max($0, 0) })
        try checkIDs(rules.unknownID.map { [$0] } ?? [])
        var pairs: Set<BytePairRules.Merge> = []
        pairs.reserveCapacity(rules.merges.count)
        for merge in rules.merges {
            try checkIDs([merge.left, merge.right, merge.whole])
            let pair = BytePairRules.Merge(left: merge.left, right: merge.right, whole: 0)
            guard pairs.insert(pair).inserted else {
                throw refusal("merges \(merge.left) and \(merge.right) twice")
            }
        }
    }

    private func checkIDs(_ ids: [Int32]) throws(FeatureError) {
        for id in ids where !(0..<Int32(FeatureLimits.tokenIDMax)).contains(id) {
            throw FeatureError(
                .invalidTokenizer, "tokenizer",
                "has the id \(id), which is not in 0 ..< \(FeatureLimits.tokenIDMax)",
                limit: FeatureLimits.tokenIDMax, actual: Int(id))
        }
    }

    private func check(_ actual: Int, _ what: String, _ limit: Int) throws(FeatureError) {
        guard actual > limit else { return }
        throw FeatureError(
            .limitExceeded, "tokenizer", "has \(actual) \(what), at most \(limit) are allowed",
            limit: limit, actual: actual)
    }

    private func refusal(_ message: String) -> FeatureError {
        FeatureError(.invalidTokenizer, "tokenizer", message)
    }
}
