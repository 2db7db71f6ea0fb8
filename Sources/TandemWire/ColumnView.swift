import CTandemProto

/// How a column's values are written.
package enum ColumnType: UInt32, CaseIterable, Sendable {
    /// 32-bit floating point.
    case float32 = 1
    /// 64-bit integers.
    case int64 = 2
    /// 32-bit integers; they are read as 64-bit ones.
    case int32 = 3
    /// Byte strings or text.
    case bytes = 4

    /// The name in messages.
    package var name: String {
        switch self {
        case .float32: "float32"
        case .int64: "int64"
        case .int32: "int32"
        case .bytes: "bytes"
        }
    }
}

/// One feature's raw values for all rows of its side, borrowed from a decoded request.
///
/// Valid until the request's arena is reset. What the wire alone can check has been checked:
/// lengths add up, the presence bits cover the rows. How many values a row must have, NaN, and
/// whether the feature exists are the signature's business.
package struct ColumnView {
    /// The values, by how they are read.
    package enum Values {
        /// Numbers; 4-byte aligned.
        case float32(UnsafeBufferPointer<Float>)
        /// Integers, those of type INT32 widened; 8-byte aligned.
        case int64(UnsafeBufferPointer<Int64>)
        /// Byte strings end to end, and the length of each; the lengths add up to the blob's.
        case bytes(blob: UnsafeRawBufferPointer, lengths: UnsafeBufferPointer<UInt32>)

        /// The number of values.
        package var count: Int {
            switch self {
            case .float32(let values): values.count
            case .int64(let values): values.count
            case .bytes(_, let lengths): lengths.count
            }
        }
    }

    private let column: UnsafeMutablePointer<Tandem__V1__Column>

    init(_ column: UnsafeMutablePointer<Tandem__V1__Column>) { self.column = column }

    /// The feature's name; not empty.
    package var name: TextView { TextView(column.pointee.name) }

    /// How the sender wrote the values.
    package var type: ColumnType {
        // Checked when the request was decoded.
        ColumnType(rawValue: column.pointee.data_type.rawValue) ?? .bytes
    }

    /// The values.
    package var values: Values {
        let column = column.pointee
        switch type {
        case .float32:
            return .float32(
                UnsafeBufferPointer(start: column.float32_values, count: column.n_float32_values))
        case .int64, .int32:
            return .int64(
                UnsafeBufferPointer(start: column.int64_values, count: column.n_int64_values))
        case .bytes:
            return .bytes(
                blob: UnsafeRawBufferPointer(start: column.blob.data, count: column.blob.len),
                lengths: UnsafeBufferPointer(
                    start: column.blob_lengths, count: column.n_blob_lengths))
        }
    }

    /// The number of values in each row of a ragged column; they add up to the number of values.
    ///
    /// Nil where it is not ragged.
    package var listLengths: UnsafeBufferPointer<UInt32>? {
        guard column.pointee.n_list_lengths > 0 else { return nil }
        return UnsafeBufferPointer(
            start: column.pointee.list_lengths, count: column.pointee.n_list_lengths)
    }

    /// One bit a row, least significant first, a cleared bit is missing.
    ///
    /// Nil: all rows are there.
    package var presence: UnsafeRawBufferPointer? {
        guard column.pointee.presence.len > 0 else { return nil }
        return UnsafeRawBufferPointer(
            start: column.pointee.presence.data, count: column.pointee.presence.len)
    }
}

/// The columns of one side of a request, borrowed as `ColumnView` is.
package struct ColumnListView: RandomAccessCollection {
    private let columns: UnsafeMutablePointer<UnsafeMutablePointer<Tandem__V1__Column>?>?
    /// 0.
    package let startIndex = 0
    /// The number of columns.
    package let endIndex: Int

    init(
        _ columns: UnsafeMutablePointer<UnsafeMutablePointer<Tandem__V1__Column>?>?, count: Int
    ) {
        self.columns = columns
        endIndex = count
    }

    /// The column at an index.
    package subscript(index: Int) -> ColumnView {
        precondition(index >= 0 && index < endIndex, "column index out of range")
        guard let column = columns?[index] else {
            preconditionFailure("protobuf-c leaves no holes in a repeated field")
        }
        return ColumnView(column)
    }
}
