import Glibc
import TandemNotation

/// Reads records of separated values from a file, one after the other.
///
/// Not for use by two threads at once. How it reads and why: `RecordScanner`.
package final class CSVReader {
    /// The columns' names, in order.
    package let columnNames: [String]
    private let scanner: RecordScanner
    private let hasHeader: Bool

    /// Opens a file and reads its header.
    ///
    /// - Throws: `unreadableFile`, `emptyInput`, and what reading the header's record can throw.
    package init(
        path: String, dialect: CSVDialect = CSVDialect(), limits: CSVLimits = CSVLimits()
    ) throws(TrainingError) {
        scanner = try RecordScanner(path: path, dialect: dialect, limits: limits)
        hasHeader = dialect.hasHeader
        guard dialect.hasHeader else {
            columnNames = dialect.columnNames
            return
        }
        guard try scanner.next() else {
            throw TrainingError(
                .emptyInput, "the file is empty", remedy: "give a file with a header and rows"
            ).with(\.file, path)
        }
        let header = scanner.fields
        columnNames = (0..<header.count).map { header.text($0, trimmed: true) }
    }

    /// The file, as the caller named it.
    package var path: String { scanner.path }
    /// The physical line on which the current record begins, from 1.
    package var line: Int { scanner.line }
    /// The current record's fields; valid until the next call of `next`.
    package var fields: CSVFields { scanner.fields }

    /// Goes to the next record that is not an empty line.
    ///
    /// - Complexity: O(bytes of the record).
    /// - Returns: False at the end of the file.
    /// - Throws: `raggedRow`, `invalidQuoting`, `overLimit`, or what the source throws.
    package func next() throws(TrainingError) -> Bool {
        guard try scanner.next() else { return false }
        guard scanner.fields.count == columnNames.count else { throw ragged() }
        return true
    }

    private func ragged() -> TrainingError {
        let expected = columnNames.count
        let actual = scanner.fields.count
        let origin = hasHeader ? "the header has" : "the spec names"
        let remedy =
            hasHeader
            ? "look for an unquoted delimiter or a line break in this row, or another delimiter"
            : "compare the names in the spec's data.columns with the row"
        return TrainingError(
            .raggedRow, "the row has \(actual) fields where \(origin) \(expected)", remedy: remedy
        ).with(\.file, path).with(\.line, line).with(\.limit, expected).with(\.actual, actual)
    }
}

/// The fields of one record, as slices of the reader's buffer.
package struct CSVFields {
    let base: UnsafePointer<UInt8>
    let spans: UnsafePointer<FieldSpan>
    /// Number of fields.
    package let count: Int

    /// The bytes of a field, without its quotes.
    ///
    /// - Complexity: O(1). Allocates nothing.
    /// - Precondition: `index` is in `0 ..< count`.
    package subscript(index: Int) -> UnsafeRawBufferPointer {
        precondition(index < count, "no such field")
        let span = spans[index]
        return UnsafeRawBufferPointer(start: base + span.start, count: span.count)
    }

    /// The field as a String; bytes that are not UTF-8 are replaced.
    package func text(_ index: Int, trimmed: Bool = false) -> String {
        let bytes = self[index]
        return String(decoding: trimmed ? bytes.withoutBlanks : bytes, as: UTF8.self)
    }
}

/// Where a field lies within its record.
struct FieldSpan {
    var start: Int
    var count: Int
}

extension UnsafeRawBufferPointer {
    /// The bytes without the blanks and tabs at both ends.
    package var withoutBlanks: UnsafeRawBufferPointer {
        var first = 0
        var last = count
        while first < last, isBlank(self[first]) { first += 1 }
        while last > first, isBlank(self[last - 1]) { last -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[first..<last])
    }

    /// The first characters, for a person to see in an error.
    var quoted: String {
        let text = String(decoding: prefix(4 * String.quotedCountMax), as: UTF8.self)
        return text.cutShort
    }
}
