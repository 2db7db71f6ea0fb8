/// The shape of a progressive layered extraction: PLE, and with one level CGC.
///
/// What reads what, for levels `l = 1 ... L` and tasks `k` (the paper leaves room for two readings,
/// which implementations differ in; this is its section 4.2 and figure 5 to the letter):
/// - `x(k, 0) = x(s, 0) =` the model's input.
/// - An expert of task k at level l reads `x(k, l - 1)`; a shared one reads `x(s, l - 1)`.
/// - Task k's gate at level l reads `x(k, l - 1)` and mixes the experts of task k and the shared
///   ones, in this order; the mixture is `x(k, l)`.
/// - The shared gate at level l reads `x(s, l - 1)` and mixes the experts of all tasks, in the order
///   of the tasks, and then the shared ones; the mixture is `x(s, l)`. The last level has none.
/// - Task k's tower reads `x(k, L)`.
///
/// Source: Tang et al., "Progressive Layered Extraction (PLE)", RecSys 2020.
package struct ProgressiveExtraction: Hashable, Sendable {
    /// Number of levels, 1 or more.
    package var levelCount: Int
    /// Shared experts of each level, 1 or more.
    package var sharedExpertCount: Int
    /// Experts of each task at each level, 1 or more.
    package var taskExpertCount: Int
    /// Widths of an expert's layers, the same in all levels; at least one.
    package var expertLayers: [Int]

    /// Makes a shape.
    package init(
        levelCount: Int, sharedExpertCount: Int, taskExpertCount: Int, expertLayers: [Int]
    ) {
        self.levelCount = levelCount
        self.sharedExpertCount = sharedExpertCount
        self.taskExpertCount = taskExpertCount
        self.expertLayers = expertLayers
    }
}

extension LayerBuilder {
    /// Experts that all tasks read, mixed by each task's own gate.
    mutating func mixtureOfExperts(
        _ expertCount: Int, _ widths: [Int], _ input: ValueID, tasks: [String]
    ) throws(GraphError) -> [ValueID] {
        let experts = try experts("trunk/expert", expertCount, widths, input)
        var mixtures: [ValueID] = []
        for task in tasks {
            mixtures.append(try gated("task/\(task)/", selector: input, experts))
        }
        return mixtures
    }

    /// Levels of shared experts and experts of each task.
    mutating func progressiveExtraction(
        _ shape: ProgressiveExtraction, _ input: ValueID, tasks: [String]
    ) throws(GraphError) -> [ValueID] {
        guard shape.levelCount > 0 else {
            throw GraphError(.invalidAttribute, "trunk", "needs at least one level")
        }
        var values = tasks.map { _ in input }
        var shared = input
        for level in 0..<shape.levelCount {
            var own: [[ValueID]] = []
            for (task, value) in zip(tasks, values) {
                own.append(
                    try experts(
                        "task/\(task)/level\(level)/expert", shape.taskExpertCount,
                        shape.expertLayers, value))
            }
            let common = try experts(
                "trunk/level\(level)/expert", shape.sharedExpertCount, shape.expertLayers, shared)
            for (index, task) in tasks.enumerated() {
                values[index] = try gated(
                    "task/\(task)/level\(level)/", selector: values[index], own[index] + common)
            }
            guard level + 1 < shape.levelCount else { break }
            shared = try gated(
                "trunk/level\(level)/", selector: shared, own.flatMap { $0 } + common)
        }
        return values
    }

    private mutating func experts(
        _ name: String, _ count: Int, _ widths: [Int], _ input: ValueID
    ) throws(GraphError) -> [ValueID] {
        guard count > 0, !widths.isEmpty else {
            throw GraphError(
                .invalidAttribute, "trunk", "needs at least one expert with one layer")
        }
        var experts: [ValueID] = []
        for index in 0..<count {
            experts.append(try layers("\(name)\(index)/layer", widths, input))
        }
        return experts
    }
}
