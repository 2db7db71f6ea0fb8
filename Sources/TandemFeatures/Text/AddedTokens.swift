// Design: tokens that are found before anything is cut.
//
// Markers such as `[MASK]` are looked for in the text itself, the longest at the leftmost place
// first, and what stands between them is tokenised. The tokens' scalars are sorted, so the search
// at a place narrows a range by bisection, scalar by scalar; a set of first scalars keeps it away
// from nearly all places.

/// A token that is matched in the text as it is written, such as `[MASK]`.
package struct AddedToken: Hashable, Sendable {
    /// What is matched; 1 to 256 bytes.
    package var content: String
    /// Its id.
    package var id: Int32
    /// Whether it is matched only where no word goes on before or behind it.
    package var isSingleWord: Bool
    /// Whether it takes the white space before it.
    package var stripsLeft: Bool
    /// Whether it takes the white space behind it.
    package var stripsRight: Bool
    /// Whether it is normalised and matched in the normalised text.
    package var isNormalized: Bool

    /// Makes a token.
    package init(
        _ content: String, id: Int32, isSingleWord: Bool = false, stripsLeft: Bool = false,
        stripsRight: Bool = false, isNormalized: Bool = false
    ) {
        self.content = content
        self.id = id
        self.isSingleWord = isSingleWord
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
        self.isNormalized = isNormalized
    }
}

/// Tokens that are looked for together.
struct AddedTokenSet: Sendable {
    /// A token in a text, with the white space that it takes.
    struct Match {
        var start: Int
        var end: Int
        var id: Int32
    }

    /// How far a search has come.
    struct Cursor {
        /// Scalars before it were searched.
        fileprivate var searched: Int
        /// The end of the last match, its white space included.
        fileprivate(set) var taken: Int

        init(_ start: Int) {
            searched = start
            taken = start
        }
    }

    // Sorted by their scalars.
    private let contents: [[UInt32]]
    private let tokens: [AddedToken]
    /// Whether a token begins with a scalar of these low bits.
    private let beginsWith: [Bool]
    private let table: UnicodeTable

    /// A set of tokens with what is matched for each, none empty; of two alike the later counts.
    init(_ tokens: [(content: [UInt32], token: AddedToken)], _ table: UnicodeTable) {
        var byContent: [[UInt32]: AddedToken] = [:]
        for (content, token) in tokens where !content.isEmpty { byContent[content] = token }
        let sorted = byContent.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        contents = sorted.map(\.key)
        self.tokens = sorted.map(\.value)
        var beginsWith = [Bool](repeating: false, count: 256)
        for content in contents { beginsWith[Int(content[0] & 255)] = true }
        self.beginsWith = beginsWith
        self.table = table
    }

    /// The next token, or nil if there is none up to the end of the range.
    ///
    /// - Complexity: O(scalars passed over), times the longest token at places where one begins.
    ///   Allocates nothing.
    func next(_ scalars: [UInt32], _ range: Range<Int>, _ cursor: inout Cursor) -> Match? {
        guard !tokens.isEmpty else { return nil }
        while cursor.searched < range.upperBound {
            let start = cursor.searched
            guard beginsWith[Int(scalars[start] & 255)],
                let (end, index) = longest(scalars, start, range.upperBound)
            else {
                cursor.searched += 1
                continue
            }
            cursor.searched = end
            let token = tokens[index]
            if token.isSingleWord, !standsAlone(scalars, range, start, end) { continue }
            var match = Match(start: start, end: end, id: token.id)
            if token.stripsLeft {
                while match.start > range.lowerBound, isSpace(scalars[match.start - 1]) {
                    match.start -= 1
                }
                match.start = max(match.start, cursor.taken)
            }
            if token.stripsRight {
                while match.end < range.upperBound, isSpace(scalars[match.end]) { match.end += 1 }
            }
            return match
        }
        return nil
    }

    /// Takes a match: what follows begins behind it.
    func take(_ match: Match, _ cursor: inout Cursor) { cursor.taken = match.end }

    private func isSpace(_ scalar: UInt32) -> Bool {
        table.scalarClass(scalar).contains(.space)
    }

    private func standsAlone(
        _ scalars: [UInt32], _ range: Range<Int>, _ start: Int, _ end: Int
    ) -> Bool {
        let goesOn = { (index: Int) in table.scalarClass(scalars[index]).contains(.word) }
        return (start == range.lowerBound || !goesOn(start - 1))
            && (end == range.upperBound || !goesOn(end))
    }

    /// The end and the index of the longest token that begins at a place.
    private func longest(
        _ scalars: [UInt32], _ start: Int, _ limit: Int
    ) -> (end: Int, index: Int)? {
        var low = 0
        var high = tokens.count
        var found: (end: Int, index: Int)?
        var depth = 0
        while start + depth < limit {
            let scalar = scalars[start + depth]
            low = bound(low, high, depth, scalar)
            high = bound(low, high, depth, scalar + 1)
            guard low < high else { break }
            depth += 1
            // Of those that begin alike, the one that ends here is the first.
            if contents[low].count == depth {
                found = (start + depth, low)
                low += 1
                if low == high { break }
            }
        }
        return found
    }

    /// The first of some tokens whose scalar at a depth is not below another.
    private func bound(_ low: Int, _ high: Int, _ depth: Int, _ scalar: UInt32) -> Int {
        var low = low
        var high = high
        while low < high {
            let middle = (low + high) / 2
            if contents[middle][depth] < scalar { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
