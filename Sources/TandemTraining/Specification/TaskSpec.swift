import TandemFeatures
import TandemGraph
import TandemNotation

/// One task, as a `[[task]]` says.
package struct TaskSpec: Hashable, Sendable {
    /// What is predicted.
    package enum Kind: Hashable, Sendable {
        /// The label is 0 or 1, or a truth value. Names of the classes are for people.
        case binary(classes: [String])
        /// The label is one of these texts; nil for those of the training rows, sorted.
        case multiclass(classes: [String]?)
        /// The label is a number.
        case regression(TargetSpec)
    }

    /// The task's and the output's name.
    package let name: String
    /// What is predicted.
    package let kind: Kind
    /// A column or expression.
    package let label: ColumnExpression
    /// The rows to learn from; nil for all that have a label.
    package let mask: ColumnExpression?
    /// One weight a row; nil for 1.
    package let sampleWeight: ColumnExpression?
    /// Weight among the tasks.
    package let weight: Float
    /// The binary task whose label must be 1 for a row to count.
    package let given: String?
    /// Whether the task is learnt over all rows, through the product of its probability with that of
    /// the task it is given; else only where that task's label is 1.
    package let learnsEntireSpace: Bool
    /// Where the task stands in the spec, for errors.
    package let key: String
    /// The spec's line, for errors.
    package let line: Int?

    private init(_ table: SpecTable, _ model: ModelSpec) throws(TrainingError) {
        name = try table.requiredText("name")
        guard GraphName.sanitized(name) == name else {
            throw table.error(
                .wrongValue, "name", "'\(name.cutShort)' cannot name a task",
                remedy: "try '\(GraphName.sanitized(name))'")
        }
        let names = ["binary", "multiclass", "regression"].map { (name: $0, value: $0) }
        guard let kindName = try table.choice("kind", names) else { throw table.missing("kind") }
        switch kindName {
        case "binary": kind = .binary(classes: try Self.classes(table, exactly: 2) ?? [])
        case "multiclass": kind = .multiclass(classes: try Self.classes(table, exactly: nil))
        default: kind = .regression(try TargetSpec(table))
        }
        label = table.expression("label", try table.requiredText("label"))
        mask = try table.expression("mask")
        sampleWeight = try table.expression("sample_weight")
        weight = Float(try table.number("weight", in: 0...1e6) ?? 1)
        given = try table.text("given")
        let entireSpace = try table.truth("entire_space")
        if entireSpace == true, given == nil || kindName != "binary" {
            throw table.error(
                .wrongValue, "entire_space", "is for a binary task that is given another one",
                remedy: given == nil ? "add 'given', or drop it" : "drop it")
        }
        let isConversion = given != nil && kindName == "binary"
        learnsEntireSpace = isConversion && (entireSpace ?? model.learnsEntireSpace)
        key = table.name()
        line = table.line("name")
        try table.finish("a \(kindName) task")
    }

    /// The tasks, with names that are unique and `given` that name one.
    static func all(
        _ tables: [SpecTable], _ model: ModelSpec
    ) throws(TrainingError) -> [TaskSpec] {
        guard tables.count <= TrainingLimits.taskCountMax else {
            throw TrainingError(
                .overLimit, "there are more than \(TrainingLimits.taskCountMax) tasks"
            ).with(\.limit, TrainingLimits.taskCountMax).with(\.actual, tables.count)
        }
        var tasks: [TaskSpec] = []
        for table in tables {
            let task = try TaskSpec(table, model)
            guard !tasks.contains(where: { $0.name == task.name }) else {
                throw table.error(
                    .duplicateName, "name", "a second task is called '\(task.name)'",
                    remedy: "give each task a name of its own")
            }
            tasks.append(task)
        }
        for (task, table) in zip(tasks, tables) { try check(task.given, of: task, tasks, table) }
        for (task, table) in zip(tasks, tables) { try checkChain(task, tasks, table) }
        if model.learnsEntireSpace, !tasks.contains(where: \.learnsEntireSpace) {
            throw TrainingError(
                .missingKey, "esmm learns a binary task that is given another one; there is none",
                remedy: "say what happens first: given = \"click\""
            ).with(\.key, "task.given").with(\.text, "given")
        }
        return tasks
    }

    /// The tasks that this one is given, directly or through others, first to last.
    func conditions(among tasks: [TaskSpec]) -> [TaskSpec] {
        var chain: [TaskSpec] = []
        var current = self
        while let name = current.given, let next = tasks.first(where: { $0.name == name }) {
            guard !chain.contains(next), next != self else { break }
            chain.insert(next, at: 0)
            current = next
        }
        return chain
    }

    private static func checkChain(
        _ task: TaskSpec, _ tasks: [TaskSpec], _ table: SpecTable
    ) throws(TrainingError) {
        let chain = task.conditions(among: tasks)
        guard let first = chain.first, first.given != nil else { return }
        throw table.error(
            .wrongValue, "given", "leads back to '\(task.given ?? "")' itself",
            remedy: "let one of these tasks be given none")
    }

    private static func check(
        _ given: String?, of task: TaskSpec, _ tasks: [TaskSpec], _ table: SpecTable
    ) throws(TrainingError) {
        guard let given else { return }
        let others = tasks.filter { $0.name != task.name }
        guard let condition = others.first(where: { $0.name == given }) else {
            throw table.error(
                .unknownName, "given", "there is no other task '\(given.cutShort)'",
                remedy: NearestName.remedy(given, among: others.map(\.name))
            ).with(\.text, given.cutShort)
        }
        guard case .binary = condition.kind else {
            throw table.error(
                .wrongValue, "given", "'\(given)' is not a binary task",
                remedy: "a task can only be given one that happens or not")
        }
    }

    private static func classes(
        _ table: SpecTable, exactly count: Int?
    ) throws(TrainingError) -> [String]? {
        guard let classes = try table.texts("classes") else { return nil }
        let range = count.map { $0...$0 } ?? 2...TrainingLimits.classCountMax
        guard range.contains(classes.count) else {
            throw table.error(
                .wrongValue, "classes", "has \(classes.count) names",
                remedy: "give \(count.map { "\($0)" } ?? "2 to \(TrainingLimits.classCountMax)")"
            ).with(\.actual, classes.count)
        }
        if let twice = classes.firstRepeated {
            throw table.error(.duplicateName, "classes", "names '\(twice.cutShort)' twice")
                .with(\.text, twice.cutShort)
        }
        return classes
    }
}

/// How a regression's target is transformed before the loss.
package struct TargetSpec: Hashable, Sendable {
    /// Whether `log(1 + y)` is taken; labels are then 0 or more.
    package let usesLog1p: Bool
    /// Whether the training mean is taken off and the deviation divided out.
    package let isStandardized: Bool

    init(_ table: SpecTable) throws(TrainingError) {
        let steps = try table.texts("transform") ?? ["standardize"]
        for step in steps where step != "log1p" && step != "standardize" {
            throw table.error(
                .wrongValue, "transform", "'\(step.cutShort)' is not a step of a target",
                remedy: NearestName.remedy(step, among: ["log1p", "standardize"])
            ).with(\.text, step.cutShort)
        }
        usesLog1p = steps.contains("log1p")
        isStandardized = steps.contains("standardize")
    }
}
