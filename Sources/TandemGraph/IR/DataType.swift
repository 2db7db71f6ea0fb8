/// The element type of a tensor.
///
/// Raw values are stored in packages and never change meaning.
package enum DataType: UInt8, CaseIterable, Sendable {
    /// IEEE 754 binary32.
    case float32 = 1
    /// Signed 32-bit integer; ids and lengths.
    case int32 = 2
    /// Signed 64-bit integer.
    case int64 = 3
    /// One byte, 0 or 1.
    case bool = 4
    /// Signed 8-bit integer; quantised weights, with scales in a tensor beside, and rows of quantised
    /// tables, with their scales at their ends (`ScaledRows`).
    case int8 = 5
    /// Unsigned 8-bit integer.
    case uint8 = 6

    /// Bytes an element takes.
    package var byteCount: Int {
        switch self {
        case .float32, .int32: 4
        case .int64: 8
        case .bool, .int8, .uint8: 1
        }
    }

    /// The name in graph text, tables and messages.
    package var name: String {
        switch self {
        case .float32: "f32"
        case .int32: "i32"
        case .int64: "i64"
        case .bool: "bool"
        case .int8: "i8"
        case .uint8: "u8"
        }
    }

    /// The dtype of that name, or nil.
    package init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}
