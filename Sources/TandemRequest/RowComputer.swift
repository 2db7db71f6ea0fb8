package import TandemEngine
internal import TandemFeatures
internal import TandemWire

/// Encodes and computes blocks of one request's rows in a lane, in any order of blocks, one at a time
/// and slice by slice.
///
/// Values are checked where they are read, block by block.
struct RowComputer {
    let model: ServableModel
    let lane: UnsafeMutablePointer<LaneMemory>
    /// What was seen of each feature, in the signature's order.
    var featureCounts: [FeatureCounts]
    /// What was seen on the way, of a request that wants to know.
    private(set) var explanation: RowExplanation?
    private var columns: ColumnBinding
    private var turn: UInt64 = 0
    private var isContextCounted = false
    /// The rows of the block at hand, within the lane, that no slice was computed of yet.
    private var rowsLeft = 0..<0
    private var block: Plan.Block?

    init(_ model: ServableModel, _ lane: UnsafeMutablePointer<LaneMemory>) {
        self.model = model
        self.lane = lane
        columns = ColumnBinding(model)
        featureCounts = model.signature.features.map { _ in FeatureCounts() }
    }

    mutating func free() { columns.free() }

    /// Takes up a request, which stays valid while its rows are computed.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - countsContext: Whether what is seen of the context's features is counted.
    /// - Throws: What is wrong with a column, values apart.
    mutating func open(
        _ request: PredictView, countsContext: Bool
    ) throws(RequestError) {
        try columns.bind(request, model)
        turn = lane.pointee.takeTurn()
        isContextCounted = !countsContext
        (rowsLeft, block) = (0..<0, nil)
        explanation = request.wantsExplanation ? RowExplanation(model.plan) : nil
    }

    /// Encodes rows `row ..< row + count` of the request that was opened, and computes the context
    /// if need be; `computeSlice` goes on.
    ///
    /// - Parameters:
    ///   - row: The first row.
    ///   - count: 1 to the lane's `blockRows`.
    ///   - scores: By task and then by gate, where row 0 of its numbers goes; nil for one that
    ///     nobody wants.
    ///   - widths: Numbers a row of each.
    ///   - clock: CLOCK_MONOTONIC in nanoseconds.
    /// - Returns: When encoding was done.
    /// - Throws: What is wrong with a value.
    /// - Complexity: O(rows), and O(rows passed over) for lists and texts where blocks were left
    ///   out. Allocates nothing.
    mutating func begin(
        _ row: Int, _ count: Int, scores: UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>?>,
        widths: UnsafeMutableBufferPointer<Int>, clock: () -> UInt64
    ) throws(RequestError) -> UInt64 {
        let isContextThere = lane.pointee.contextTurn == turn
        do throws(FeatureError) {
            if !isContextThere { try encodeContext() }
            for index in model.candidateFeatures.indices {
                try encode(model.candidateFeatures[index], row, count)
            }
        } catch { throw RequestError(error) }
        let encoded = clock()
        let workspace = lane.pointee.workspace
        var tasks = TaskMask.none
        for column in scores.indices {
            let target = scores[column].map { $0 + row * widths[column] }
            workspace.redirectOutput(model.outputs[column], to: target)
            if target != nil { tasks.insert(model.outputs[column]) }
        }
        workspace.tasks = tasks
        model.plan.prepare(workspace, rowCount: count)
        if explanation == nil {
            if !isContextThere { model.plan.runContext(workspace) }
            (rowsLeft, block) = (0..<count, nil)
        } else {
            explain(row, count, isContextThere: isContextThere, clock)
            (rowsLeft, block) = (count..<count, nil)
        }
        lane.pointee.contextTurn = turn
        return encoded
    }

    /// Computes some 20 us of what `begin` began.
    ///
    /// - Precondition: Nothing else began in the lane since.
    /// - Complexity: O(rows x parameters) for all slices together. Allocates nothing.
    mutating func computeSlice() {
        precondition(lane.pointee.contextTurn == turn, "a lane computes one block at a time")
        let (plan, workspace) = (model.plan, lane.pointee.workspace)
        guard var current = block ?? nextBlock() else { return }
        block = plan.runSlice(of: &current, workspace) ? current : nil
    }

    /// Whether slices of the block at hand are left.
    var hasSlices: Bool { block != nil || !rowsLeft.isEmpty }

    /// The next of the plan's blocks, which may be smaller than a lane's.
    private mutating func nextBlock() -> Plan.Block? {
        let (first, end) = (rowsLeft.lowerBound, rowsLeft.upperBound)
        guard first < end else { return nil }
        let count = model.plan.nextBlockRowCount(remaining: end - first)
        rowsLeft = first + count..<end
        return Plan.Block(rowStart: first, rowCount: count)
    }

    /// As all slices at once, step by step and with the context.
    private mutating func explain(
        _ row: Int, _ count: Int, isContextThere: Bool, _ clock: () -> UInt64
    ) {
        guard var explanation else { return }
        if row == 0 {
            explanation.firstValues = model.signature.features.indices.map {
                model.encoder.describeFirstRow(columns.cursors[$0], lane.pointee.inputs)
            }
        }
        let workspace = lane.pointee.workspace
        if !isContextThere { model.plan.runContext(workspace, &explanation.steps, clock: clock) }
        var start = 0
        while start < count {
            let blockCount = model.plan.nextBlockRowCount(remaining: count - start)
            model.plan.runBlock(
                workspace, rowStart: start, rowCount: blockCount, &explanation.steps,
                clock: clock)
            start += blockCount
        }
        self.explanation = explanation
    }

    private mutating func encodeContext() throws(FeatureError) {
        // From here on the lane holds neither the other's context nor ours.
        lane.pointee.contextTurn = 0
        for index in model.contextFeatures.indices {
            let feature = model.contextFeatures[index]
            let counts = featureCounts[feature]
            columns.cursors[feature].rewind()
            try encode(feature, 0, 1)
            if isContextCounted { featureCounts[feature] = counts }
        }
        isContextCounted = true
    }

    private mutating func encode(
        _ feature: Int, _ row: Int, _ count: Int
    ) throws(FeatureError) {
        if columns.cursors[feature].row != row {
            model.encoder.move(&columns.cursors[feature], to: row)
        }
        try model.encoder.encode(
            &columns.cursors[feature], rowCount: count, into: lane.pointee.inputs,
            counts: &featureCounts[feature], memory: &lane.pointee.text)
    }
}

/// What computing a request's rows showed, for people.
package struct RowExplanation: Sendable {
    /// Time by step of the plan.
    package var steps: Plan.StepTimes
    /// What the model saw of each feature's first row, in the signature's order.
    package var firstValues: [String] = []

    init(_ plan: Plan) { steps = Plan.StepTimes(plan) }
}
