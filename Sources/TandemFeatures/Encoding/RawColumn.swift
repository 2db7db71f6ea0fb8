// Design: one borrowed view for every source of raw values.
//
// The server's columns point into a request's arena, the trainer's and the command line's into a
// table of a CSV file. All are read through this view by the same encoder, so a value means the
// same wherever it comes from. Nothing is copied to make one.

/// One raw feature's values for all rows, borrowed from whoever holds the memory.
package struct RawColumn {
    /// The values, by raw type.
    package enum Values {
        /// Numbers.
        case float32(UnsafeBufferPointer<Float>)
        /// Whole numbers.
        case int64(UnsafeBufferPointer<Int64>)
        /// Whole numbers of 32 bits; taken wherever `int64` is.
        case int32(UnsafeBufferPointer<Int32>)
        /// Texts end to end, and the byte length of each.
        case text(UnsafeRawBufferPointer, byteCounts: UnsafeBufferPointer<UInt32>)

        /// Number of values.
        package var count: Int {
            switch self {
            case .float32(let values): values.count
            case .int64(let values): values.count
            case .int32(let values): values.count
            case .text(_, let byteCounts): byteCounts.count
            }
        }

        /// The type's name in messages.
        package var typeName: String {
            switch self {
            case .float32: "float32"
            case .int64: "int64"
            case .int32: "int32"
            case .text: "text"
            }
        }
    }

    /// `width` values a row, or for a list feature the rows' elements end to end.
    ///
    /// A missing row keeps its place here; what is in it is ignored, NaN included.
    package var values: Values
    /// For a list feature: how many elements each row has; nil for a fixed number a row.
    package var listCounts: UnsafeBufferPointer<UInt32>?
    /// One bit a row, least significant first, in `(rows + 7) / 8` bytes; a cleared bit is a
    /// missing value.
    ///
    /// Nil: all there.
    package var presence: UnsafeRawBufferPointer?

    /// Makes a view.
    package init(
        values: Values, listCounts: UnsafeBufferPointer<UInt32>? = nil,
        presence: UnsafeRawBufferPointer? = nil
    ) {
        self.values = values
        self.listCounts = listCounts
        self.presence = presence
    }

    /// Whether the row has a value.
    ///
    /// - Precondition: `row` lies within the presence bits.
    package func isPresent(_ row: Int) -> Bool {
        guard let presence else { return true }
        return presence[row >> 3] >> UInt8(row & 7) & 1 == 1
    }
}
