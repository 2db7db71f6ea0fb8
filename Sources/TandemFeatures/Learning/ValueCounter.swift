/// Counts how often each value occurs, of values given one after the other.
///
/// As `Vocabulary`, three flat arrays and a table of positions, so that a million different values
/// cost their bytes and some 30 more each.
struct ValueCounter: Sendable {
    private var blob: [UInt8] = []
    private var ends: [Int] = []
    private var counts: [Int] = []
    private var slots = [Int32](repeating: -1, count: 1024)

    /// Number of different values.
    var count: Int { counts.count }
    /// Whether no value was counted.
    var isEmpty: Bool { counts.isEmpty }

    /// Counts a value.
    ///
    /// - Returns: False if there are more values, or bytes of them, than a vocabulary may have.
    mutating func add(_ value: UnsafeRawBufferPointer) -> Bool {
        let slot = slot(of: value)
        if slots[slot] >= 0 {
            counts[Int(slots[slot])] += 1
            return true
        }
        guard counts.count < FeatureLimits.vocabularyCountMax,
            value.count <= FeatureLimits.vocabularyByteCountMax - blob.count
        else { return false }
        slots[slot] = Int32(truncatingIfNeeded: counts.count)
        blob.append(contentsOf: value)
        ends.append(blob.count)
        counts.append(1)
        if counts.count * 2 > slots.count { grow() }
        return true
    }

    /// The values that a declaration takes in, most frequent first, equally frequent ones by bytes.
    ///
    /// - Returns: The vocabulary, and how many of the values counted it does not hold.
    func vocabulary(
        _ declaration: VocabularyDeclaration
    ) throws(FeatureError) -> (vocabulary: Vocabulary, unknownValues: Int) {
        var positions = counts.indices.filter { counts[$0] >= declaration.minimumCount }
        blob.withUnsafeBytes { blob in
            positions.sort { left, right in
                if counts[left] != counts[right] { return counts[left] > counts[right] }
                return blob[range(left)].lexicographicallyPrecedes(blob[range(right)])
            }
        }
        var kept: [UInt8] = []
        var byteCounts: [UInt32] = []
        var knownValues = 0
        for position in positions.prefix(declaration.countMax) {
            kept.append(contentsOf: blob[range(position)])
            byteCounts.append(UInt32(range(position).count))
            knownValues += counts[position]
        }
        return (
            try Vocabulary(blob: kept, byteCounts: byteCounts),
            counts.reduce(0, +) - knownValues
        )
    }

    private func range(_ position: Int) -> Range<Int> {
        (position == 0 ? 0 : ends[position - 1])..<ends[position]
    }

    /// The slot that holds a value, or the free one where it would be put.
    private func slot(of value: UnsafeRawBufferPointer) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: XXHash64.hash(value, seed: 0)) & mask
        return blob.withUnsafeBytes { blob -> Int in
            while slots[slot] >= 0 {
                let range = self.range(Int(slots[slot]))
                if range.count == value.count, isEqual(value, blob, at: range.lowerBound) {
                    break
                }
                slot = (slot + 1) & mask
            }
            return slot
        }
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for position in counts.indices {
            // The values differ, so each finds a free slot.
            let slot = blob.withUnsafeBytes { blob in
                self.slot(of: UnsafeRawBufferPointer(rebasing: blob[self.range(position)]))
            }
            slots[slot] = Int32(truncatingIfNeeded: position)
        }
    }
}
