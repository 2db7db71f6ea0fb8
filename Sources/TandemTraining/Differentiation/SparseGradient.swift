/// The gradient of an embedding table: the rows that a minibatch read, and nothing else.
///
/// `slots` says for each row of the table where its gradient lies, or -1. Rows stand in the order in
/// which they were first touched, so the same minibatch gives the same layout. The struct holds
/// addresses only; its maker owns the memory, and it is used by one thread at a time.
package struct SparseGradient: @unchecked Sendable {
    /// Elements in one row of the table.
    package let width: Int
    private let capacity: Int
    private let slots: UnsafeMutablePointer<Int32>
    private let rows: UnsafeMutablePointer<Int32>
    private let values: UnsafeMutablePointer<Float>
    private let touched: UnsafeMutablePointer<Int>

    /// Takes memory for at most `capacity` touched rows.
    ///
    /// - Parameters:
    ///   - rowCount: Rows of the table.
    ///   - width: Elements in one of them.
    ///   - capacity: The most reads of one minibatch.
    init(rowCount: Int, width: Int, capacity: Int) {
        self.width = width
        self.capacity = min(capacity, rowCount)
        slots = .allocate(capacity: max(rowCount, 1))
        slots.initialize(repeating: -1, count: max(rowCount, 1))
        rows = .allocate(capacity: max(self.capacity, 1))
        rows.initialize(repeating: 0, count: max(self.capacity, 1))
        values = .allocate(capacity: max(self.capacity * width, 1))
        values.initialize(repeating: 0, count: max(self.capacity * width, 1))
        touched = .allocate(capacity: 1)
        touched.initialize(to: 0)
    }

    /// Gives the memory back; the struct and its copies must not be used after.
    func deallocate() {
        slots.deallocate()
        rows.deallocate()
        values.deallocate()
        touched.deallocate()
    }

    /// Number of rows touched.
    package var count: Int { touched.pointee }

    /// The table row at a position in `0 ..< count`.
    package func id(at position: Int) -> Int { Int(rows[position]) }

    /// The gradient at a position in `0 ..< count`; `width` elements.
    package func values(at position: Int) -> UnsafeMutablePointer<Float> {
        values + position * width
    }

    /// The gradient of a table row, or nil if it was not touched.
    package func values(of id: Int) -> UnsafeMutablePointer<Float>? {
        slots[id] < 0 ? nil : values + Int(slots[id]) * width
    }

    /// The gradient of a table row, to add to; zeros if it is touched for the first time.
    @inline(__always)
    func row(_ id: Int) -> UnsafeMutablePointer<Float> {
        let slot = slots[id]
        if slot >= 0 { return values + Int(slot) * width }
        let position = touched.pointee
        precondition(position < capacity, "more rows than the minibatch can touch")
        slots[id] = Int32(position)
        rows[position] = Int32(id)
        touched.pointee = position + 1
        let out = values + position * width
        out.update(repeating: 0, count: width)
        return out
    }

    /// Forgets all touched rows.
    ///
    /// - Complexity: O(touched rows).
    func reset() {
        for position in 0..<touched.pointee { slots[Int(rows[position])] = -1 }
        touched.pointee = 0
    }
}
