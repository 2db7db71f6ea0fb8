// Design: ranking rows is selecting small integers.
//
// A row's combined score becomes 32 bits that sort as the score does, best first, with NaN last;
// the row's index goes below it. So the order of the 64-bit keys is the ranking, ties keep the
// request's order without a stable sort, and no comparison looks anything up. A heap of k keys
// finds the best k in O(n log k) and is then sorted in place: nothing is allocated, which Swift's
// own sort does.

/// Chooses and orders the best rows.
enum RowSelection {
    /// Writes the `count` best rows into the front of `keys`, best first; `row(of:)` reads them.
    ///
    /// - Parameters:
    ///   - scores: One number a row; higher is better, NaN is worst.
    ///   - rowCount: Rows.
    ///   - count: How many to choose; 0 ... `rowCount`.
    ///   - keys: Room for `count` keys; overwritten.
    /// - Complexity: O(rows x log count). Allocates nothing.
    static func select(
        _ scores: UnsafePointer<Float>, rowCount: Int, count: Int,
        keys: UnsafeMutablePointer<UInt64>
    ) {
        precondition(count >= 0 && count <= rowCount && rowCount <= Int(UInt32.max))
        guard count > 0 else { return }
        for row in 0..<count { keys[row] = key(scores[row], row) }
        for parent in stride(from: count / 2 - 1, through: 0, by: -1) { sink(keys, parent, count) }
        for row in count..<rowCount {
            let key = key(scores[row], row)
            if key < keys[0] {
                keys[0] = key
                sink(keys, 0, count)
            }
        }
        for end in stride(from: count - 1, to: 0, by: -1) {
            (keys[0], keys[end]) = (keys[end], keys[0])
            sink(keys, 0, end)
        }
    }

    /// The row that a key stands for.
    static func row(of key: UInt64) -> Int { Int(key & 0xFFFF_FFFF) }

    private static func key(_ score: Float, _ row: Int) -> UInt64 {
        UInt64(order(score)) << 32 | UInt64(UInt32(truncatingIfNeeded: row))
    }

    /// Bits that ascend as scores descend: 0xFFFF_FFFF for NaN, equal for 0 and -0.
    private static func order(_ score: Float) -> UInt32 {
        if score.isNaN { return .max }
        let bits = (score + 0).bitPattern
        // Positive floats ascend with their bits, so inverted they descend; negative ones ascend
        // in magnitude already and lie above all inverted positive ones.
        return bits >> 31 == 0 ? 0x7FFF_FFFF - bits : bits
    }

    private static func sink(_ keys: UnsafeMutablePointer<UInt64>, _ start: Int, _ count: Int) {
        var parent = start
        let key = keys[parent]
        while true {
            var child = 2 * parent + 1
            guard child < count else { break }
            if child + 1 < count, keys[child] < keys[child + 1] { child += 1 }
            guard key < keys[child] else { break }
            keys[parent] = keys[child]
            parent = child
        }
        keys[parent] = key
    }
}
