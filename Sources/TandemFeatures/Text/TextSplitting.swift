/// How a normalised text is cut into words.
package enum TextSplitting: Hashable, Sendable {
    /// At white space.
    case spaces
    /// At white space; each punctuation mark is a word of its own. BERT's way.
    case words
    /// White space belongs to words and bytes are the letters of the model. GPT-2's way.
    ///
    /// `addsSpace`: whether a space is put before a text that does not begin with one.
    /// `usesPattern`: whether the text is cut at all, by the pattern
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
    case bytes(addsSpace: Bool, usesPattern: Bool)

    /// Whether words are made of bytes, as a BytePair model wants them.
    package var isOfBytes: Bool {
        if case .bytes = self { true } else { false }
    }

    /// The next word from a place on, or nil if there is none.
    ///
    /// The search goes on behind it. Allocates nothing; O(scalars up to the word's end).
    func nextWord(_ scalars: [UInt32], from start: Int, _ table: UnicodeTable) -> Range<Int>? {
        switch self {
        case .bytes(_, true):
            start < scalars.count
                ? start..<BytePattern.end(scalars, from: start, table) : nil
        case .bytes(_, false): start < scalars.count ? start..<scalars.count : nil
        case .words: Self.word(scalars, from: start, table, splitsPunctuation: true)
        case .spaces: Self.word(scalars, from: start, table, splitsPunctuation: false)
        }
    }

    private static func word(
        _ scalars: [UInt32], from start: Int, _ table: UnicodeTable, splitsPunctuation: Bool
    ) -> Range<Int>? {
        var begin = start
        while begin < scalars.count, table.scalarClass(scalars[begin]).contains(.space) {
            begin += 1
        }
        guard begin < scalars.count else { return nil }
        let ends: ScalarClass = splitsPunctuation ? .spaceOrPunctuation : .space
        var end = begin
        while end < scalars.count, table.scalarClass(scalars[end]).isDisjoint(with: ends) {
            end += 1
        }
        // It begins with a punctuation mark: that is the word.
        return begin..<max(end, begin + 1)
    }
}

/// The pattern by which GPT-2 cuts texts, see `TextSplitting.bytes`.
///
/// Its alternatives are tried in their order at each place; together they match everything, so the
/// words are the text, end to end.
private enum BytePattern {
    /// The end of the word that begins at a place.
    static func end(_ scalars: [UInt32], from start: Int, _ table: UnicodeTable) -> Int {
        if scalars[start] == UInt32(UInt8(ascii: "'")), let end = contraction(scalars, start) {
            return end
        }
        var first = start
        if scalars[start] == 0x20, start + 1 < scalars.count,
            kind(scalars[start + 1], table) != .patternSpace
        {
            first += 1
        }
        let wanted = kind(scalars[first], table)
        var end = first + 1
        while end < scalars.count, kind(scalars[end], table) == wanted { end += 1 }
        // Of white space before a word, the last scalar is left to the next match.
        if wanted == .patternSpace, end < scalars.count, end - first > 1 { end -= 1 }
        return end
    }

    /// Letter, number, space, or nothing of these.
    @inline(__always)
    private static func kind(_ scalar: UInt32, _ table: UnicodeTable) -> ScalarClass {
        table.scalarClass(scalar).intersection(.patternKinds)
    }

    /// The end of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d`.
    private static func contraction(_ scalars: [UInt32], _ start: Int) -> Int? {
        guard start + 1 < scalars.count else { return nil }
        let first = scalars[start + 1]
        switch UInt8(exactly: first) {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return start + 2
        default: break
        }
        guard start + 2 < scalars.count else { return nil }
        let e = UInt32(UInt8(ascii: "e"))
        let l = UInt32(UInt8(ascii: "l"))
        switch (UInt8(exactly: first), scalars[start + 2]) {
        case (UInt8(ascii: "r"), e), (UInt8(ascii: "v"), e), (UInt8(ascii: "l"), l):
            return start + 3
        default: return nil
        }
    }
}
