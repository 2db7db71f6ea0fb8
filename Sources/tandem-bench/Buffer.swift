import TandemGraph

/// Aligned memory for operands, given back when it goes.
final class Buffer<Element: BitwiseCopyable> {
    let base: UnsafeMutablePointer<Element>
    let count: Int

    /// 64-byte aligned, with whatever was there before.
    init(uninitialized count: Int) {
        let bytes = max(64, count * MemoryLayout<Element>.stride)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        self.base = memory.bindMemory(to: Element.self, capacity: count)
        self.count = count
    }

    /// Filled by calling `fill` with each index.
    convenience init(count: Int, fill: (Int) -> Element) {
        self.init(uninitialized: count)
        for index in 0..<count { (base + index).initialize(to: fill(index)) }
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }
}

extension Buffer where Element == Float {
    /// Small numbers of both signs, the same each time.
    convenience init(floats count: Int) {
        self.init(count: count) { Float(($0 &* 37) % 101 - 50) / 50 }
    }
}

extension Buffer where Element == Int8 {
    /// The range of int8 without -128, the same each time.
    convenience init(bytes count: Int) {
        self.init(count: count) { Int8(($0 &* 37) % 255 - 127) }
    }
}

extension Buffer where Element == Int8 {
    /// Rows of an int8 table, each ending with its scale.
    convenience init(scaledRows count: Int, width: Int) {
        let rowBytes = width + ScaledRows.scaleByteCount
        self.init(bytes: count * rowBytes)
        for row in 0..<count {
            UnsafeMutableRawPointer(base).storeBytes(
                of: 0.01, toByteOffset: row * rowBytes + width, as: Float.self)
        }
    }
}

extension Buffer where Element == Int32 {
    /// Ids below `vocabulary` in an order that no prefetcher guesses.
    convenience init(ids count: Int, vocabulary: Int) {
        self.init(count: count) { index in
            // SplitMix64: its state alone would go by equal steps, and then what a row costs depends
            // on how its stride falls on the banks of the memory.
            var hash = UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
            hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
            hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int32((hash ^ (hash >> 31)) % UInt64(vocabulary))
        }
    }
}
