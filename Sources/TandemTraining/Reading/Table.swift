/// Asks for one column of a file in one reading; a column can be asked for in several.
package struct ColumnRequest: Hashable, Sendable {
    /// The column's name in the header.
    package var column: String
    /// How its text is read.
    package var reading: ColumnReading

    /// Makes a request.
    package init(_ column: String, _ reading: ColumnReading) {
        self.column = column
        self.reading = reading
    }
}

/// The columns that were asked for, of all rows of the files, in file order.
package struct Table: Sendable {
    /// Number of rows.
    package private(set) var rowCount: Int
    /// The files, in the order in which they were read.
    package let files: [String]

    private var columns: [ColumnRequest: Column]
    // For errors that are found after reading: each row's line, and the first row of each file.
    private var lines: [UInt32]
    private var fileStarts: [Int]

    init(
        columns: [ColumnRequest: Column], lines: [UInt32], files: [String], fileStarts: [Int]
    ) {
        self.columns = columns
        self.lines = lines
        self.files = files
        self.fileStarts = fileStarts
        rowCount = lines.count
    }

    /// The column that was read for a request, or added under it.
    package subscript(request: ColumnRequest) -> Column? { columns[request] }

    /// The requests that the table has columns for.
    package var requests: Set<ColumnRequest> { Set(columns.keys) }

    /// Adds a column that was derived from others.
    ///
    /// - Precondition: It has the table's number of rows.
    package mutating func add(_ column: Column, as request: ColumnRequest) {
        precondition(column.rowCount == rowCount, "a column has a row for each row of its table")
        columns[request] = column
    }

    /// Drops all columns but some, and their memory with them.
    package mutating func keep(columns wanted: Set<ColumnRequest>) {
        columns = columns.filter { wanted.contains($0.key) }
    }

    /// The file and the physical line that a row came from.
    package func position(ofRow row: Int) -> (file: String, line: Int) {
        (files[fileIndex(ofRow: row)], Int(lines[row]))
    }

    /// The rows that came from the file at an index.
    package func rows(ofFile index: Int) -> Range<Int> {
        let end = index + 1 < fileStarts.count ? fileStarts[index + 1] : rowCount
        return fileStarts[index]..<end
    }

    private func fileIndex(ofRow row: Int) -> Int {
        fileStarts.lastIndex { $0 <= row } ?? 0
    }

    /// Drops all rows but some.
    ///
    /// Cost: O(rows x columns); holds one column twice at a time.
    ///
    /// - Parameter rows: Ascending row numbers.
    package mutating func keep(rows: [Int]) {
        for request in Array(columns.keys) {
            if let column = columns.removeValue(forKey: request) {
                columns[request] = column.keeping(rows)
            }
        }
        let kept = rows.map { lines[$0] }
        fileStarts = fileStarts.map { start in rows.firstIndex { $0 >= start } ?? rows.count }
        lines = kept
        rowCount = rows.count
    }
}

extension Column {
    /// The column with only some of its rows.
    fileprivate func keeping(_ rows: [Int]) -> Column {
        switch self {
        case .float32(let values, let presence):
            return .float32(rows.map { values[$0] }, presence.keeping(rows))
        case .float64(let values, let presence):
            return .float64(rows.map { values[$0] }, presence.keeping(rows))
        case .int64(let values, let presence):
            return .int64(rows.map { values[$0] }, presence.keeping(rows))
        case .text(let texts):
            return .text(
                TextColumn(
                    codes: rows.map { texts.codes[$0] }, dictionary: texts.dictionary,
                    presence: texts.presence.keeping(rows)))
        case .int64List(let values, let bounds):
            return .int64List(bounds.elements(rows).map { values[$0] }, bounds.keeping(rows))
        case .textList(var texts, let bounds):
            texts.codes = bounds.elements(rows).map { texts.codes[$0] }
            texts.presence = Presence(allPresent: texts.codes.count)
            return .textList(texts, bounds.keeping(rows))
        }
    }
}

extension Presence {
    fileprivate func keeping(_ rows: [Int]) -> Presence {
        if missingCount == 0 { return Presence(allPresent: rows.count) }
        var kept = Presence()
        for row in rows { kept.append(self[row]) }
        return kept
    }
}

extension ListBounds {
    fileprivate func elements(_ rows: [Int]) -> [Int] { rows.flatMap { range($0) } }

    fileprivate func keeping(_ rows: [Int]) -> ListBounds {
        var starts: [UInt32] = [0]
        for row in rows { starts.append((starts.last ?? 0) + UInt32(range(row).count)) }
        return ListBounds(starts: starts, presence: presence.keeping(rows))
    }
}
