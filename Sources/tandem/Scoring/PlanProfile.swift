import TandemEngine
import TandemGraph

/// Where a plan's time goes: its steps run one by one, each under the clock.
///
/// The clocks cost some 50 ns a step and block; `wholeMicroseconds` is without them.
struct PlanProfile {
    /// One step's part of a request.
    struct Entry {
        var note: Plan.StepNote
        /// Median of a request's time in this step, all blocks together.
        var microseconds: Double
        /// Of a request.
        var multiplyAdds: Int
        /// Of a request: weights once a block, operands and table rows once a row.
        var bytes: Int

        /// Billions of operations a second, two a multiply-add.
        var operationRate: Double { 2 * Double(multiplyAdds) / (microseconds * 1e3) }
        /// Gigabytes a second.
        var byteRate: Double { Double(bytes) / (microseconds * 1e3) }
    }

    let rowCount: Int
    let entries: [Entry]
    /// Median of a request run as in service, without clocks between the steps.
    let wholeMicroseconds: Double

    /// Profiles random requests for at least some time.
    init(_ plan: Plan, _ graph: Graph, rowCount: Int, seconds: Double) {
        let workspace = Workspace(plan, rowCountMax: rowCount)
        var requests = BenchRequests(graph, rowCount: rowCount, seed: 1)
        let steps = plan.steps
        var spent = steps.map { _ in [Double]() }
        var whole = Durations()
        for _ in 0..<3 {
            requests.fill(workspace.input)
            plan.run(workspace, rowCount: rowCount)
        }
        let end = Durations.now() + seconds * 1e6
        while Durations.now() < end || whole.count < 5 {
            requests.fill(workspace.input)
            whole.measure { plan.run(workspace, rowCount: rowCount) }
            requests.fill(workspace.input)
            for (index, time) in Self.request(plan, steps, workspace, rowCount).enumerated() {
                spent[index].append(time)
            }
        }
        self.rowCount = rowCount
        wholeMicroseconds = whole.quantile(0.5)
        let blocks = Self.blocks(plan, rowCount).count
        entries = zip(steps, spent).map { note, times in
            let isOnce = note.rows != .candidate
            let rows = isOnce ? 1 : rowCount
            return Entry(
                note: note, microseconds: times.sorted()[times.count / 2],
                multiplyAdds: note.cost.multiplyAdds * rows,
                bytes: note.cost.weightBytes * (isOnce ? 1 : blocks) + note.cost.rowBytes * rows)
        }
    }

    /// Microseconds of each step of one request.
    private static func request(
        _ plan: Plan, _ steps: [Plan.StepNote], _ workspace: Workspace, _ rowCount: Int
    ) -> [Double] {
        var times = steps.map { _ in 0.0 }
        func timed(_ index: Int, _ rowStart: Int, _ count: Int) {
            let start = Durations.now()
            plan.runStep(index, workspace, rowStart: rowStart, rowCount: count)
            times[index] += Durations.now() - start
        }
        let once = steps.prefix { $0.rows != .candidate }.count
        plan.prepare(workspace, rowCount: rowCount)
        for index in 0..<once { timed(index, 0, 1) }
        for block in blocks(plan, rowCount) {
            for index in once..<steps.count { timed(index, block.lowerBound, block.count) }
        }
        return times
    }

    /// The rows of each block, as a plan takes them.
    private static func blocks(_ plan: Plan, _ rowCount: Int) -> [Range<Int>] {
        var blocks: [Range<Int>] = []
        var start = 0
        while start < rowCount {
            let end = start + plan.nextBlockRowCount(remaining: rowCount - start)
            blocks.append(start..<end)
            start = end
        }
        return blocks
    }
}
