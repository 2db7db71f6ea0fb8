package import TandemEngine
package import TandemFeatures
package import TandemWire

// Design: a Predict request as a state machine without I/O.
//
//     idle --arrive--> checked --place--> computing --advance*--> idle
//                 \________________________/\______ refusal, cancel
//
// `arrive` checks everything that can be wrong with the request but its values and says how many
// bytes the answer takes; `place` is given that memory; each `advance` computes one slice of a block
// of rows, straight into the answer, and looks at the deadline first. Between two advances the loop
// may poll its sockets, take another request of another session (of the same lane only between two
// blocks), or cancel this one. A refusal or `cancel` brings it back to idle; the memory given is then
// the caller's again.
//
// Values are checked block by block, where they are read anyway, so that NaN in the last row is
// found late but the values are touched once.
//
// A large request may be shared between `place` and the first `advance`: other loops then take blocks
// of it too (`SharedRows.swift`). Its end, whether well or not, is then put off until they have left
// the answer's memory: `advance` says `awaiting`, and a run that was cancelled may have to be advanced
// once more.
//
// Where a task's scores go: into the answer if the task is listed; into scratch memory if only the
// ranking reads it, or if the answer shall have the ranked rows only; nowhere otherwise. Gates come
// after the tasks and are treated like them: all are listed, or none.

/// The memory and the progress of one model's Predict requests on one loop.
package final class PredictSession: @unchecked Sendable {
    /// The state machine.
    ///
    /// Behind a pointer, because Swift would check exclusive access to a class's property at each
    /// step.
    package let run: UnsafeMutablePointer<PredictRun>

    private let lane: PredictLane

    /// Takes all memory that a request of usual size needs.
    ///
    /// - Parameters:
    ///   - model: What is computed.
    ///   - lane: Where; other sessions may use it in turn. Nil for one of its own.
    ///   - limits: The wire's limits in force.
    ///   - clock: CLOCK_MONOTONIC in nanoseconds, for stage times.
    /// - Throws: `EngineError` `outOfMemory`.
    package init(
        _ model: ServableModel, lane: PredictLane? = nil, limits: WireLimits = WireLimits(),
        clock: @escaping @Sendable () -> UInt64
    ) throws(EngineError) {
        if let lane { self.lane = lane } else { self.lane = try PredictLane(model) }
        run = .allocate(capacity: 1)
        run.initialize(
            to: PredictRun(model, lane: self.lane.memory, limits: limits, clock: clock))
    }

    deinit {
        run.pointee.free()
        run.deinitialize(count: 1)
        run.deallocate()
    }
}

/// One request at a time: checked, computed by blocks of rows, ranked.
package struct PredictRun {
    /// Nanoseconds that the stages of the last request took.
    package struct StageTimes: Equatable, Sendable {
        /// Encoding raw features.
        package var features: UInt64 = 0
        /// Running the plan.
        package var compute: UInt64 = 0
        /// Ranking.
        package var rank: UInt64 = 0
        /// Laying the answer out; scores are computed into it.
        package var encode: UInt64 = 0
    }

    /// What is left to do.
    package enum Progress: Equatable, Sendable {
        /// More slices, of the block at hand or of another: call `advance` again.
        case more
        /// Other loops compute the last rows: call `advance` again after a while.
        case awaiting
        /// The answer is complete.
        case finished
    }

    /// Rows of a request whose scores are counted.
    private static let countedRowsMax = 32

    enum Phase: Equatable {
        case idle
        case checked
        case computing(nextRow: Int)
        /// All blocks are taken, or it is given up; helpers may be within.
        case ending
    }

    /// What is computed.
    package let model: ServableModel
    /// What was seen of each feature since the session began, in the signature's order.
    package var featureCounts: [FeatureCounts] { computer.featureCounts }
    /// What scores were given since the session began, in the signature's order of tasks.
    package private(set) var scoreCounts: [ScoreHistogram]
    /// Stages of the last request.
    package private(set) var times = StageTimes()
    /// Rows of the request at hand, or of the last one.
    package private(set) var rowCount = 0
    /// How the answer that was finished last is laid out, for adding an explanation to it.
    package private(set) var finishedLayout: PredictResponseLayout?
    /// What had been seen of each feature when the request at hand came, if it is to be explained.
    private var countsBefore: [FeatureCounts] = []

    let limits: WireLimits
    let clock: @Sendable () -> UInt64
    /// Rows of a block, at most.
    package let blockRows: Int
    /// Whether some slices of a block are computed and some are not; until they are, no other
    /// session may compute in the lane.
    package var isWithinBlock: Bool {
        guard case .computing = phase else { return false }
        return computer.hasSlices
    }
    private(set) var phase = Phase.idle
    /// Whether it can take a request.
    package var isIdle: Bool { phase == .idle }
    /// CLOCK_MONOTONIC nanoseconds until which the request at hand, or the last one, may take.
    package private(set) var deadline = UInt64.max
    var selection: TaskSelection
    /// Tasks and gates of the answer, in its order.
    private var listed: [Int] = []
    var ranking = RankingPlan()
    private var layout: PredictResponseLayout?
    var scratch = ScratchMemory()
    private var computer: RowComputer
    private var request: PredictView?
    private var shared: (rows: SharedRows, offer: SharedRows.Offer)?
    private var failure: RequestError?
    /// CLOCK_MONOTONIC nanoseconds at which the last slice was done.
    package private(set) var computedAt: UInt64 = 0
    var isNeeded: [Bool]
    let arrays: UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>>
    let scores: UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>?>
    let widths: UnsafeMutableBufferPointer<Int>
    var ranked: RankedPlaces?

    init(
        _ model: ServableModel, lane: UnsafeMutablePointer<LaneMemory>, limits: WireLimits,
        clock: @escaping @Sendable () -> UInt64
    ) {
        self.model = model
        self.limits = limits
        self.clock = clock
        blockRows = lane.pointee.blockRows
        computer = RowComputer(model, lane)
        selection = TaskSelection(model)
        scoreCounts = model.signature.tasks.map { _ in ScoreHistogram() }
        let columnCount = model.widths.count
        isNeeded = [Bool](repeating: false, count: columnCount)
        listed.reserveCapacity(columnCount)
        arrays = .allocate(capacity: columnCount)
        scores = .allocate(capacity: columnCount)
        scores.initialize(repeating: nil)
        widths = .allocate(capacity: columnCount)
        _ = widths.initialize(fromContentsOf: model.widths)
    }

    mutating func free() {
        arrays.deallocate()
        scores.deallocate()
        widths.deallocate()
        scratch.free()
        computer.free()
    }

    /// What computing the request at hand, or the last one, showed, if it is to be explained.
    package var explanation: RowExplanation? { computer.explanation }

    /// What was seen of each feature in a request that is to be explained; else nothing.
    package var requestCounts: [FeatureCounts] {
        zip(featureCounts, countsBefore).map { now, before in
            var counts = FeatureCounts()
            counts.rows = now.rows - before.rows
            counts.missingRows = now.missingRows - before.missingRows
            counts.values = now.values - before.values
            counts.unknownValues = now.unknownValues - before.unknownValues
            counts.clippedValues = now.clippedValues - before.clippedValues
            return counts
        }
    }

    /// Forgets what was seen so far: warm-ups are nobody's requests.
    package mutating func forgetCounts() {
        for index in computer.featureCounts.indices {
            computer.featureCounts[index] = FeatureCounts()
        }
        for index in scoreCounts.indices { scoreCounts[index] = ScoreHistogram() }
    }

    // MARK: Events

    /// A request came.
    ///
    /// - Parameters:
    ///   - request: Stays valid until the run is idle again.
    ///   - id: The call's id.
    ///   - now: CLOCK_MONOTONIC nanoseconds.
    ///   - defaultDeadline: Nanoseconds from now that a request without deadline gets; 0 for none.
    /// - Returns: How many bytes of memory the answer's frame takes.
    /// - Throws: `RequestError`; the run is then idle.
    package mutating func arrive(
        _ request: PredictView, id: UInt64, now: UInt64, defaultDeadline: UInt64 = 0
    ) throws(RequestError) -> Int {
        try arrive(
            request, id: id, now: now,
            deadline: request.deadlineNanoseconds ?? Self.later(now, defaultDeadline))
    }

    /// A request came whose deadline was settled before; else as the other.
    package mutating func arrive(
        _ request: PredictView, id: UInt64, now: UInt64, deadline: UInt64
    ) throws(RequestError) -> Int {
        precondition(phase == .idle, "a session computes one request at a time")
        times = StageTimes()
        rowCount = request.rows
        self.deadline = deadline
        try checkDeadline(now)
        try selection.take(request.tasks, model)
        listed.removeAll(keepingCapacity: true)
        for position in selection.tasks.indices { listed.append(selection.tasks[position]) }
        let taskCount = model.tasks.names.count
        if request.wantsGateWeights {
            for gate in model.gates.indices { listed.append(taskCount + gate) }
        }
        try ranking.take(request.ranking, rows: rowCount, model: model)
        try computer.open(request, countsContext: true)
        countsBefore = request.wantsExplanation ? featureCounts : []
        let layout: PredictResponseLayout
        do {
            layout = try PredictResponseLayout(
                selection.template, id: id,
                rows: ranking.rankedRowsOnly ? ranking.count : rowCount,
                rankedCount: ranking.isWanted ? ranking.count : nil,
                includesGates: request.wantsGateWeights,
                frameBytesMax: limits.frameBytesMax)
        } catch {
            throw RequestError(
                .answerTooLarge, error.message, model: model.name, limit: error.limit,
                bound: error.bound, actual: error.actual)
        }
        self.layout = layout
        self.request = request
        phase = .checked
        return layout.frameBytes
    }

    /// The memory for the answer is here.
    ///
    /// - Parameter frame: As many bytes as `arrive` said; must stay until the run is idle again.
    package mutating func place(at frame: UnsafeMutableRawPointer) {
        guard phase == .checked, let layout else {
            preconditionFailure("place follows arrive")
        }
        let start = clock()
        ranked = layout.write(to: frame, arrays: arrays)
        placeScores()
        times.encode = clock() &- start
        phase = .computing(nextRow: 0)
    }

    /// Lets other loops compute blocks of the request too; after `place`, before `advance`.
    ///
    /// - Parameter rows: Free, and this run's until the request has ended.
    package mutating func share(_ rows: SharedRows) {
        guard case .computing(0) = phase, let request else {
            preconditionFailure("a request is shared before its first block")
        }
        let offer = SharedRows.Offer(
            request: request, rowCount: rowCount, scores: scores, widths: widths)
        shared = (rows, offer)
        rows.open(offer)
    }

    /// Computes the next slice of rows, some 20 us, and after the last one ranks.
    ///
    /// A block's first slice is its encoding too, and the first block's the context.
    ///
    /// - Parameter now: CLOCK_MONOTONIC nanoseconds; past the deadline nothing is computed, and
    ///   what is done past it is not answered.
    /// - Returns: Whether there is more to compute.
    /// - Throws: `deadlinePassed`, or what is wrong with a value; the run is then idle and the
    ///   answer's memory holds nothing of use.
    /// - Complexity: O(rows x parameters) for all slices together. Allocates nothing.
    package mutating func advance(now: UInt64) throws(RequestError) -> Progress {
        switch phase {
        case .idle, .checked: preconditionFailure("advance follows place")
        case .ending: return try end(now)
        case .computing(let row):
            do throws(RequestError) {
                try checkDeadline(now)
                if isWithinBlock {
                    computeSlice(since: now)
                } else if try beginBlock(at: row) {
                    computeSlice(since: computedAt)
                }
                if isWithinBlock || hasBlocks { return .more }
            } catch {
                failure = error
                shared?.rows.close()
            }
            phase = .ending
            return try end(now)
        }
    }

    /// Gives the request up.
    ///
    /// The run is idle, unless it is shared and others are within: then it is once `advance` has
    /// thrown `cancelled`.
    ///
    /// - Returns: Whether it is idle.
    package mutating func cancel() -> Bool {
        shared?.rows.close()
        guard shared?.rows.isFree ?? true else {
            failure = RequestError(.cancelled, "the caller gave the call up")
            phase = .ending
            return false
        }
        becomeIdle()
        return true
    }

    // MARK: Ending

    private mutating func end(_ now: UInt64) throws(RequestError) -> Progress {
        if let shared {
            guard shared.rows.isFree else { return .awaiting }
            times.compute &+= shared.rows.helpedNanoseconds
            if failure == nil, let row = shared.rows.wrongBlock {
                do throws(RequestError) {
                    try begin(row..<min(row + blockRows, rowCount))
                    preconditionFailure("what is wrong with a value is so for every loop")
                } catch { failure = error }
            }
        }
        if failure == nil {
            // Who waited until the deadline has gone by now.
            do throws(RequestError) {
                try checkDeadline(max(now, computedAt))
            } catch { failure = error }
        }
        if let failure {
            becomeIdle()
            throw failure
        }
        finishRanking()
        countScores()
        finishedLayout = layout
        becomeIdle()
        return .finished
    }

    private mutating func becomeIdle() {
        phase = .idle
        layout = nil
        ranked = nil
        request = nil
        shared = nil
        failure = nil
        scratch.trim()
    }

    // MARK: Steps

    /// Counts the scores of the listed tasks, of evenly spread rows where there are many; of a task
    /// with several columns the largest counts.
    private mutating func countScores() {
        let rows = ranking.rankedRowsOnly ? ranking.count : rowCount
        let stride = max(1, rows / Self.countedRowsMax)
        for position in selection.tasks.indices {
            let task = selection.tasks[position]
            let width = widths[task]
            var row = 0
            while row < rows {
                let scores = arrays[position] + row * width
                var largest = scores[0]
                for column in 1..<max(width, 1) where scores[column] > largest {
                    largest = scores[column]
                }
                scoreCounts[task].add(largest)
                row += stride
            }
        }
    }

    private func checkDeadline(_ now: UInt64) throws(RequestError) {
        guard now < deadline else {
            throw RequestError(
                .deadlinePassed,
                "the deadline passed \((now - deadline) / 1_000) us ago; nothing was answered",
                model: model.name)
        }
    }

    /// Decides where each task's scores go.
    private mutating func placeScores() {
        for task in isNeeded.indices {
            isNeeded[task] = false
            scores[task] = nil
        }
        if ranking.isWanted { ranking.program.markTasks(&isNeeded) }
        if ranking.rankedRowsOnly {
            for position in listed.indices { isNeeded[listed[position]] = true }
        } else {
            for position in listed.indices { scores[listed[position]] = arrays[position] }
        }
        var floats = 0
        for task in isNeeded.indices where isNeeded[task] && scores[task] == nil {
            floats += rowCount * widths[task]
        }
        scratch.reserve(
            floats: floats, rows: ranking.isWanted ? rowCount : 0,
            stackFloats: ranking.program.stackDepth * RankingLimits.stripRows)
        var next = scratch.floats
        for task in isNeeded.indices where isNeeded[task] && scores[task] == nil {
            scores[task] = next
            next = next.map { $0 + rowCount * widths[task] }
        }
    }

    /// Takes the next block, if there is one, and begins it; whether it did.
    private mutating func beginBlock(at row: Int) throws(RequestError) -> Bool {
        guard let shared else {
            let end = min(row + blockRows, rowCount)
            phase = .computing(nextRow: end)
            try begin(row..<end)
            return true
        }
        guard let block = shared.rows.takeBlock(shared.offer, blockRows) else { return false }
        do throws(RequestError) {
            try begin(block)
        } catch {
            // Met again by `end`, unless an earlier block is wrong too.
            shared.rows.giveUp(block: block.lowerBound)
            return false
        }
        return true
    }

    /// Whether there are blocks that nobody has taken.
    private var hasBlocks: Bool {
        if let shared { return shared.rows.isOpen }
        guard case .computing(let row) = phase else { return false }
        return row < rowCount
    }

    private mutating func begin(_ rows: Range<Int>) throws(RequestError) {
        let start = clock()
        let encoded = try computer.begin(
            rows.lowerBound, rows.count, scores: scores, widths: widths, clock: clock)
        computedAt = clock()
        times.features &+= encoded &- start
        times.compute &+= computedAt &- encoded
    }

    private mutating func computeSlice(since start: UInt64) {
        computer.computeSlice()
        computedAt = clock()
        times.compute &+= computedAt &- start
    }

    private mutating func finishRanking() {
        guard ranking.isWanted, let ranked, let workArea = scratch.ranking else { return }
        let start = clock()
        guard let taskScores = scores.baseAddress, let taskWidths = widths.baseAddress else {
            return
        }
        ranking.program.evaluate(
            ScoreColumns(arrays: taskScores, widths: taskWidths), rowCount: rowCount,
            stack: workArea.stack, output: workArea.combined)
        RowSelection.select(
            workArea.combined, rowCount: rowCount, count: ranking.count, keys: workArea.keys)
        for rank in 0..<ranking.count {
            let row = RowSelection.row(of: workArea.keys[rank])
            ranked.rows[rank] = UInt32(truncatingIfNeeded: row)
            ranked.scores[rank] = workArea.combined[row]
        }
        if ranking.rankedRowsOnly { copyRankedRows(workArea.keys) }
        times.rank = clock() &- start
    }

    private func copyRankedRows(_ keys: UnsafeMutablePointer<UInt64>) {
        for position in listed.indices {
            let task = listed[position]
            guard let source = scores[task] else { continue }
            let width = widths[task]
            for rank in 0..<ranking.count {
                let row = RowSelection.row(of: keys[rank])
                (arrays[position] + rank * width).update(from: source + row * width, count: width)
            }
        }
    }

    private static func later(_ now: UInt64, _ wait: UInt64) -> UInt64 {
        let (sum, overflow) = now.addingReportingOverflow(wait)
        return wait == 0 || overflow ? .max : sum
    }
}
