/// How a file of separated values is written.
package struct CSVDialect: Hashable, Sendable {
    /// The byte between fields.
    package var delimiter: UInt8
    /// Whether the first record holds the columns' names.
    package var hasHeader: Bool
    /// The columns' names, in order, of a file without a header.
    package var columnNames: [String]
    /// Whether blanks and tabs around a field are dropped, also those around its quotes.
    package var trimsBlanks: Bool

    /// Makes a dialect; without arguments RFC 4180 with a header.
    package init(
        delimiter: UInt8 = UInt8(ascii: ","), hasHeader: Bool = true, columnNames: [String] = [],
        trimsBlanks: Bool = false
    ) {
        self.delimiter = delimiter
        self.hasHeader = hasHeader
        self.columnNames = columnNames
        self.trimsBlanks = trimsBlanks
    }
}

/// What one record may cost; the defaults are the room's limits.
package struct CSVLimits: Hashable, Sendable {
    /// Bytes of one field.
    package var fieldBytesMax = TrainingLimits.fieldBytesMax
    /// Bytes of one record with its line breaks.
    package var recordBytesMax = TrainingLimits.recordBytesMax
    /// Fields of one record.
    package var columnCountMax = TrainingLimits.columnCountMax

    /// Bytes that the reader's buffer begins with, at least 4; it grows with the longest record.
    package var bufferBytes = TrainingLimits.readBytes

    /// The room's limits.
    package init() {}
}
