internal import Glibc

/// Memory for scores that are not part of the answer, and for ranking; grown as requests need it.
struct ScratchMemory {
    /// More than this is given back after the request that needed it.
    private static let keptBytesMax = 4 << 20

    /// Where ranking works.
    struct Ranking {
        /// One combined score a row.
        let combined: UnsafeMutablePointer<Float>
        /// One key a row.
        let keys: UnsafeMutablePointer<UInt64>
        /// The formula's stack.
        let stack: UnsafeMutablePointer<Float>
    }

    /// Room for scores; nil where none was asked for.
    private(set) var floats: UnsafeMutablePointer<Float>?
    /// Room for ranking; nil where none was asked for.
    private(set) var ranking: Ranking?
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0

    /// Makes room; what was there before is void.
    ///
    /// - Parameters:
    ///   - count: Floats for scores.
    ///   - rows: Rows to rank; 0 for none.
    ///   - stackFloats: Floats for the formula's stack.
    mutating func reserve(floats count: Int, rows: Int, stackFloats: Int) {
        floats = nil
        ranking = nil
        guard count > 0 || rows > 0 else { return }
        // Bounded by the wire: 65,536 rows of what a task list's answer may take in a frame, or of
        // tasks that only a formula of 4,096 bytes names.
        let bytes = rows * 8 + (rows + stackFloats + count) * 4
        if bytes > capacity {
            Glibc.free(base)
            base = malloc(bytes)
            capacity = bytes
        }
        guard let base else { fatalError("out of memory for scores: \(bytes) bytes") }
        let keys = base.bindMemory(to: UInt64.self, capacity: rows)
        let first = (base + rows * 8).bindMemory(
            to: Float.self, capacity: rows + stackFloats + count)
        if rows > 0 {
            ranking = Ranking(combined: first, keys: keys, stack: first + rows)
        }
        floats = first + rows + stackFloats
    }

    /// Gives back what only a large request needs.
    mutating func trim() {
        floats = nil
        ranking = nil
        if capacity > Self.keptBytesMax { free() }
    }

    /// Gives everything back.
    mutating func free() {
        Glibc.free(base)
        base = nil
        capacity = 0
    }
}
