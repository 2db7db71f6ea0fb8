// Design: the longest piece first, in one buffer.
//
// A word's bytes stand in a buffer with room for the continuation prefix before them. The piece
// that is looked up is a stretch of the buffer; behind the first one the prefix overwrites bytes
// that were matched already, so that prefix and rest are one stretch again. No piece is longer
// than the vocabulary's longest, which bounds the tries at each place.

/// What a WordPiece model is made of.
package struct WordPieceRules: Hashable, Sendable {
    /// The pieces; a piece's position is its id.
    package var vocabulary: Vocabulary
    /// The id of a word that is not made of known pieces.
    package var unknownID: Int32
    /// What stands before a piece that does not begin a word, such as `##`; at most 256 bytes.
    package var continuation: String
    /// Scalars of a word; a longer one is unknown.
    package var wordLengthMax: Int

    /// Makes rules; `TokenizerRules.validate` checks them.
    package init(
        vocabulary: Vocabulary, unknownID: Int32, continuation: String = "##",
        wordLengthMax: Int = 100
    ) {
        self.vocabulary = vocabulary
        self.unknownID = unknownID
        self.continuation = continuation
        self.wordLengthMax = wordLengthMax
    }
}

/// Cuts words into the longest pieces that a vocabulary knows, from the left.
struct WordPieceModel: Sendable {
    private let rules: WordPieceRules
    private let prefix: [UInt8]
    private let pieceByteCountMax: Int

    init(_ rules: WordPieceRules) {
        self.rules = rules
        prefix = Array(rules.continuation.utf8)
        pieceByteCountMax = rules.vocabulary.byteCounts.max().map { Int($0) } ?? 0
    }

    /// Appends the ids of a word: those of its pieces, or the unknown one.
    ///
    /// - Complexity: O(bytes × the longest piece). Allocates only to grow the memory.
    func append(_ scalars: [UInt32], _ range: Range<Int>, to memory: inout TextMemory) {
        guard range.count <= rules.wordLengthMax else {
            memory.ids.append(rules.unknownID)
            return
        }
        memory.word.removeAll(keepingCapacity: true)
        for index in 0..<prefix.count { memory.word.append(prefix[index]) }
        for index in range { UTF8Scalars.append(scalars[index], to: &memory.word) }
        let first = memory.ids.count
        let end = memory.word.count
        var start = prefix.count
        while start < end {
            var begin = start
            if start > prefix.count {
                begin -= prefix.count
                for index in 0..<prefix.count { memory.word[begin + index] = prefix[index] }
            }
            guard let piece = longest(memory.word, begin, start, end) else {
                memory.ids.removeLast(memory.ids.count - first)
                memory.ids.append(rules.unknownID)
                return
            }
            memory.ids.append(Int32(truncatingIfNeeded: piece.id))
            start = piece.end
        }
    }

    /// The longest known piece from `begin` on that ends behind `start`.
    private func longest(
        _ word: [UInt8], _ begin: Int, _ start: Int, _ end: Int
    ) -> (id: Int, end: Int)? {
        word.withUnsafeBytes { word in
            var stop = min(end, begin + pieceByteCountMax)
            while stop < end, stop > start, isContinuing(word[stop]) { stop -= 1 }
            while stop > start {
                let piece = UnsafeRawBufferPointer(rebasing: word[begin..<stop])
                if let id = rules.vocabulary.position(of: piece) { return (id, stop) }
                stop -= 1
                while stop > start, isContinuing(word[stop]) { stop -= 1 }
            }
            return nil
        }
    }

    private func isContinuing(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
