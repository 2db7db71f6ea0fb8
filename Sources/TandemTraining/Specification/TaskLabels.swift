import TandemFeatures
import TandemNotation

/// One task's labels.
package struct TaskLabels: Sendable {
    /// The task's name.
    package let name: String
    /// One label a row: 0 or 1, a class's position, or the raw quantity; NaN where the row has
    /// none, by itself, by the task's mask, or because what it is given did not happen.
    package let labels: [Float]
    /// For a task that is learnt over all rows: 1 where it and all it is given happened, 0 where one
    /// of them did not, NaN where that is not known or the task's mask leaves the row out.
    package private(set) var products: [Float]?
    /// One weight a row, 0 or more; nil for 1.
    package let rowWeights: [Float]?
    /// The names of a multi-class task's classes in their order; a binary task's two, or none.
    package let classes: [String]

    /// The labels of all tasks of a spec.
    static func all(
        _ spec: TrainingSpec, _ plan: ColumnPlan, _ table: Table, classes: [String: [String]]
    ) throws(TrainingError) -> [TaskLabels] {
        var found: [String: TaskLabels] = [:]
        var ordered: [TaskLabels] = []
        for (task, source) in zip(spec.tasks, plan.tasks) {
            let reader = LabelReader(task: task, source: source, table: table)
            let labels = try reader.read(classes: classes[task.name])
            found[task.name] = labels
            ordered.append(labels)
        }
        for (index, task) in spec.tasks.enumerated() {
            guard let given = task.given.flatMap({ found[$0] }) else { continue }
            let own = ordered[index]
            ordered[index] = own.where(given)
            guard task.learnsEntireSpace else { continue }
            let chain = task.conditions(among: spec.tasks).compactMap { found[$0.name] }
            let mask = plan.tasks[index].mask?.evaluate(table)
            ordered[index].products = (0..<table.rowCount).map { row in
                mask.map { $0.number(row) != 1 } ?? false ? .nan : Self.product(chain + [own], row)
            }
        }
        for (task, labels) in zip(spec.tasks, ordered) {
            guard !labels.labels.allSatisfy(\.isNaN) else {
                throw TrainingError(
                    .noLabel, "no row has a label of '\(task.name)'",
                    remedy: "check the label, its mask and what it is given"
                ).with(\.key, task.label.key).with(\.line, task.label.line)
            }
        }
        return ordered
    }

    /// Whether all of a chain of things happened: the first that did not decides.
    private static func product(_ chain: [TaskLabels], _ row: Int) -> Float {
        chain.lazy.map { $0.labels[row] }.first { $0 != 1 } ?? 1
    }

    /// Only the labels of rows where another task's is 1.
    private func `where`(_ given: TaskLabels) -> TaskLabels {
        let kept = zip(labels, given.labels).map { $1 == 1 ? $0 : .nan }
        return TaskLabels(name: name, labels: kept, rowWeights: rowWeights, classes: classes)
    }
}

/// Makes one task's labels from a table's columns.
private struct LabelReader {
    let task: TaskSpec
    let source: ColumnPlan.TaskSource
    let table: Table

    func read(classes: [String]?) throws(TrainingError) -> TaskLabels {
        var names: [String] = []
        var labels: [Float]
        switch task.kind {
        case .binary(let classes):
            names = classes
            labels = try binary()
        case .multiclass(let declared):
            (labels, names) = try multiclass(classes ?? declared)
        case .regression(let target): labels = try regression(target)
        }
        if let mask = source.mask?.evaluate(table) {
            for row in labels.indices where mask.number(row) != 1 { labels[row] = .nan }
        }
        return TaskLabels(
            name: task.name, labels: labels, rowWeights: try weights(), classes: names)
    }

    private func binary() throws(TrainingError) -> [Float] {
        let values = source.label.evaluate(table)
        return try rows { row throws(TrainingError) in
            guard let value = values.number(row) else { return .nan }
            guard value == 0 || value == 1 else {
                throw unknown(
                    "\(value)", row,
                    remedy: "a binary label is 0 or 1; write a comparison such as"
                        + " \(task.label.text) > 0")
            }
            return Float(value)
        }
    }

    private func regression(_ target: TargetSpec) throws(TrainingError) -> [Float] {
        let values = source.label.evaluate(table)
        return try rows { row throws(TrainingError) in
            guard let value = values.number(row) else { return .nan }
            guard Float(value).isFinite, !target.usesLog1p || value >= 0 else {
                throw unknown(
                    "\(value)", row,
                    remedy: target.usesLog1p
                        ? "log1p takes 0 or more: drop it from transform, or filter the row"
                        : "scale the label into the range of 32-bit floating point")
            }
            return Float(value)
        }
    }

    private func weights() throws(TrainingError) -> [Float]? {
        guard let values = source.sampleWeight?.evaluate(table) else { return nil }
        return try rows { row throws(TrainingError) in
            let value = values.number(row) ?? 0
            guard value >= 0, Float(value).isFinite else {
                throw unknown("\(value)", row, remedy: "a sample weight is 0 or more")
                    .with(\.key, task.sampleWeight?.key)
            }
            return Float(value)
        }
    }

    private func rows(
        _ label: (Int) throws(TrainingError) -> Float
    ) throws(TrainingError) -> [Float] {
        var labels: [Float] = []
        labels.reserveCapacity(table.rowCount)
        for row in 0..<table.rowCount { labels.append(try label(row)) }
        return labels
    }

    // MARK: - Classes

    private func multiclass(
        _ declared: [String]?
    ) throws(TrainingError) -> (labels: [Float], classes: [String]) {
        let texts = self.texts()
        let classes = declared ?? Self.sorted(Set(texts.compactMap { $0 }))
        guard 2...TrainingLimits.classCountMax ~= classes.count else {
            throw TrainingError(
                .noLabel, "'\(task.name)' has \(classes.count) classes in these rows",
                remedy: "a multi-class task has 2 to \(TrainingLimits.classCountMax)"
            ).with(\.key, task.label.key).with(\.line, task.label.line)
                .with(\.actual, classes.count)
        }
        var positions: [String: Float] = [:]
        for (position, name) in classes.enumerated() { positions[name] = Float(position) }
        let labels = try rows { row throws(TrainingError) in
            guard let text = texts[row] else { return .nan }
            guard let position = positions[text] else {
                throw unknown(text, row, remedy: NearestName.remedy(text, among: classes))
            }
            return position
        }
        return (labels, classes)
    }

    private func texts() -> [String?] {
        if case .column(let request) = source.label.root, case .text(let column) = table[request] {
            let names = (0..<column.dictionary.count).map { column.dictionary.text(UInt32($0)) }
            return (0..<table.rowCount).map { row in
                column.presence[row] ? names[Int(column.codes[row])] : nil
            }
        }
        let values = source.label.evaluate(table)
        return (0..<table.rowCount).map { row in
            values.number(row).map { Int(exactly: $0).map { "\($0)" } ?? "\($0)" }
        }
    }

    /// Numbers by size if all are numbers, else by their bytes.
    private static func sorted(_ names: Set<String>) -> [String] {
        let numbers = names.compactMap { name in Double(name).map { (name: name, value: $0) } }
        if numbers.count == names.count {
            return numbers.sorted { ($0.value, $0.name) < ($1.value, $1.name) }.map(\.name)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func unknown(_ text: String, _ row: Int, remedy: String) -> TrainingError {
        let place = table.position(ofRow: row)
        return TrainingError(
            .unknownLabel, "'\(text.cutShort)' is no label of the task '\(task.name)'",
            remedy: remedy
        ).with(\.file, place.file).with(\.line, place.line).with(\.key, task.label.key)
            .with(\.text, text.cutShort)
    }
}
