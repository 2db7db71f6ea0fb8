import Glibc
import TandemFeatures

/// Distinct texts in the order in which they were first met, each with its code, from 0.
///
/// One blob with offsets, and an open-addressing table of codes beside it: a text costs its bytes
/// and some 16 more.
package struct TextDictionary: Sendable {
    private var blob: [UInt8] = []
    private var offsets: [UInt32] = [0]
    private var slots = [UInt32](repeating: .max, count: 16)

    /// No texts.
    package init() {}

    /// Number of distinct texts.
    package var count: Int { offsets.count - 1 }

    /// Number of their bytes.
    package var byteCount: Int { blob.count }

    /// The code of a text, given out if it is the first such one; nil if the dictionary is full.
    package mutating func code(of text: UnsafeRawBufferPointer) -> UInt32? {
        let slot = slot(of: text)
        if slots[slot] != .max { return slots[slot] }
        guard blob.count + text.count <= TrainingLimits.dictionaryBytesMax else { return nil }
        let code = UInt32(count)
        blob.append(contentsOf: text)
        offsets.append(UInt32(blob.count))
        slots[slot] = code
        if count * 2 > slots.count { rehash() }
        return code
    }

    /// The code of a text that was met, or nil; allocates nothing.
    package func find(_ text: UnsafeRawBufferPointer) -> UInt32? {
        let code = slots[slot(of: text)]
        return code == .max ? nil : code
    }

    /// Number of bytes of the text with a code.
    package func byteCount(of code: UInt32) -> Int {
        Int(offsets[Int(code) + 1] - offsets[Int(code)])
    }

    /// Calls with the bytes of the text with a code.
    package func withBytes<Result>(
        of code: UInt32, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        blob.withUnsafeBytes { blob in
            let range = Int(offsets[Int(code)])..<Int(offsets[Int(code) + 1])
            return body(UnsafeRawBufferPointer(rebasing: blob[range]))
        }
    }

    /// The text with a code; bytes that are not UTF-8 are replaced.
    package func text(_ code: UInt32) -> String {
        withBytes(of: code) { String(decoding: $0, as: UTF8.self) }
    }

    /// Gives back what was reserved for growth.
    mutating func compact() {
        blob = exactCopy(blob)
        offsets = exactCopy(offsets)
    }

    private func slot(of text: UnsafeRawBufferPointer) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: XXHash64.hash(text, seed: 0)) & mask
        return blob.withUnsafeBytes { blob in
            while slots[slot] != .max {
                let code = Int(slots[slot])
                let range = Int(offsets[code])..<Int(offsets[code + 1])
                if range.count == text.count, isEqual(blob, range.lowerBound, text) { break }
                slot = (slot + 1) & mask
            }
            return slot
        }
    }

    private mutating func rehash() {
        slots = [UInt32](repeating: .max, count: slots.count * 2)
        for code in 0..<UInt32(count) {
            let free = withBytes(of: code) { slot(of: $0) }
            slots[free] = code
        }
    }
}

private func isEqual(
    _ blob: UnsafeRawBufferPointer, _ start: Int, _ text: UnsafeRawBufferPointer
) -> Bool {
    guard let left = blob.baseAddress, let right = text.baseAddress else { return true }
    return memcmp(left + start, right, text.count) == 0
}

/// The same elements in memory of just their size: an array that grew holds up to twice as much.
func exactCopy<Element>(_ array: [Element]) -> [Element] {
    array.withUnsafeBufferPointer { Array($0) }
}
