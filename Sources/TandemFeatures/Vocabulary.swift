/// The known values of a feature, each with its position; immutable, compact, shared by copies.
///
/// Values are bytes (a text, or the 8 little-endian bytes of a whole number), concatenated into one
/// blob with offsets beside an open-addressing table of positions, so that a million entries cost
/// their bytes plus 12 to 16 bytes each and a look-up touches two cache lines.
package final class Vocabulary: Hashable, Sendable {
    private let blob: [UInt8]
    private let offsets: [Int]
    private let slots: [Int32]
    private let mask: Int

    /// Makes a vocabulary from values in the order of their positions.
    ///
    /// - Returns: Nil if a value stands twice or there are more than 2^30.
    package init?(values: [[UInt8]]) {
        guard values.count <= 1 << 30 else { return nil }
        var blob: [UInt8] = []
        var offsets = [0]
        blob.reserveCapacity(values.reduce(0) { $0 + $1.count })
        offsets.reserveCapacity(values.count + 1)
        for value in values {
            blob.append(contentsOf: value)
            offsets.append(blob.count)
        }
        var capacity = 8
        while capacity < values.count * 2 { capacity *= 2 }
        var slots = [Int32](repeating: -1, count: capacity)
        for position in values.indices {
            let isFresh = values[position].withUnsafeBytes { bytes in
                Self.insert(position, bytes, &slots, blob, offsets)
            }
            if !isFresh { return nil }
        }
        self.blob = blob
        self.offsets = offsets
        self.slots = slots
        mask = capacity - 1
    }

    /// Number of values.
    package var count: Int { offsets.count - 1 }

    /// The bytes of the value at a position.
    ///
    /// - Precondition: `position` is in `0 ..< count`.
    package func value(at position: Int) -> [UInt8] {
        Array(blob[offsets[position]..<offsets[position + 1]])
    }

    /// The position of a value, or nil if it is not known. Allocates nothing.
    package func position(of value: UnsafeRawBufferPointer) -> Int? {
        blob.withUnsafeBytes { blob in
            var slot = Int(truncatingIfNeeded: XXHash64.hash(value, seed: 0)) & mask
            while true {
                let position = Int(slots[slot])
                if position < 0 { return nil }
                let start = offsets[position]
                if Self.equal(value, blob, start, offsets[position + 1] - start) {
                    return position
                }
                slot = (slot + 1) & mask
            }
        }
    }

    package static func == (left: Vocabulary, right: Vocabulary) -> Bool {
        left === right || (left.offsets == right.offsets && left.blob == right.blob)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        hasher.combine(blob.count)
    }

    private static func insert(
        _ position: Int, _ value: UnsafeRawBufferPointer, _ slots: inout [Int32], _ blob: [UInt8],
        _ offsets: [Int]
    ) -> Bool {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: XXHash64.hash(value, seed: 0)) & mask
        return blob.withUnsafeBytes { blob in
            while slots[slot] >= 0 {
                let other = Int(slots[slot])
                let start = offsets[other]
                if equal(value, blob, start, offsets[other + 1] - start) { return false }
                slot = (slot + 1) & mask
            }
            slots[slot] = Int32(position)
            return true
        }
    }

    private static func equal(
        _ value: UnsafeRawBufferPointer, _ blob: UnsafeRawBufferPointer, _ start: Int, _ count: Int
    ) -> Bool {
        guard value.count == count else { return false }
        for index in 0..<count where value[index] != blob[start + index] { return false }
        return true
    }
}
