// Design: merges by rank, with a heap.
//
// Byte-level BPE begins with a symbol for each byte of a word and merges neighbours, always the
// pair of the lowest rank, the leftmost of equals. Trying all pairs for each merge is quadratic,
// and a word may be a megabyte of one letter; so possible merges wait in a heap, and one that has
// been overtaken by another is passed over when it comes up: O(n log n).
//
// A package needs no text of any token: the id of each byte, and for each merge its two ids and
// what they become.

/// What a byte-level BPE model is made of.
package struct BytePairRules: Hashable, Sendable {
    /// Two neighbours and what they become.
    package struct Merge: Hashable, Sendable {
        /// The id of the first.
        package var left: Int32
        /// The id of the second.
        package var right: Int32
        /// The id of the whole.
        package var whole: Int32

        /// Makes a merge.
        package init(left: Int32, right: Int32, whole: Int32) {
            self.left = left
            self.right = right
            self.whole = whole
        }
    }

    /// The id of each of the 256 bytes; -1 for one that the model does not know.
    package var byteIDs: [Int32]
    /// The merges, lowest rank first; no pair twice.
    package var merges: [Merge]
    /// The id that stands for an unknown byte; nil: it is left out.
    package var unknownID: Int32?

    /// Makes rules; `TokenizerRules.validate` checks them.
    package init(byteIDs: [Int32], merges: [Merge], unknownID: Int32? = nil) {
        self.byteIDs = byteIDs
        self.merges = merges
        self.unknownID = unknownID
    }
}

/// Merges the bytes of words into tokens.
struct BytePairModel: Sendable {
    private let byteIDs: [Int32]
    private let unknownID: Int32?
    private let wholes: [Int32]
    // Open addressing, at most half full; a free slot has no rank.
    private let keys: [UInt64]
    private let ranks: [UInt32]
    private let shift: UInt64

    private static let noRank = UInt32.max

    init(_ rules: BytePairRules) {
        byteIDs = rules.byteIDs
        unknownID = rules.unknownID
        wholes = rules.merges.map(\.whole)
        var bits: UInt64 = 3
        while 1 << bits < rules.merges.count * 2 { bits += 1 }
        shift = 64 - bits
        var keys = [UInt64](repeating: 0, count: 1 << bits)
        var ranks = [UInt32](repeating: Self.noRank, count: 1 << bits)
        for (rank, merge) in rules.merges.enumerated() {
            let key = Self.key(merge.left, merge.right)
            let slot = Self.slot(key, keys, ranks, shift)
            keys[slot] = key
            ranks[slot] = UInt32(truncatingIfNeeded: rank)
        }
        self.keys = keys
        self.ranks = ranks
    }

    /// Appends the ids of a word.
    ///
    /// - Complexity: O(n log n) for n bytes. Allocates only to grow the memory.
    func append(_ scalars: [UInt32], _ range: Range<Int>, to memory: inout TextMemory) {
        memory.word.removeAll(keepingCapacity: true)
        for index in range { UTF8Scalars.append(scalars[index], to: &memory.word) }
        begin(&memory)
        merge(&memory.symbols)
        for position in 0..<memory.symbols.ids.count where memory.symbols.ids[position] >= 0 {
            memory.ids.append(memory.symbols.ids[position])
        }
    }

    private func begin(_ memory: inout TextMemory) {
        memory.symbols.reset()
        for index in 0..<memory.word.count {
            let id = byteIDs[Int(memory.word[index])]
            if id >= 0 {
                memory.symbols.append(id)
            } else if let unknownID {
                memory.symbols.append(unknownID)
            }
        }
        var position = 0
        while position < memory.symbols.ids.count - 1 {
            offer(position, &memory.symbols)
            position += 1
        }
    }

    private func merge(_ symbols: inout SymbolList) {
        while let merge = symbols.pop() {
            let position = Int(merge & 0xFFFF_FFFF)
            let whole = wholes[Int(merge >> 32)]
            let next = Int(symbols.next[position])
            // A pair that changed since it was offered is passed over, unless it becomes the same.
            guard symbols.ids[position] >= 0, next >= 0,
                let rank = rank(symbols.ids[position], symbols.ids[next]),
                wholes[Int(rank)] == whole
            else { continue }
            symbols.ids[position] = whole
            symbols.ids[next] = -1
            let after = Int(symbols.next[next])
            symbols.next[position] = Int32(truncatingIfNeeded: after)
            if after >= 0 { symbols.previous[after] = Int32(truncatingIfNeeded: position) }
            let previous = Int(symbols.previous[position])
            if previous >= 0 { offer(previous, &symbols) }
            offer(position, &symbols)
        }
    }

    /// Offers the merge of a symbol with the one behind it, if there is such.
    private func offer(_ position: Int, _ symbols: inout SymbolList) {
        let next = Int(symbols.next[position])
        guard next >= 0, let rank = rank(symbols.ids[position], symbols.ids[next]) else { return }
        symbols.push(UInt64(rank) << 32 | UInt64(position))
    }

    private func rank(_ left: Int32, _ right: Int32) -> UInt32? {
        let slot = Self.slot(Self.key(left, right), keys, ranks, shift)
        return ranks[slot] == Self.noRank ? nil : ranks[slot]
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The slot that holds a key, or the free one where it would be put.
    private static func slot(
        _ key: UInt64, _ keys: [UInt64], _ ranks: [UInt32], _ shift: UInt64
    ) -> Int {
        // Fibonacci hashing: the high bits of a product with 2^64 divided by the golden ratio.
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while ranks[slot] != noRank, keys[slot] != key { slot = (slot + 1) & (keys.count - 1) }
        return slot
    }
}
