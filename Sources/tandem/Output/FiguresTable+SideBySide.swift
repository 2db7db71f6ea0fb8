import TandemTraining

extension FiguresTable {
    /// A table in which a task's figures by all executors stand under each other.
    init(sideBySide figures: [(executor: ExecutorName, figures: [TaskFigures])]) {
        var rows: [Row] = []
        for task in (figures.first?.figures ?? []).indices {
            for (name, values) in figures {
                rows.append(Row(label: name.rawValue, figures: values[task]))
            }
        }
        self.init(rows: rows)
    }
}
