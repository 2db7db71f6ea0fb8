// Design: one tokeniser for imported and for trained encoders, with the ids of another.
//
// People bring models that were trained on the ids of Hugging Face's `tokenizers` package; one id
// that differs is another sentence. So what is done here is what that package does, step by step
// and quirk by quirk, for the kinds of tokenisers that sentence encoders have: added tokens are
// found, the rest is normalised, cut into words, and made into ids by WordPiece or by byte-level
// BPE. The interop tests compare all ids on real and on hostile texts.
//
// What was rejected: the package itself (Rust and a foreign interface in the daemon), regular
// expressions (Foundation, allocation, and patterns that are hostile input), and composing a
// pipeline of arbitrary steps, of which nearly all combinations exist nowhere. What is not known
// here is refused by name when a tokeniser is read.
//
// A text is taken as a whole. Only as many ids are made as fit a row, one more to know that it was
// cut; a longer text costs its normalisation and no more.

/// Makes ids of texts; immutable, shared by copies, usable by many threads.
package final class Tokenizer: Hashable, Sendable {
    /// What is done, as packages store it.
    package let rules: TokenizerRules
    /// One more than the largest id.
    package let idCount: Int

    /// The id of what the model does not know; nil if there is none.
    let unknownID: Int32?

    private enum Model: Sendable {
        case wordPiece(WordPieceModel)
        case bytePair(BytePairModel)
    }

    private let model: Model
    private let table: UnicodeTable
    private let verbatimTokens: AddedTokenSet
    private let normalizedTokens: AddedTokenSet

    /// Makes a tokeniser.
    ///
    /// - Throws: `FeatureError` `invalidTokenizer` or `limitExceeded`; its subject is `tokenizer`.
    package init(_ rules: TokenizerRules) throws(FeatureError) {
        try rules.validate()
        self.rules = rules
        idCount = rules.idCount
        table = UnicodeTable.shared
        switch rules.model {
        case .wordPiece(let rules):
            model = .wordPiece(WordPieceModel(rules))
            unknownID = rules.unknownID
        case .bytePair(let rules):
            model = .bytePair(BytePairModel(rules))
            unknownID = rules.unknownID
        }
        var memory = TextMemory()
        var verbatim: [(content: [UInt32], token: AddedToken)] = []
        var normalized: [(content: [UInt32], token: AddedToken)] = []
        for token in rules.addedTokens {
            let content = token.content.unicodeScalars.map(\.value)
            if token.isNormalized {
                Self.normalize(content, 0..<content.count, rules.normalization, table, &memory)
                normalized.append((memory.normalized, token))
            } else {
                verbatim.append((content, token))
            }
        }
        verbatimTokens = AddedTokenSet(verbatim, table)
        normalizedTokens = AddedTokenSet(normalized, table)
    }

    package static func == (left: Tokenizer, right: Tokenizer) -> Bool {
        left === right || left.rules == right.rules
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(idCount)
        hasher.combine(rules.addedTokens)
    }

    // MARK: Tokenising

    /// What came of a text.
    package enum Outcome: Sendable {
        /// Its ids are in the memory, prefix and suffix included.
        case whole
        /// The same, but they were cut at the longest length.
        case cut
        /// It is not UTF-8.
        case invalid
    }

    /// Makes the ids of a text.
    ///
    /// - Parameters:
    ///   - text: UTF-8, any length.
    ///   - lengthMax: The most ids, with prefix and suffix; what does not fit is left out of the
    ///     text's end. At least as many as prefix and suffix have.
    ///   - memory: `ids` are overwritten.
    /// - Returns: Whether all of the text is in the ids.
    /// - Complexity: O(bytes) for WordPiece, O(n log n) for BPE. Allocates only to grow the memory.
    package func encode(
        _ text: UnsafeRawBufferPointer, lengthMax: Int, _ memory: inout TextMemory
    ) -> Outcome {
        memory.ids.removeAll(keepingCapacity: true)
        defer { memory.trim() }
        guard UTF8Scalars.read(text, into: &memory.scalars) else { return .invalid }
        for index in 0..<rules.prefix.count { memory.ids.append(rules.prefix[index]) }
        let limit = max(lengthMax - rules.suffix.count, 0)
        appendText(&memory, limit: limit)
        let isCut = memory.ids.count > limit
        if isCut { memory.ids.removeLast(memory.ids.count - limit) }
        for index in 0..<rules.suffix.count { memory.ids.append(rules.suffix[index]) }
        return isCut ? .cut : .whole
    }

    /// Appends a text's ids until there are more than a limit.
    private func appendText(_ memory: inout TextMemory, limit: Int) {
        let range = 0..<memory.scalars.count
        var cursor = AddedTokenSet.Cursor(0)
        while memory.ids.count <= limit,
            let match = verbatimTokens.next(memory.scalars, range, &cursor)
        {
            appendStretch(cursor.taken..<max(match.start, cursor.taken), &memory, limit: limit)
            memory.ids.append(match.id)
            verbatimTokens.take(match, &cursor)
        }
        appendStretch(
            min(cursor.taken, range.upperBound)..<range.upperBound, &memory, limit: limit)
    }

    /// Appends the ids of a stretch of the text without verbatim tokens.
    private func appendStretch(_ range: Range<Int>, _ memory: inout TextMemory, limit: Int) {
        guard !range.isEmpty, memory.ids.count <= limit else { return }
        Self.normalize(memory.scalars, range, rules.normalization, table, &memory)
        let range = 0..<memory.normalized.count
        var cursor = AddedTokenSet.Cursor(0)
        while memory.ids.count <= limit,
            let match = normalizedTokens.next(memory.normalized, range, &cursor)
        {
            appendWords(cursor.taken..<max(match.start, cursor.taken), &memory, limit: limit)
            memory.ids.append(match.id)
            normalizedTokens.take(match, &cursor)
        }
        appendWords(
            min(cursor.taken, range.upperBound)..<range.upperBound, &memory, limit: limit)
    }

    /// Appends the ids of a stretch of the normalised text without any added token.
    private func appendWords(_ range: Range<Int>, _ memory: inout TextMemory, limit: Int) {
        guard !range.isEmpty else { return }
        memory.spare.removeAll(keepingCapacity: true)
        if case .bytes(addsSpace: true, _) = rules.splitting,
            memory.normalized[range.lowerBound] != 0x20
        {
            memory.spare.append(0x20)
        }
        // Not as a slice, which unoptimised builds allocate.
        for index in range.lowerBound..<range.upperBound {
            memory.spare.append(memory.normalized[index])
        }
        let scalars = memory.spare
        var start = 0
        while memory.ids.count <= limit,
            let word = rules.splitting.nextWord(scalars, from: start, table)
        {
            switch model {
            case .wordPiece(let model): model.append(scalars, word, to: &memory)
            case .bytePair(let model): model.append(scalars, word, to: &memory)
            }
            start = word.upperBound
        }
    }

    /// Normalises a stretch of a text into `memory.normalized`.
    private static func normalize(
        _ scalars: [UInt32], _ range: Range<Int>, _ steps: [TextNormalization],
        _ table: UnicodeTable, _ memory: inout TextMemory
    ) {
        memory.normalized.removeAll(keepingCapacity: true)
        for index in range.lowerBound..<range.upperBound {
            memory.normalized.append(scalars[index])
        }
        for index in 0..<steps.count {
            steps[index].apply(memory.normalized, into: &memory.spare, table)
            swap(&memory.normalized, &memory.spare)
        }
    }
}
