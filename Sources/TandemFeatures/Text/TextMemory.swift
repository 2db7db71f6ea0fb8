// Design: memory that grows to the longest text and stays.
//
// Texts are tokenised in arrays that a thread keeps from one to the next. They grow to what the
// longest text needs, so in steady state nothing is allocated; after an unusually long text they
// are given back, or one hostile megabyte would cost every thread 40 of them for ever.

/// What encoding texts works in; one a thread, reused from call to call.
///
/// A fresh one owns no memory.
package struct TextMemory: Sendable {
    /// More scalars of a text than these are given back after it.
    private static let keptScalarCountMax = 1 << 16

    /// The ids of the text that was tokenised last.
    package internal(set) var ids: [Int32] = []
    /// The text.
    var scalars: [UInt32] = []
    /// A stretch of it, normalised, and what a step of that is written to.
    var normalized: [UInt32] = []
    var spare: [UInt32] = []
    /// The bytes of a word.
    var word: [UInt8] = []
    /// The symbols of a word while they are merged.
    var symbols = SymbolList()

    /// Makes memory that owns nothing yet.
    package init() {}

    /// Gives back what only a very long text needs; the ids stay.
    mutating func trim() {
        guard scalars.count > Self.keptScalarCountMax else { return }
        var kept = TextMemory()
        swap(&kept.ids, &ids)
        self = kept
    }
}

/// The symbols of a word, linked to their neighbours, and the merges that are possible.
struct SymbolList: Sendable {
    /// The id of each, or -1 where it was merged into the one before.
    var ids: [Int32] = []
    /// Positions of neighbours, -1 at the ends.
    var previous: [Int32] = []
    var next: [Int32] = []
    /// A heap, smallest first: a merge's rank in the high half, a position in the low one.
    var merges: [UInt64] = []

    /// Begins with a row of symbols.
    mutating func reset() {
        ids.removeAll(keepingCapacity: true)
        previous.removeAll(keepingCapacity: true)
        next.removeAll(keepingCapacity: true)
        merges.removeAll(keepingCapacity: true)
    }

    /// Appends a symbol.
    mutating func append(_ id: Int32) {
        let position = Int32(truncatingIfNeeded: ids.count)
        if position > 0 { next[Int(position) - 1] = position }
        ids.append(id)
        previous.append(position - 1)
        next.append(-1)
    }

    // Plain indexing below: what the library has for it, unoptimised builds allocate for.

    /// Adds a merge.
    mutating func push(_ merge: UInt64) {
        merges.append(merge)
        var child = merges.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard merge < merges[parent] else { break }
            merges[child] = merges[parent]
            child = parent
        }
        merges[child] = merge
    }

    /// Takes the merge of the lowest rank, the leftmost of those; nil if there is none.
    mutating func pop() -> UInt64? {
        guard !merges.isEmpty else { return nil }
        let first = merges[0]
        let last = merges.removeLast()
        let count = merges.count
        guard count > 0 else { return first }
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < count else { break }
            if child + 1 < count, merges[child + 1] < merges[child] { child += 1 }
            guard merges[child] < last else { break }
            merges[parent] = merges[child]
            parent = child
        }
        merges[parent] = last
        return first
    }
}
