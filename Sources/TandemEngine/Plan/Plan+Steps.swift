// Design: a profile needs no hook.
//
// A profiler runs a plan's steps one by one, as `runContext` and `runBlock` do, with a clock of its
// own around each; so a plan that is not profiled pays nothing. What a step costs is counted from
// the graph when the plan is made.

package import TandemGraph

extension Plan {
    /// What a step computes and moves.
    package struct StepCost: Sendable, Hashable {
        /// Multiply-adds a row.
        package var multiplyAdds = 0
        /// Whether these are of int8 numbers; otherwise of floats.
        package var isInt8 = false
        /// Bytes of weights read once a call, whatever its rows.
        package var weightBytes = 0
        /// Bytes read and written a row: operands, results, and rows of tables.
        package var rowBytes = 0

        /// About how long a row takes, in int8 multiply-adds: one of floats takes as long as four,
        /// and so does a byte.
        package var work: Int {
            let bytes = rowBytes.multipliedReportingOverflow(by: 4)
            let sums = multiplyAdds.multipliedReportingOverflow(by: isInt8 ? 1 : 4)
            let all = bytes.partialValue.addingReportingOverflow(sums.partialValue)
            return bytes.overflow || sums.overflow || all.overflow ? .max : all.partialValue
        }

        static func + (left: Self, right: Self) -> Self {
            StepCost(
                multiplyAdds: left.multiplyAdds + right.multiplyAdds,
                isInt8: left.isInt8 || right.isInt8,
                weightBytes: left.weightBytes + right.weightBytes,
                rowBytes: left.rowBytes + right.rowBytes)
        }
    }

    /// A step for people.
    package struct StepNote: Sendable {
        /// `.candidate` for steps that run once a block; the others run once a request.
        package let rows: RowAxis
        /// The node, as graphs are printed.
        package let text: String
        /// What one call costs.
        package let cost: StepCost
    }

    /// All steps in the order in which they run: those of the context, then those of a block.
    package var steps: [StepNote] { lowered.contextNotes + lowered.candidateNotes }

    /// Runs one step of `steps` for a block of candidate rows, or for the context's one row.
    ///
    /// - Precondition: `prepare` ran; as for `runBlock`; the steps before it ran for the same rows.
    package func runStep(_ index: Int, _ workspace: Workspace, rowStart: Int, rowCount: Int) {
        if index < contextSteps.count {
            contextSteps.run(index, workspace.frame(rowStart: 0, rowCount: 1))
        } else {
            precondition(
                rowCount <= blockRowCount && rowStart + rowCount <= workspace.rowCountMax)
            if index == contextSteps.count {
                prefetchBlock(workspace, rowStart: rowStart + rowCount, rowCount: rowCount)
            }
            candidateSteps.run(
                index - contextSteps.count,
                workspace.frame(rowStart: rowStart, rowCount: rowCount))
        }
    }
}

extension Plan {
    /// Time by step of `steps`, of those that ran.
    package struct StepTimes: Sendable {
        /// Nanoseconds, one entry a step.
        package var nanoseconds: [UInt64]

        /// No time spent in a plan's steps.
        package init(_ plan: Plan) {
            nanoseconds = [UInt64](repeating: 0, count: plan.steps.count)
        }
    }

    /// As `runContext`, with the time of each step.
    package func runContext(_ workspace: Workspace, _ times: inout StepTimes, clock: () -> UInt64) {
        let frame = workspace.frame(rowStart: 0, rowCount: 1)
        contextSteps.run(frame, times: &times.nanoseconds, first: 0, clock: clock)
    }

    /// As `runBlock`, with the time of each step.
    package func runBlock(
        _ workspace: Workspace, rowStart: Int, rowCount: Int, _ times: inout StepTimes,
        clock: () -> UInt64
    ) {
        let frame = beginBlock(workspace, rowStart: rowStart, rowCount: rowCount)
        candidateSteps.run(
            frame, times: &times.nanoseconds, first: contextSteps.count, clock: clock)
        writeOutputs(workspace, frame)
    }
}
