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
