/// Which rows of a column have a value: one bit a row, as `RawColumn` takes it.
package struct Presence: Hashable, Sendable {
    /// Least significant bit first; a cleared bit is a missing value, as are all past `count`.
    package private(set) var bits: [UInt8] = []
    /// Number of rows.
    package private(set) var count = 0
    /// Number of rows without a value.
    package private(set) var missingCount = 0

    /// No rows.
    package init() {}

    /// Rows that all have a value.
    package init(allPresent count: Int) {
        bits = [UInt8](repeating: 0xFF, count: count >> 3)
        if count & 7 != 0 { bits.append(1 << UInt8(count & 7) - 1) }
        self.count = count
    }

    /// Whether a row has a value.
    ///
    /// - Precondition: `row` is in `0 ..< count`.
    package subscript(row: Int) -> Bool { bits[row >> 3] >> UInt8(row & 7) & 1 == 1 }

    /// Adds a row.
    package mutating func append(_ isPresent: Bool) {
        if count & 7 == 0 { bits.append(0) }
        if isPresent {
            bits[count >> 3] |= 1 << UInt8(count & 7)
        } else {
            missingCount += 1
        }
        count += 1
    }
}
