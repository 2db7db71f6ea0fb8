// Design: what a spec means for files with these columns.
//
// Names are resolved once, against the files' header, before a row is read: which column each
// feature is, how it is read, what each label is computed from. Everything that can be refused
// without a row is refused here.
//
// A label among the inputs: a model that can compute a label from its inputs learns nothing else,
// and its figures are a lie. So a task is refused if every column of its label is also a column of
// some feature, its own or another's, through derived columns too. (A label that compares two
// columns, of which one is an input, is fine: the other is not known when the model is asked.)

import TandemFeatures
import TandemNotation

/// The columns of a spec, found in files.
package struct ColumnPlan: Sendable {
    /// Where a feature's values come from.
    enum FeatureSource: Sendable {
        /// A column of the files.
        case file(ColumnRequest)
        /// Computed from columns of the files.
        case derived(Expression)
    }

    /// Where a task's labels come from.
    struct TaskSource: Sendable {
        let label: Expression
        let mask: Expression?
        let sampleWeight: Expression?
    }

    let features: [FeatureSource]
    let tasks: [TaskSource]
    let filter: Expression?
    let order: Expression?

    /// The columns to read.
    package let requests: [ColumnRequest]

    /// Resolves a spec's names.
    ///
    /// - Parameters:
    ///   - spec: The spec.
    ///   - columnNames: The files' columns.
    ///   - wantsLabels: False for files that are only to be scored: no labels, no filter.
    /// - Throws: `missingColumn`, `invalidExpression`, `labelAmongInputs`, `wrongValue`, with key
    ///   and line.
    package init(
        _ spec: TrainingSpec, columnNames: [String], wantsLabels: Bool = true
    ) throws(TrainingError) {
        let scope = try ColumnScope(fileColumns: columnNames, derived: spec.derivedColumns)
        var features: [FeatureSource] = []
        for feature in spec.features { features.append(try Self.source(feature, scope)) }
        self.features = features
        var tasks: [TaskSource] = []
        for task in wantsLabels ? spec.tasks : [] { tasks.append(try Self.source(task, scope)) }
        self.tasks = tasks
        filter = wantsLabels ? try Self.truth(spec.source.filter, scope) : nil
        if wantsLabels, case .order(by: let order?) = spec.split.rule {
            self.order = try Self.number(order, scope)
        } else {
            order = nil
        }
        requests = Self.requests(features, tasks, [filter, order])
        try Self.refuseLabelsAmongInputs(spec, features, tasks)
    }

    private static func source(
        _ feature: FeatureSpec, _ scope: ColumnScope
    ) throws(TrainingError) -> FeatureSource {
        do throws(TrainingError) {
            try scope.check(feature.column)
            guard scope.isDerived(feature.column) else {
                return .file(ColumnRequest(feature.column, feature.reading))
            }
            guard feature.declaration.rawType != .text, feature.separator == nil else {
                throw TrainingError(
                    .wrongValue, "the derived column '\(feature.column)' is a number",
                    remedy: "make the feature numeric, or dtype = \"int64\"")
            }
            let column = Expression(column: feature.column, reading: .float64)
            return .derived(try scope.expanded(column))
        } catch {
            throw error.with(\.key, error.key ?? feature.key).with(
                \.line, error.line ?? feature.line)
        }
    }

    private static func source(
        _ task: TaskSpec, _ scope: ColumnScope
    ) throws(TrainingError) -> TaskSource {
        var reading = ColumnReading.float64
        if case .multiclass = task.kind, !scope.isDerived(task.label.text) { reading = .text }
        let label = try task.label.resolved(in: scope, reading: reading)
        if case .multiclass = task.kind {
        } else if label.kind == .text {
            throw refused(task.label, "is a text", "compare it: \(task.label.text) == \"yes\"")
        }
        if case .regression = task.kind, label.kind == .truth {
            throw refused(task.label, "is true or false", "make the task binary")
        }
        return TaskSource(
            label: label, mask: try truth(task.mask, scope),
            sampleWeight: try number(task.sampleWeight, scope))
    }

    private static func truth(
        _ text: ColumnExpression?, _ scope: ColumnScope
    ) throws(TrainingError) -> Expression? {
        guard let text else { return nil }
        let expression = try text.resolved(in: scope, reading: .float64)
        guard expression.kind == .truth else {
            throw refused(text, "is a \(expression.kind.rawValue)", "write \(text.text) == 1")
        }
        return expression
    }

    private static func number(
        _ text: ColumnExpression?, _ scope: ColumnScope
    ) throws(TrainingError) -> Expression? {
        guard let text else { return nil }
        let expression = try text.resolved(in: scope, reading: .float64)
        guard expression.kind == .number else {
            throw refused(text, "is a \(expression.kind.rawValue) value", "write a number")
        }
        return expression
    }

    private static func refused(
        _ text: ColumnExpression, _ problem: String, _ remedy: String
    ) -> TrainingError {
        TrainingError(.invalidExpression, "'\(text.text.cutShort)' \(problem)", remedy: remedy)
            .with(\.key, text.key).with(\.line, text.line).with(\.text, text.text.cutShort)
    }

    private static func requests(
        _ features: [FeatureSource], _ tasks: [TaskSource], _ others: [Expression?]
    ) -> [ColumnRequest] {
        var requests: Set<ColumnRequest> = []
        for feature in features { requests.formUnion(feature.requests) }
        for task in tasks {
            for expression in [task.label, task.mask, task.sampleWeight] {
                requests.formUnion(expression?.requests ?? [])
            }
        }
        for expression in others { requests.formUnion(expression?.requests ?? []) }
        return requests.sorted { ($0.column, "\($0.reading)") < ($1.column, "\($1.reading)") }
    }

    private static func refuseLabelsAmongInputs(
        _ spec: TrainingSpec, _ features: [FeatureSource], _ tasks: [TaskSource]
    ) throws(TrainingError) {
        let inputs = features.reduce(into: Set<String>()) { inputs, feature in
            inputs.formUnion(feature.requests.map(\.column))
        }
        for (task, source) in zip(spec.tasks, tasks) {
            let columns = source.label.columns
            guard !columns.isEmpty, columns.isSubset(of: inputs) else { continue }
            let culprit = zip(spec.features, features).first { feature in
                feature.1.requests.contains { columns.contains($0.column) }
            }
            let name = culprit?.0.declaration.name ?? ""
            let place = culprit?.0.line.map { " (line \($0))" } ?? ""
            throw TrainingError(
                .labelAmongInputs,
                "the label of '\(task.name)' can be computed from the inputs, so the model would"
                    + " only copy it",
                remedy: "drop the feature '\(name)'\(place)"
            ).with(\.key, task.label.key).with(\.line, task.label.line).with(\.text, name)
        }
    }
}

extension ColumnPlan.FeatureSource {
    /// The columns that are read.
    var requests: Set<ColumnRequest> {
        switch self {
        case .file(let request): [request]
        case .derived(let expression): expression.requests
        }
    }
}

extension FeatureSpec {
    /// How the feature's column is read.
    var reading: ColumnReading {
        if encoder != nil { return .text }
        return switch (declaration.rawType, separator) {
        case (.float32, _): .float32
        case (.int64, nil): .int64
        case (.int64, let separator?): .int64List(separator: separator)
        case (.text, nil): .text
        case (.text, let separator?): .textList(separator: separator)
        }
    }
}
