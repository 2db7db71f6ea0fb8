internal import TandemFeatures
internal import TandemWire

/// Which tasks a request wants in its answer, in its order.
///
/// Callers ask for few different lists, so each list's constant answer bytes are encoded once and
/// kept; in steady state taking a request's list allocates nothing.
struct TaskSelection {
    /// Lists kept; a client that makes up a fresh list each time pays for encoding it.
    private static let keptMax = 16

    private struct Kept {
        let tasks: [Int]
        let template: PredictResponseTemplate
    }

    /// Positions in the signature, in the order of the answer.
    private(set) var tasks: [Int] = []
    /// The answer's constant bytes.
    private(set) var template: PredictResponseTemplate
    private let allTasks: [Int]
    private let allTemplate: PredictResponseTemplate
    private var kept: [Kept] = []
    private var isListed: [Bool]

    init(_ model: ServableModel) {
        allTasks = Array(model.signature.tasks.indices)
        allTemplate = Self.template(model, allTasks)
        template = allTemplate
        isListed = [Bool](repeating: false, count: allTasks.count)
        tasks.reserveCapacity(allTasks.count)
    }

    /// Takes a request's list; empty means all.
    ///
    /// - Throws: `taskUnknown` or `taskTwice`.
    mutating func take(_ list: TextListView, _ model: ServableModel) throws(RequestError) {
        guard !list.isEmpty else {
            tasks = allTasks
            template = allTemplate
            return
        }
        tasks.removeAll(keepingCapacity: true)
        for index in isListed.indices { isListed[index] = false }
        for index in 0..<list.endIndex {
            let task = try model.tasks.find(list[index].bytes)
            guard !isListed[task] else {
                throw RequestError(
                    .taskTwice, "task '\(model.tasks.names[task])' is listed twice; list it once",
                    task: model.tasks.names[task])
            }
            isListed[task] = true
            tasks.append(task)
        }
        for index in kept.indices where kept[index].tasks == tasks {
            template = kept[index].template
            return
        }
        template = Self.template(model, tasks)
        if kept.count == Self.keptMax { kept.removeFirst() }
        kept.append(Kept(tasks: tasks, template: template))
    }

    private static func template(
        _ model: ServableModel, _ tasks: [Int]
    ) -> PredictResponseTemplate {
        PredictResponseTemplate(
            model: model.name, version: model.version, tasks: tasks.map { model.taskAnswers[$0] },
            gates: model.gates)
    }
}
