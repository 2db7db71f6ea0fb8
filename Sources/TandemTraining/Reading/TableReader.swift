import TandemFeatures
import TandemNotation

/// Reads the columns that are asked for from one or several files into tables.
///
/// The files' columns may stand in different orders. Nothing is kept of columns that nobody asked
/// for. Not for use by two threads at once.
package final class TableReader {
    private let paths: [String]
    private let dialect: CSVDialect
    private let limits: CSVLimits
    private let requests: [ColumnRequest]
    private let markers: MissingMarkers

    private var nextFile = 0
    private var reader: CSVReader?
    private var fieldIndexes: [Int] = []
    private var rowsInFile = 0

    /// Makes a reader; the files are opened as they are read.
    ///
    /// The texts of `missing` stand for "no value" besides the empty one.
    package init(
        paths: [String], dialect: CSVDialect = CSVDialect(), missing: [String] = [],
        columns: [ColumnRequest], limits: CSVLimits = CSVLimits()
    ) {
        self.paths = paths
        self.dialect = dialect
        self.limits = limits
        requests = columns
        markers = MissingMarkers(missing)
    }

    /// The names of a file's columns.
    package static func columnNames(
        path: String, dialect: CSVDialect, limits: CSVLimits = CSVLimits()
    ) throws(TrainingError) -> [String] {
        try CSVReader(path: path, dialect: dialect, limits: limits).columnNames
    }

    /// The next rows.
    ///
    /// - Parameter rowCountMax: How many rows at most; for a whole file the room's limit.
    /// - Returns: Nil when all files have been read.
    /// - Throws: What reading records throws, `missingColumn`, `duplicateColumn`, `notANumber`,
    ///   `overLimit`, and `emptyInput` for a file without a row.
    package func read(
        rowCountMax: Int = TrainingLimits.rowCountMax
    ) throws(TrainingError) -> Table? {
        let builders = requests.map { ColumnBuilder.make($0.reading, markers: markers) }
        var lines: [UInt32] = []
        var files: [String] = []
        var fileStarts: [Int] = []
        while lines.count < rowCountMax {
            guard let reader = try openNext() else { break }
            if files.last != reader.path || rowsInFile == 0 {
                files.append(reader.path)
                fileStarts.append(lines.count)
            }
            while lines.count < rowCountMax {
                guard try reader.next() else {
                    try finishFile()
                    break
                }
                try append(reader, to: builders)
                lines.append(UInt32(clamping: reader.line))
                rowsInFile += 1
            }
        }
        if lines.isEmpty { return nil }
        var columns: [ColumnRequest: Column] = [:]
        for (request, builder) in zip(requests, builders) { columns[request] = builder.take() }
        return Table(
            columns: columns, lines: exactCopy(lines), files: files, fileStarts: fileStarts)
    }

    /// All rows of all files.
    ///
    /// - Throws: As `read(rowCountMax:)`; `overLimit` if there are more rows than a table holds.
    package func readAll() throws(TrainingError) -> Table {
        guard let table = try read() else {
            throw TrainingError(.emptyInput, "there is no file to read", remedy: "name one")
        }
        guard try read(rowCountMax: 1) == nil else {
            throw TrainingError(
                .overLimit, "there are more than \(TrainingLimits.rowCountMax) rows",
                remedy: "train on a sample"
            ).with(\.limit, TrainingLimits.rowCountMax)
        }
        return table
    }

    private func openNext() throws(TrainingError) -> CSVReader? {
        if let reader { return reader }
        guard nextFile < paths.count else { return nil }
        let opened = try CSVReader(path: paths[nextFile], dialect: dialect, limits: limits)
        fieldIndexes = try indexes(in: opened)
        nextFile += 1
        rowsInFile = 0
        reader = opened
        return opened
    }

    private func finishFile() throws(TrainingError) {
        guard let path = reader?.path else { return }
        reader = nil
        guard rowsInFile == 0 else { return }
        let problem = dialect.hasHeader ? "the file has a header but no row" : "the file has no row"
        throw TrainingError(.emptyInput, problem, remedy: "give a file with rows")
            .with(\.file, path)
    }

    private func indexes(in reader: CSVReader) throws(TrainingError) -> [Int] {
        var firstIndexes: [String: Int] = [:]
        var repeated: Set<String> = []
        for (index, name) in reader.columnNames.enumerated() {
            if firstIndexes[name] == nil {
                firstIndexes[name] = index
            } else {
                repeated.insert(name)
            }
        }
        var indexes: [Int] = []
        for request in requests {
            guard let index = firstIndexes[request.column] else {
                throw missing(request.column, reader)
            }
            guard !repeated.contains(request.column) else {
                throw TrainingError(
                    .duplicateColumn, "the name stands twice in the header",
                    remedy: "give each column that is used a name of its own"
                ).with(\.file, reader.path).with(\.line, dialect.hasHeader ? reader.line : nil)
                    .with(\.column, request.column)
            }
            indexes.append(index)
        }
        return indexes
    }

    private func missing(_ column: String, _ reader: CSVReader) -> TrainingError {
        let remedy = NearestName.remedy(column, among: reader.columnNames)
        return TrainingError(.missingColumn, "the file has no such column", remedy: remedy)
            .with(\.file, reader.path).with(\.column, column)
    }

    private func append(
        _ reader: CSVReader, to builders: [ColumnBuilder]
    ) throws(TrainingError) {
        let fields = reader.fields
        for index in builders.indices {
            let field = fields[fieldIndexes[index]]
            let isMissing = markers.contains(field)
            if let problem = builders[index].append(field, isMissing: isMissing) {
                throw failure(problem, field, index, reader)
            }
        }
    }

    private func failure(
        _ problem: FieldProblem, _ field: UnsafeRawBufferPointer, _ index: Int, _ reader: CSVReader
    ) -> TrainingError {
        let text = field.quoted
        let asMissing = "list it in data.missing if it means no value"
        let error =
            switch problem {
            case .notANumber:
                TrainingError(
                    .notANumber, "'\(text)' is not a number",
                    remedy: "\(asMissing), or make the feature categorical")
            case .notWhole:
                TrainingError(
                    .notANumber, "'\(text)' is not a whole number",
                    remedy: "\(asMissing), or use dtype = \"text\"")
            case .outOfRange:
                TrainingError(
                    .notANumber, "'\(text)' does not fit 32-bit floating point",
                    remedy: "scale the column")
            case .dictionaryFull:
                TrainingError(
                    .overLimit, "the distinct texts exceed 4 GiB", remedy: "train on a sample"
                ).with(\.limit, TrainingLimits.dictionaryBytesMax)
            case .tooManyElements:
                TrainingError(
                    .overLimit, "the lists have more than 2^32 elements",
                    remedy: "train on a sample"
                ).with(\.limit, Int(UInt32.max))
            }
        return error.with(\.file, reader.path).with(\.line, reader.line)
            .with(\.column, requests[index].column).with(\.columnNumber, fieldIndexes[index] + 1)
            .with(\.text, text)
    }
}
