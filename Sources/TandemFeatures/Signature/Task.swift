/// What a task predicts.
package enum TaskKind: Hashable, Sendable {
    /// A probability in 0 ... 1. One number a row.
    case binary
    /// Probabilities over classes, summing to 1, in the order of `Task.labels`.
    case multiclass(classCount: Int)
    /// A quantity in the label's raw unit. One number a row.
    case regression
    /// A vector, such as an embedding.
    case vector(width: Int)

    /// Numbers a row.
    package var width: Int {
        switch self {
        case .binary, .regression: 1
        case .multiclass(let classCount): classCount
        case .vector(let width): width
        }
    }

    /// The name in packages, on the wire and in tables.
    package var name: String {
        switch self {
        case .binary: "binary"
        case .multiclass: "multiclass"
        case .regression: "regression"
        case .vector: "vector"
        }
    }
}

/// One prediction of a model.
package struct Task: Hashable, Sendable {
    /// Unique among the tasks; the graph output's name too.
    package var name: String
    /// What is predicted.
    package var kind: TaskKind
    /// Names of the classes of a multi-class task, of `negative, positive` for a binary one, or
    /// empty.
    package var labels: [String]
    /// The task this one is conditional on: `purchase` given `click` is P(purchase | click).
    package var given: String?

    /// Makes a task.
    package init(_ name: String, _ kind: TaskKind, labels: [String] = [], given: String? = nil) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.given = given
    }
}
