// Design: columns as the encoder wants them.
//
// Numbers lie in one array of the width the signature has (f32 features, i64 ids), so that a view
// of them for the encoder copies nothing. Texts are codes into a dictionary of the distinct ones:
// 4 bytes a row, which is less than the file has for nearly every column, and vocabularies are
// learnt by counting codes. Lists are the rows' elements end to end with where each row begins.

/// How the text of a column is read.
package enum ColumnReading: Hashable, Sendable {
    /// Numbers, for features.
    case float32
    /// Numbers in full width, for labels and expressions.
    case float64
    /// As `float64`, but a text that is no number is a missing value.
    case looseNumber
    /// Whole numbers, for ids.
    case int64
    /// Texts.
    case text
    /// Whole numbers within one field, between separators.
    case int64List(separator: UInt8)
    /// Texts within one field, between separators.
    case textList(separator: UInt8)
}

/// One column of a table.
package enum Column: Sendable {
    /// Numbers; a missing one is 0.
    case float32([Float], Presence)
    /// Numbers in full width; a missing one is 0.
    case float64([Double], Presence)
    /// Whole numbers; a missing one is 0.
    case int64([Int64], Presence)
    /// Texts.
    case text(TextColumn)
    /// Lists of whole numbers.
    case int64List([Int64], ListBounds)
    /// Lists of texts.
    case textList(TextColumn, ListBounds)

    /// Number of rows.
    package var rowCount: Int { presence.count }

    /// Which rows have a value.
    package var presence: Presence {
        switch self {
        case .float32(_, let presence), .float64(_, let presence), .int64(_, let presence):
            presence
        case .text(let texts): texts.presence
        case .int64List(_, let bounds), .textList(_, let bounds): bounds.presence
        }
    }

    /// The row's number, if the column holds numbers and the row has one.
    package func number(_ row: Int) -> Double? {
        switch self {
        case .float32(let values, let presence): presence[row] ? Double(values[row]) : nil
        case .float64(let values, let presence): presence[row] ? values[row] : nil
        case .int64(let values, let presence): presence[row] ? Double(values[row]) : nil
        case .text, .int64List, .textList: nil
        }
    }
}

/// Texts as codes into a dictionary of the distinct ones.
package struct TextColumn: Sendable {
    /// One code a row (or a list's element); 0 where `presence` says there is none.
    package var codes: [UInt32]
    /// The distinct texts, missing markers not among them.
    package var dictionary: TextDictionary
    /// Which rows have a text; for elements of lists all have.
    package var presence: Presence

    /// The row's text, if it has one.
    package func text(_ row: Int) -> String? {
        presence[row] ? dictionary.text(codes[row]) : nil
    }
}

/// Where each row's elements lie among those of all rows.
package struct ListBounds: Sendable {
    /// `rowCount + 1` positions: row `r` has the elements `starts[r] ..< starts[r + 1]`.
    package var starts: [UInt32]
    /// Which rows have a list; an empty field is a missing list, not an empty one.
    package var presence: Presence

    /// The row's elements.
    package func range(_ row: Int) -> Range<Int> { Int(starts[row])..<Int(starts[row + 1]) }
}
