// Design: a step is one node with everything resolved.
//
// Each node of a graph becomes one step or a few: small structs with the places of their operands,
// packed weights and loops. Running a block of rows is a walk over the steps; nothing is looked up,
// checked or allocated. A step computes each row from that row's operands alone, in one order of
// additions: float sums are those of the kernels (tandem_kernels.h), or as the step says.

/// One node of a plan, ready to run on a block of rows.
protocol Step {
    /// Computes the result's first `frame.rowCount` rows, allocating nothing.
    func run(_ frame: Frame)
}

/// A step and the outputs that it works for.
struct PlannedStep {
    var tasks: TaskMask
    var step: any Step
}

/// Elements at an address of their own, written once.
///
/// Walking an array of existentials copies each, which counts references: microseconds of a small
/// request. Elements at fixed addresses are used in place.
final class ConstantList<Element>: @unchecked Sendable {
    fileprivate let elements: UnsafeMutableBufferPointer<Element>
    var count: Int { elements.count }

    init(_ elements: [Element]) {
        self.elements = .allocate(capacity: elements.count)
        _ = self.elements.initialize(from: elements)
    }

    deinit {
        elements.deinitialize()
        elements.deallocate()
    }

    subscript(index: Int) -> Element { elements[index] }
}

extension ConstantList where Element == PlannedStep {
    /// Runs the steps that a frame's tasks need, one after the other.
    func run(_ frame: Frame) {
        for index in 0..<elements.count where elements[index].tasks.intersects(frame.tasks) {
            elements[index].step.run(frame)
        }
    }
}
