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

/// A step, the outputs that it works for, and how long it takes.
struct PlannedStep {
    var tasks: TaskMask
    var step: any Step
    /// See `Plan.StepCost.work`.
    var work: Int
}

/// Elements at an address of their own, written once.
///
/// Walking an array may copy what it holds, which counts references; these are used in place.
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

/// A plan's steps of one row axis, in order.
///
/// Each lies in a box that the list alone owns and calls without counting references: an
/// existential is copied for the call, and counting took a tenth of a request of one row.
final class StepList: @unchecked Sendable {
    private let boxes:
        UnsafeMutableBufferPointer<(tasks: TaskMask, box: Unmanaged<StepBox>, work: Int)>
    var count: Int { boxes.count }

    init(_ steps: [PlannedStep]) {
        boxes = .allocate(capacity: steps.count)
        for (index, step) in steps.enumerated() {
            let box = Unmanaged.passRetained(Self.boxed(step.step))
            boxes.initializeElement(
                at: index, to: (step.tasks, box, min(step.work, Self.sliceWork)))
        }
    }

    deinit {
        for element in boxes { element.box.release() }
        boxes.deallocate()
    }

    /// Work of a slice, in int8 multiply-adds: some 20 us.
    private static var sliceWork: Int { 4_000_000 }

    /// Runs the steps that a frame's tasks need, one after the other.
    func run(_ frame: Frame) {
        for index in 0..<boxes.count where boxes[index].tasks.intersects(frame.tasks) {
            run(index, frame)
        }
    }

    /// Runs the steps that a frame's tasks need from one on, until a slice's work is done.
    ///
    /// - Returns: The step to go on with; `count` if there is none.
    func runSlice(_ frame: Frame, from first: Int) -> Int {
        var left = Self.sliceWork
        for index in first..<boxes.count where boxes[index].tasks.intersects(frame.tasks) {
            guard left > 0 else { return index }
            run(index, frame)
            left -= boxes[index].work * frame.rowCount
        }
        return boxes.count
    }

    /// Runs one step, whatever the frame's tasks.
    func run(_ index: Int, _ frame: Frame) {
        boxes[index].box._withUnsafeGuaranteedRef { $0.run(frame) }
    }

    /// Runs the steps that a frame's tasks need, and adds what each took.
    ///
    /// - Parameters:
    ///   - frame: Where.
    ///   - times: Nanoseconds by step of the plan.
    ///   - first: The place of this list's first step there.
    ///   - clock: CLOCK_MONOTONIC in nanoseconds.
    func run(_ frame: Frame, times: inout [UInt64], first: Int, clock: () -> UInt64) {
        for index in 0..<boxes.count where boxes[index].tasks.intersects(frame.tasks) {
            let start = clock()
            run(index, frame)
            times[first + index] &+= clock() &- start
        }
    }

    private static func boxed<One: Step>(_ step: One) -> StepBox { StepBoxOf(step) }
}

/// A step of any type.
private class StepBox {
    func run(_ frame: Frame) { preconditionFailure("a box without a step") }
}

private final class StepBoxOf<One: Step>: StepBox {
    private let step: One

    init(_ step: One) { self.step = step }

    override func run(_ frame: Frame) { step.run(frame) }
}
