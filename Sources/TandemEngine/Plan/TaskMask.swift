import TandemGraph

// Design: a task list costs what it needs, and is compiled never.
//
// A request may want some of a model's tasks. Compiling a plan for every list would pack weights
// again and keep plans in a cache that has to be bounded. Instead each step of the one plan knows
// for which outputs it works, as bits, and running a list is skipping the steps that share no bit
// with it. That is one test a step; nothing is compiled, cached or kept, and the bits of the scores
// that are wanted are the same.

/// A set of a plan's outputs.
package struct TaskMask: Hashable, Sendable {
    private(set) var bits: UInt64

    /// All outputs.
    package static let all = TaskMask(bits: .max)

    /// No output.
    package static let none = TaskMask(bits: 0)

    /// Adds an output by its position; those from the 63rd on share a bit, and are computed together.
    package mutating func insert(_ output: Int) { bits |= 1 << UInt64(min(output, 63)) }

    /// Whether an output is wanted.
    package func contains(_ output: Int) -> Bool { bits & 1 << UInt64(min(output, 63)) != 0 }

    /// Whether two sets have an output in common.
    func intersects(_ other: TaskMask) -> Bool { bits & other.bits != 0 }

    /// Whether a set has all of another.
    func isSuperset(of other: TaskMask) -> Bool { bits & other.bits == other.bits }

    private init(bits: UInt64) { self.bits = bits }

    mutating func formUnion(_ other: TaskMask) { bits |= other.bits }
}

extension Graph {
    /// For each value, the outputs that depend on it.
    var dependentTasks: [TaskMask] {
        var masks = [TaskMask](repeating: .none, count: values.count)
        for (index, id) in outputs.enumerated() { masks[id.index].insert(index) }
        for node in nodes.reversed() {
            for input in node.inputs { masks[input.index].formUnion(masks[node.output.index]) }
        }
        return masks
    }
}
