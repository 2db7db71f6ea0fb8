// Design: a plan is two lists of kernel calls.
//
// The first list runs once a request over the context's one row; the second runs over a block of
// candidate rows, again and again until all are done. Which calls, their order, where every value
// lies and how weights are packed is decided when the plan is made; running it allocates nothing,
// cannot fail and can stop between two steps. A row's result depends on its own inputs only, in a
// fixed order of additions, so block sizes, threads and instruction sets do not change a bit.

import CTandemKernels
package import TandemGraph

/// A graph lowered to kernel calls over planned memory; immutable, shared by all threads.
package final class Plan: Sendable {
    /// One input that a request fills, or one output that it reads.
    package struct Port: Sendable, Hashable {
        /// The graph's name for it.
        package let name: String
        /// Element type: f32 or i32.
        package let dtype: DataType
        /// How often it exists in a request.
        package let rows: RowAxis
        /// Elements a row.
        package let width: Int
    }

    /// Where the memory goes, in bytes.
    package struct Memory: Sendable, Hashable {
        /// Weights in the kernels' order.
        package var packedWeights = 0
        /// Embedding tables, as loaded.
        package var tables = 0
        /// Tensors that are read where they lie: tables, biases and the like.
        package var parameters = 0
        /// Memory a workspace takes besides its candidate inputs and outputs.
        package var arena = 0
    }

    /// The graph's inputs, in its order.
    package let inputs: [Port]
    /// The graph's outputs, in its order; all f32.
    package let outputs: [Port]
    /// Candidate rows that one block has.
    package let blockRowCount: Int
    /// Where the memory goes.
    package let memory: Memory
    /// Multiply-adds of one candidate.
    package let workPerRow: Int

    let lowered: LoweredGraph
    let contextSteps: StepList
    let candidateSteps: StepList
    private let contextHints: ConstantList<LookupHint>
    private let candidateHints: ConstantList<LookupHint>

    /// Lowers a graph.
    ///
    /// - Parameters:
    ///   - graph: A program's graph, with fixed row shapes.
    ///   - tensors: One tensor a parameter; tables are kept, weights are packed and not held.
    ///   - packed: What is packed already; its parameters need no tensors if they only pass through.
    ///   - blockRowCount: Candidate rows a block; nil lets the plan choose by cache size.
    ///   - blockRowCountMax: The most that it chooses; who never runs as many saves their memory.
    ///   - inParallel: Packs; the caller's thread alone unless said otherwise.
    /// - Throws: `EngineError` naming the node that cannot be lowered, or the tensor that is
    ///   missing.
    package init(
        _ graph: Graph, _ tensors: consuming TensorSet,
        packed: [Packing: PackedWeights] = [:], blockRowCount: Int? = nil,
        blockRowCountMax: Int = 128,
        inParallel: ParallelPieces = { count, piece in for index in 0..<count { piece(index) } }
    ) throws(EngineError) {
        let known = Set(packed.keys.flatMap(\.parameters))
            .intersection(Packing.parameters(of: graph))
        do { try graph.check(tensors, except: known) } catch { throw EngineError(error) }
        var packed = packed
        try packed.pack(graph, &tensors, inParallel)
        let lowering = Lowering(graph, tensors, packed)
        lowered = try lowering.lowered(
            blockRowCount: blockRowCount, blockRowCountMax: blockRowCountMax)
        contextSteps = StepList(lowered.contextSteps)
        candidateSteps = StepList(lowered.candidateSteps)
        contextHints = ConstantList(lowered.contextHints)
        candidateHints = ConstantList(lowered.candidateHints)
        self.blockRowCount = lowered.blockRowCount
        inputs = graph.inputs.map { Self.port(graph, $0) }
        outputs = graph.outputs.map { Self.port(graph, $0) }
        memory = lowered.memory
        workPerRow = graph.work.perCandidate
    }

    /// The packed weights, for plans of other versions to share.
    package var packedWeights: [Packing: PackedWeights] { lowered.packed }

    /// The steps as text, one a line, for people.
    package var text: String { lowered.text }

    private static func port(_ graph: Graph, _ id: ValueID) -> Port {
        let value = graph[id]
        return Port(
            name: value.name, dtype: value.type.dtype, rows: value.type.rows,
            width: value.type.rowElementCount ?? 0)
    }
}

extension Plan {
    /// Runs everything: the context once, then all blocks.
    ///
    /// - Parameters:
    ///   - workspace: Made for this plan, its inputs filled for `rowCount` rows.
    ///   - rowCount: Candidates, 0 ... `workspace.rowCountMax`.
    /// - Complexity: O(rows x parameters). Allocates nothing.
    package func run(_ workspace: Workspace, rowCount: Int) {
        prepare(workspace, rowCount: rowCount)
        runContext(workspace)
        var start = 0
        while start < rowCount {
            let count = nextBlockRowCount(remaining: rowCount - start)
            runBlock(workspace, rowStart: start, rowCount: count)
            start += count
        }
    }

    /// Asks the memory for the table rows of a request: the context's, and the first block's.
    ///
    /// A hint, which changes no score; without it the first rows are waited for one by one.
    ///
    /// - Parameters:
    ///   - workspace: Made for this plan, its inputs filled for `rowCount` rows.
    ///   - rowCount: Candidates, 0 ... `workspace.rowCountMax`.
    package func prepare(_ workspace: Workspace, rowCount: Int) {
        workspace.rowCount = rowCount
        let frame = workspace.frame(rowStart: 0, rowCount: 1)
        contextHints.run(frame)
        prefetchBlock(
            workspace, rowStart: 0, rowCount: nextBlockRowCount(remaining: max(rowCount, 1)))
    }

    /// Runs what exists once a request; before the first block.
    package func runContext(_ workspace: Workspace) {
        contextSteps.run(workspace.frame(rowStart: 0, rowCount: 1))
    }

    /// The rows that the next block should have: what is left in as few even blocks as it takes.
    ///
    /// - Parameter remaining: Rows still to be computed, 1 or more.
    /// - Returns: 1 ... `blockRowCount`; a multiple of 8, which kernels like, but for the last block.
    package func nextBlockRowCount(remaining: Int) -> Int {
        let blocks = (remaining + blockRowCount - 1) / max(blockRowCount, 1)
        let even = (remaining + blocks - 1) / max(blocks, 1)
        return min((even + 7) / 8 * 8, blockRowCount, remaining)
    }

    func prefetchBlock(_ workspace: Workspace, rowStart: Int, rowCount: Int) {
        let count = min(rowCount, workspace.rowCount - rowStart)
        guard count > 0 else { return }
        let frame = workspace.frame(rowStart: rowStart, rowCount: count)
        candidateHints.run(frame)
    }

    /// Runs one block of candidate rows and writes the outputs that the workspace's tasks name.
    ///
    /// Blocks may come in any order, and on several threads at once in lanes of their own.
    ///
    /// - Parameters:
    ///   - workspace: Made for this plan.
    ///   - rowStart: The block's first row.
    ///   - rowCount: Its rows, 1 ... `blockRowCount`.
    ///   - lane: Whose memory of the workspace is used.
    /// - Precondition: `runContext` ran.
    package func runBlock(
        _ workspace: Workspace, rowStart: Int, rowCount: Int, lane: Int = 0
    ) {
        let frame = beginBlock(workspace, rowStart: rowStart, rowCount: rowCount, lane: lane)
        candidateSteps.run(frame)
        writeOutputs(workspace, frame)
    }

    /// A block's frame, and its next one's table rows asked for.
    func beginBlock(
        _ workspace: Workspace, rowStart: Int, rowCount: Int, lane: Int = 0
    ) -> Frame {
        precondition(rowCount <= blockRowCount && rowStart + rowCount <= workspace.rowCountMax)
        prefetchBlock(workspace, rowStart: rowStart + rowCount, rowCount: rowCount)
        return workspace.frame(rowStart: rowStart, rowCount: rowCount, lane: lane)
    }

    /// A block of candidate rows that is computed slice by slice.
    package struct Block: Sendable {
        /// Its first row.
        package let rowStart: Int
        /// Its rows, from 1 to `blockRowCount`.
        package let rowCount: Int
        fileprivate var nextStep = 0

        /// A block of which nothing is computed yet.
        package init(rowStart: Int, rowCount: Int) {
            self.rowStart = rowStart
            self.rowCount = rowCount
        }
    }

    /// Runs the next steps of a block, some 20 us of work or one step if that takes longer; after
    /// the last one, writes the outputs as `runBlock` does.
    ///
    /// - Precondition: `runContext` ran, and between a block's slices nothing else does in the
    ///   workspace.
    /// - Returns: Whether steps are left.
    package func runSlice(of block: inout Block, _ workspace: Workspace) -> Bool {
        let (start, count) = (block.rowStart, block.rowCount)
        let frame =
            block.nextStep == 0
            ? beginBlock(workspace, rowStart: start, rowCount: count)
            : workspace.frame(rowStart: start, rowCount: count)
        block.nextStep = candidateSteps.runSlice(frame, from: block.nextStep)
        guard block.nextStep == candidateSteps.count else { return true }
        writeOutputs(workspace, frame)
        return false
    }

    /// Writes a block's outputs that the workspace's tasks name.
    func writeOutputs(_ workspace: Workspace, _ frame: Frame) {
        for index in lowered.outputs.indices where workspace.tasks.contains(index) {
            let location = lowered.outputs[index]
            let bytes = location.width * 4
            tandemk_x8_copy(
                frame.rowCount, bytes, frame.address(location), location.stride * 4,
                workspace.output(index) + frame.rowStart * location.width, bytes)
        }
    }
}
