// Design: a step is one node with everything resolved.
//
// When an executor is made, each node becomes a step: a small struct with the addresses of its
// operands, of its result and of their gradients, and the shapes as plain numbers. Running a
// minibatch is then a walk over the steps, forwards and backwards; nothing is looked up, checked or
// allocated. A derivative stands in the same file as the function it belongs to.
//
// A value's gradient has several contributions when it is read several times. The one that runs
// first stores, the others add: which one that is, is known beforehand, so no gradient is zeroed.
//
// In training every row has its own context, so context and candidate tensors alike have one row
// for each row of the minibatch. A value without a row axis has a single row, and its gradient is
// the sum over all rows.

/// One node of a graph, ready to run on a minibatch.
protocol DifferentiableStep {
    /// Computes the result of the first `rowCount` rows from the operands.
    func forward(_ rowCount: Int)

    /// Brings the result's gradient to the operands that need one.
    ///
    /// - Precondition: `forward` ran with the same row count, and the result's gradient is whole.
    func backward(_ rowCount: Int)
}

/// Where an operand's gradient goes.
struct GradientTarget {
    /// First element.
    let base: UnsafeMutablePointer<Float>
    /// Whether something is there already, to which is added.
    let accumulates: Bool
}

/// A value that a step reads.
struct Operand {
    /// The numbers, row by row; also the bits of int32 values.
    let values: UnsafeMutablePointer<Float>
    /// Elements in one row.
    let width: Int
    /// Whether there is a row for each row of the minibatch; otherwise there is one in all.
    let isPerRow: Bool
    /// Where the gradient goes; nil when nobody needs it.
    let gradient: GradientTarget?

    /// Rows when the minibatch has `rowCount`.
    func rows(_ rowCount: Int) -> Int { isPerRow ? rowCount : 1 }

    /// Elements when the minibatch has `rowCount` rows.
    func count(_ rowCount: Int) -> Int { rows(rowCount) * width }

    /// Elements from one row of the minibatch to the next: 0 when all share one.
    var stride: Int { isPerRow ? width : 0 }

    /// The bits as ids.
    var ids: UnsafePointer<Int32> {
        UnsafeRawPointer(values).assumingMemoryBound(to: Int32.self)
    }
}

/// The value that a step makes.
struct StepResult {
    /// The numbers, row by row.
    let values: UnsafeMutablePointer<Float>
    /// The gradient, same layout; nil when none is needed.
    let gradient: UnsafeMutablePointer<Float>?
    /// Elements in one row.
    let width: Int
    /// Whether there is a row for each row of the minibatch.
    let isPerRow: Bool

    /// Rows when the minibatch has `rowCount`.
    func rows(_ rowCount: Int) -> Int { isPerRow ? rowCount : 1 }

    /// Elements when the minibatch has `rowCount` rows.
    func count(_ rowCount: Int) -> Int { rows(rowCount) * width }
}

/// A row's shape around one axis: `outer` blocks of `length` runs of `inner` elements.
struct AxisView {
    let outer: Int
    let length: Int
    let inner: Int

    init(_ sizes: [Int], axis: Int) {
        outer = sizes[..<axis].reduce(1, *)
        length = sizes[axis]
        inner = sizes[(axis + 1)...].reduce(1, *)
    }
}
