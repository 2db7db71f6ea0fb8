import TandemClient
import TandemTraining

/// A CSV file's columns as the features of a served model.
///
/// Columns are found by the features' names and read by the types that the model's metadata states.
/// A feature that has no column is left out, which the server takes as missing.
struct FeatureTable {
    /// Rows of the file.
    let rowCount: Int
    /// Features that have no column, by name.
    let missing: [String]
    private let context: [(name: String, column: Column)]
    private let candidates: [(name: String, column: Column)]

    /// Reads a file.
    ///
    /// - Throws: `TrainingError`, with file, line and column.
    init(
        path: String, model: ModelDescription, sides: Set<ModelDescription.Side>,
        separator: UInt8
    ) throws(TrainingError) {
        let features = model.features.filter { sides.contains($0.side) }
        let dialect = CSVDialect()
        let names = Set(try TableReader.columnNames(path: path, dialect: dialect))
        let found = features.filter { names.contains($0.name) }
        let requests = found.map {
            ColumnRequest($0.name, FeatureText.reading(of: $0, separator: separator))
        }
        let table = try TableReader(paths: [path], dialect: dialect, columns: requests).readAll()
        var context: [(name: String, column: Column)] = []
        var candidates: [(name: String, column: Column)] = []
        for (feature, request) in zip(found, requests) {
            guard let column = table[request] else { continue }
            if feature.side == .context {
                context.append((feature.name, column))
            } else {
                candidates.append((feature.name, column))
            }
        }
        self.context = context
        self.candidates = candidates
        rowCount = table.rowCount
        missing = features.map(\.name).filter { !names.contains($0) }
    }

    /// The rows from `start` on that share its context, at most `limit`.
    func requestRows(from start: Int, limit: Int) -> Range<Int> {
        var end = start + 1
        while end < min(rowCount, start + limit),
            context.allSatisfy({ $0.column.isEqual(start, end) })
        { end += 1 }
        return start..<end
    }

    /// The context features of a row.
    func context(ofRow row: Int) -> [String: FeatureValue] {
        Dictionary(context.map { ($0.name, $0.column.featureValue(row)) }) { $1 }
    }

    /// The candidate features of some rows.
    func candidates(_ rows: Range<Int>) -> [String: FeatureColumn] {
        Dictionary(candidates.map { ($0.name, $0.column.featureColumn(rows)) }) { $1 }
    }
}

extension Column {
    /// Whether two rows have the same value.
    fileprivate func isEqual(_ left: Int, _ right: Int) -> Bool {
        guard presence[left] == presence[right] else { return false }
        switch self {
        case .float32(let values, _): return values[left] == values[right]
        case .float64(let values, _): return values[left] == values[right]
        case .int64(let values, _): return values[left] == values[right]
        case .text(let texts): return texts.codes[left] == texts.codes[right]
        case .int64List(let values, let bounds):
            return values[bounds.range(left)] == values[bounds.range(right)]
        case .textList(let texts, let bounds):
            return texts.codes[bounds.range(left)] == texts.codes[bounds.range(right)]
        }
    }

    /// A row's value as a client sends it once a request.
    fileprivate func featureValue(_ row: Int) -> FeatureValue {
        guard presence[row] else { return .missing }
        return switch self {
        case .float32(let values, _): .number(values[row])
        case .float64(let values, _): .number(Float(values[row]))
        case .int64(let values, _): .integer(values[row])
        case .text(let texts): .text(texts.dictionary.text(texts.codes[row]))
        case .int64List(let values, let bounds): .integers(Array(values[bounds.range(row)]))
        case .textList(let texts, let bounds):
            .texts(bounds.range(row).map { texts.dictionary.text(texts.codes[$0]) })
        }
    }

    /// Rows' values as a client sends them for candidates.
    fileprivate func featureColumn(_ rows: Range<Int>) -> FeatureColumn {
        switch self {
        case .float32(let values, let presence):
            .numbers(rows.map { presence[$0] ? values[$0] : .nan })
        case .float64(let values, let presence):
            .numbers(rows.map { presence[$0] ? Float(values[$0]) : .nan })
        case .int64(let values, let presence):
            .integers(rows.map { presence[$0] ? values[$0] : nil } as [Int64?])
        case .text(let texts): .texts(rows.map { texts.text($0) } as [String?])
        case .int64List(let values, let bounds):
            .integerLists(
                rows.map { bounds.presence[$0] ? Array(values[bounds.range($0)]) : nil })
        case .textList(let texts, let bounds):
            .textLists(
                rows.map { row in
                    guard bounds.presence[row] else { return nil }
                    return bounds.range(row).map { texts.dictionary.text(texts.codes[$0]) }
                })
        }
    }
}
