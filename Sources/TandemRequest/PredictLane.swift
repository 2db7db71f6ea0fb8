package import TandemEngine
internal import TandemFeatures

// Design: requests take turns in one workspace.
//
// A large request is computed block by block, and between two blocks a more urgent one of the same
// model may want its turn, or another loop's request help. A workspace costs megabytes; all that a
// request keeps there from one block to the next is the context, which is one row and quickly
// computed again. So the workspace says whose context it holds, and a request that finds another's
// there puts its own back first.

/// Where one model's rows are encoded and computed on one loop, by one request after another.
package final class PredictLane: @unchecked Sendable {
    /// The memory.
    ///
    /// Behind a pointer, because Swift would check exclusive access to a class's property at each
    /// step.
    let memory: UnsafeMutablePointer<LaneMemory>

    /// Takes and touches the memory for a block of rows.
    ///
    /// - Throws: `EngineError` `outOfMemory`.
    package init(_ model: ServableModel) throws(EngineError) {
        let taken = try LaneMemory(model)
        memory = .allocate(capacity: 1)
        memory.initialize(to: taken)
    }

    deinit {
        memory.deinitialize(count: 1)
        memory.deallocate()
    }

    /// Bytes taken.
    package var byteCount: Int { memory.pointee.workspace.byteCount }

    /// Rows that are wanted at a time: a plan that only serves need take no larger blocks.
    ///
    /// So many that what a block costs beyond its rows does not show, and no more, although plans
    /// could take 128 at once: a more urgent large request waits for the end of a block, and larger
    /// ones save 1 % of a large request's time.
    package static let rowsWanted = 64

    /// Rows encoded and computed at a time; `rowsWanted` or, of small plan blocks, as many as that
    /// holds.
    package var blockRows: Int { memory.pointee.blockRows }
}

/// A workspace, its inputs, and whose context is in it.
struct LaneMemory {
    let workspace: Workspace
    let inputs: EncodedInputs
    let blockRows: Int
    var text = TextMemory()
    /// The turn whose context was computed last; 0 for none.
    var contextTurn: UInt64 = 0
    private var lastTurn: UInt64 = 0

    init(_ model: ServableModel) throws(EngineError) {
        let (planRows, wanted) = (model.plan.blockRowCount, PredictLane.rowsWanted)
        blockRows = min(planRows * max(1, wanted / planRows), wanted)
        workspace = try Workspace(ifPossible: model.plan, rowCountMax: blockRows)
        let workspace = workspace
        inputs = EncodedInputs(
            model.plan.inputs.indices.map { index in
                EncodedInput(
                    base: workspace.input(index), rowStride: model.plan.inputs[index].width)
            })
    }

    /// A number that no other request in this lane has.
    mutating func takeTurn() -> UInt64 {
        lastTurn &+= 1
        return lastTurn
    }
}
