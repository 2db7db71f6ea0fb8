/// Decides what each of some rows of a table is for.
struct RowAssignment {
    private let split: SplitSpec
    private let table: Table
    private let rows: [Int]
    private let order: Expression?

    /// The rows are those that a filter left, ascending.
    init(_ split: SplitSpec, _ table: Table, _ rows: [Int], order: Expression?) {
        self.split = split
        self.table = table
        self.rows = rows
        self.order = order
    }

    /// One part a row.
    ///
    /// - Throws: `noRows` if none is left for training.
    func parts() throws(TrainingError) -> [RowPart] {
        let parts =
            switch split.rule {
            case .hash: rows.map(split.part(ofRow:))
            case .order: byOrder()
            case .file: try byFile()
            }
        guard parts.contains(.training) else {
            throw TrainingError(
                .noRows, "of \(rows.count) rows none is left for training",
                remedy: "give more rows, or smaller shares in [split]"
            ).with(\.actual, rows.count)
        }
        return parts
    }

    private func byFile() throws(TrainingError) -> [RowPart] {
        guard table.files.count > 1 else {
            throw TrainingError(
                .noRows, "a split by file needs a last file of its own",
                remedy: "give the training file and then the test file"
            ).with(\.key, "split.by").with(\.actual, table.files.count)
        }
        let test = table.rows(ofFile: table.files.count - 1)
        return rows.map { test.contains($0) ? .test : split.part(ofRow: $0) }
    }

    /// Rows without a value to order by come first.
    private func byOrder() -> [RowPart] {
        var ranked = Array(rows.indices)
        if let keys = order?.evaluate(table) {
            let values = rows.map { keys.number($0) ?? -.infinity }
            ranked.sort { (values[$0], $0) < (values[$1], $1) }
        }
        let testCount = rows.count * split.testPermille / 1000
        let others = rows.count - testCount
        let validationCount = others * split.validationPermille / 1000
        var parts = [RowPart](repeating: .training, count: rows.count)
        for index in ranked[(others - validationCount)..<others] { parts[index] = .validation }
        for index in ranked[others...] { parts[index] = .test }
        return parts
    }
}
