// Design: a vocabulary is three flat arrays.
//
// A million values as Swift strings would be a million allocations and 50 MB. Here they lie end to
// end in one blob with 32-bit offsets, beside an open-addressing table of positions that is at most
// half full: the values' bytes plus 12 to 20 bytes each, built in one pass, looked up with one hash
// and, for a known value, three cache lines. The order of the values is the order of their ids and
// is what a package stores; the table is made again at load.

import Glibc

/// The known values of a feature, each with its position; immutable, compact, shared by copies.
///
/// Values are bytes: a text, or the 8 little-endian bytes of a whole number.
package final class Vocabulary: Hashable, Sendable {
    /// All values end to end, in the order of their positions.
    package let blob: [UInt8]
    private let offsets: [UInt32]
    private let slots: [Int32]

    /// Makes a vocabulary from values end to end, as packages store them.
    ///
    /// - Parameters:
    ///   - blob: The values.
    ///   - byteCounts: The byte length of each value; their sum is the blob's.
    /// - Throws: `FeatureError` `invalidVocabulary` if a value stands twice or the lengths do not
    ///   fit the blob, `limitExceeded` if there are too many values or bytes.
    package init(blob: [UInt8], byteCounts: [UInt32]) throws(FeatureError) {
        offsets = try Self.offsets(byteCounts, blobByteCount: blob.count)
        slots = try Self.table(blob, offsets)
        self.blob = blob
    }

    /// Makes a vocabulary from values in the order of their positions.
    ///
    /// - Returns: Nil if a value stands twice, or there are too many values or bytes.
    package convenience init?(values: [[UInt8]]) {
        let byteCount = values.reduce(0) { $0 + $1.count }
        guard byteCount <= FeatureLimits.vocabularyByteCountMax else { return nil }
        var blob: [UInt8] = []
        blob.reserveCapacity(byteCount)
        for value in values { blob.append(contentsOf: value) }
        do throws(FeatureError) {
            try self.init(blob: blob, byteCounts: values.map { UInt32($0.count) })
        } catch {
            return nil
        }
    }

    /// Makes a vocabulary of whole numbers in the order of their positions.
    ///
    /// - Returns: Nil if a number stands twice, or there are too many.
    package convenience init?(integers: [Int64]) {
        var blob: [UInt8] = []
        blob.reserveCapacity(integers.count * 8)
        for integer in integers {
            withUnsafeBytes(of: integer.littleEndian) { blob.append(contentsOf: $0) }
        }
        do throws(FeatureError) {
            try self.init(blob: blob, byteCounts: integers.map { _ in 8 })
        } catch {
            return nil
        }
    }

    /// Number of values.
    package var count: Int { offsets.count - 1 }

    /// The byte length of each value, as packages store them.
    ///
    /// O(count).
    package var byteCounts: [UInt32] {
        (0..<count).map { offsets[$0 + 1] - offsets[$0] }
    }

    /// The bytes of the value at a position.
    ///
    /// - Precondition: `position` is in `0 ..< count`.
    package func value(at position: Int) -> [UInt8] {
        Array(blob[Int(offsets[position])..<Int(offsets[position + 1])])
    }

    /// The position of a value, or nil if it is not known.
    ///
    /// Allocates nothing; O(1) expected.
    package func position(of value: UnsafeRawBufferPointer) -> Int? {
        blob.withUnsafeBytes { blob in
            offsets.withUnsafeBufferPointer { offsets in
                slots.withUnsafeBufferPointer { slots in
                    let slot = Self.slot(of: value, slots, blob, offsets)
                    let position = slots[slot]
                    return position < 0 ? nil : Int(position)
                }
            }
        }
    }

    /// The position of a whole number, or nil if it is not known.
    ///
    /// Allocates nothing.
    package func position(of value: Int64) -> Int? {
        withUnsafeBytes(of: value.littleEndian) { position(of: $0) }
    }

    package static func == (left: Vocabulary, right: Vocabulary) -> Bool {
        left === right || (left.offsets == right.offsets && left.blob == right.blob)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        hasher.combine(blob.count)
    }

    // MARK: Building

    private static func offsets(
        _ byteCounts: [UInt32], blobByteCount: Int
    ) throws(FeatureError) -> [UInt32] {
        try check(byteCounts.count, "values", FeatureLimits.vocabularyCountMax)
        try check(blobByteCount, "bytes", FeatureLimits.vocabularyByteCountMax)
        var offsets: [UInt32] = [0]
        offsets.reserveCapacity(byteCounts.count + 1)
        var end: UInt64 = 0  // At most 2^24 values of 2^32 bytes: cannot wrap.
        for byteCount in byteCounts {
            end += UInt64(byteCount)
            guard end <= UInt64(blobByteCount) else { break }
            offsets.append(UInt32(end))
        }
        guard end == UInt64(blobByteCount) else {
            throw FeatureError(
                .invalidVocabulary, "vocabulary",
                "the values' lengths do not add up to the \(blobByteCount) bytes there are",
                limit: blobByteCount, actual: Int(clamping: end))
        }
        return offsets
    }

    private static func check(_ actual: Int, _ what: String, _ limit: Int) throws(FeatureError) {
        guard actual > limit else { return }
        throw FeatureError(
            .limitExceeded, "vocabulary", "has \(actual) \(what), at most \(limit) are allowed",
            limit: limit, actual: actual)
    }

    /// The positions by hash, at most half of the table used; -1 is a free slot.
    private static func table(
        _ blob: [UInt8], _ offsets: [UInt32]
    ) throws(FeatureError) -> [Int32] {
        let count = offsets.count - 1
        var capacity = 8
        while capacity < count * 2 { capacity *= 2 }
        var slots = [Int32](repeating: -1, count: capacity)
        let twin: Int? = blob.withUnsafeBytes { blob in
            offsets.withUnsafeBufferPointer { offsets in
                slots.withUnsafeMutableBufferPointer { slots in
                    for position in 0..<count {
                        let range = Int(offsets[position])..<Int(offsets[position + 1])
                        let value = UnsafeRawBufferPointer(rebasing: blob[range])
                        let slot = slot(of: value, UnsafeBufferPointer(slots), blob, offsets)
                        if slots[slot] >= 0 { return position }
                        slots[slot] = Int32(truncatingIfNeeded: position)
                    }
                    return nil
                }
            }
        }
        if let twin {
            throw FeatureError(
                .invalidVocabulary, "vocabulary",
                "the value at position \(twin) stands there twice", actual: twin)
        }
        return slots
    }

    /// The slot that holds a value, or the free one where it would be put.
    private static func slot(
        of value: UnsafeRawBufferPointer, _ slots: UnsafeBufferPointer<Int32>,
        _ blob: UnsafeRawBufferPointer, _ offsets: UnsafeBufferPointer<UInt32>
    ) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: XXHash64.hash(value, seed: 0)) & mask
        while true {
            let position = Int(slots[slot])
            if position < 0 { return slot }
            let start = Int(offsets[position])
            let byteCount = Int(offsets[position + 1]) - start
            if byteCount == value.count, isEqual(value, blob, at: start) { return slot }
            slot = (slot + 1) & mask
        }
    }
}

/// Whether a value's bytes stand at a place of a blob that has as many from there on.
func isEqual(
    _ value: UnsafeRawBufferPointer, _ blob: UnsafeRawBufferPointer, at start: Int
) -> Bool {
    guard let left = value.baseAddress, let right = blob.baseAddress else { return value.isEmpty }
    return memcmp(left, right + start, value.count) == 0
}
