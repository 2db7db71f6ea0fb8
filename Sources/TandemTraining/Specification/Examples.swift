/// The rows of files as a spec sees them: features, labels, and what each row is for.
package struct Examples: Sendable {
    /// The features' columns; nothing else is kept.
    package let table: Table
    /// The column of each feature of the spec, in its order.
    package let featureColumns: [ColumnRequest]
    /// The labels of each task of the spec, in its order; none for files that are only scored.
    package let tasks: [TaskLabels]
    /// What each row is for.
    package let parts: [RowPart]

    /// Number of rows.
    package var rowCount: Int { table.rowCount }

    /// The values of a feature, by its position in the spec.
    package func column(ofFeature index: Int) -> Column {
        guard let column = table[featureColumns[index]] else {
            preconditionFailure("every feature has a column")
        }
        return column
    }

    /// The numbers of the rows of a part, ascending.
    package func rows(_ part: RowPart) -> [Int32] {
        parts.indices.lazy.filter { parts[$0] == part }.map { Int32($0) }
    }

    /// Reads files for training or evaluation.
    ///
    /// - Parameters:
    ///   - spec: What the features and labels are.
    ///   - paths: The files, at least one.
    ///   - classes: The classes of multi-class tasks by name, where a model fixes them already.
    /// - Returns: The rows that the filter left.
    /// - Throws: What reading throws, `unknownLabel`, `noLabel`, `noRows`, and what `ColumnPlan`
    ///   throws.
    package static func read(
        _ spec: TrainingSpec, paths: [String], classes: [String: [String]] = [:]
    ) throws(TrainingError) -> Examples {
        let plan = try plan(spec, paths, wantsLabels: true)
        var table = try readTable(spec, plan, paths)
        var rows = Array(0..<table.rowCount)
        if let filter = plan.filter?.evaluate(table) {
            rows = rows.filter { filter.number($0) == 1 }
        }
        guard !rows.isEmpty else {
            throw TrainingError(.noRows, "the filter leaves no row", remedy: "loosen it")
                .with(\.key, spec.source.filter?.key).with(\.line, spec.source.filter?.line)
        }
        let parts = try RowAssignment(spec.split, table, rows, order: plan.order).parts()
        if rows.count < table.rowCount { table.keep(rows: rows) }
        let tasks = try TaskLabels.all(spec, plan, table, classes: classes)
        let columns = addDerived(spec, plan, &table)
        table.keep(columns: Set(columns))
        return Examples(table: table, featureColumns: columns, tasks: tasks, parts: parts)
    }

    /// Reads files that are only to be scored: all rows, no labels, no filter.
    ///
    /// - Throws: What reading throws, and what `ColumnPlan` throws.
    package static func readFeatures(
        _ spec: TrainingSpec, paths: [String]
    ) throws(TrainingError) -> Examples {
        let plan = try plan(spec, paths, wantsLabels: false)
        var table = try readTable(spec, plan, paths)
        let columns = addDerived(spec, plan, &table)
        table.keep(columns: Set(columns))
        return Examples(
            table: table, featureColumns: columns, tasks: [],
            parts: [RowPart](repeating: .test, count: table.rowCount))
    }

    private static func plan(
        _ spec: TrainingSpec, _ paths: [String], wantsLabels: Bool
    ) throws(TrainingError) -> ColumnPlan {
        guard let first = paths.first else {
            throw TrainingError(.emptyInput, "there is no file to read", remedy: "name one")
        }
        let names = try TableReader.columnNames(path: first, dialect: spec.source.dialect)
        return try ColumnPlan(spec, columnNames: names, wantsLabels: wantsLabels)
    }

    private static func readTable(
        _ spec: TrainingSpec, _ plan: ColumnPlan, _ paths: [String]
    ) throws(TrainingError) -> Table {
        try TableReader(
            paths: paths, dialect: spec.source.dialect, missing: spec.source.missing,
            columns: plan.requests
        ).readAll()
    }

    /// Adds derived features to the table; returns the column of each feature.
    private static func addDerived(
        _ spec: TrainingSpec, _ plan: ColumnPlan, _ table: inout Table
    ) -> [ColumnRequest] {
        var columns: [ColumnRequest] = []
        for (feature, source) in zip(spec.features, plan.features) {
            switch source {
            case .file(let request): columns.append(request)
            case .derived(let expression):
                // A name that no header has, so that a file's column of the name stays apart.
                let request = ColumnRequest("derived\u{0}\(feature.column)", feature.reading)
                table.add(expression.evaluate(table).converted(to: feature.reading), as: request)
                columns.append(request)
            }
        }
        return columns
    }
}

extension Column {
    /// Derived numbers in the width that a feature has; ids are rounded down.
    fileprivate func converted(to reading: ColumnReading) -> Column {
        guard case .float64(let values, let presence) = self else { return self }
        guard reading == .int64 else { return .float32(values.map { Float($0) }, presence) }
        return .int64(values.map { Int64(exactly: $0.rounded(.down)) ?? 0 }, presence)
    }
}
