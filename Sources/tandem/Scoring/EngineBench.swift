import TandemEngine
import TandemGraph
import TandemTraining

/// Times a plan over random requests.
struct EngineBench {
    /// One measurement.
    struct Result {
        var rowCount: Int
        var p50Microseconds: Double
        var p99Microseconds: Double
        var rowsPerSecond: Double
    }

    /// Different requests, so that table rows are not all in the cache.
    private static let requestCount = 64

    let plan: Plan
    let graph: Graph
    let threadCount: Int
    let seconds: Double

    /// Calls the engine for the given time on each thread.
    func measured(rowCount: Int) -> Result {
        let timers = (0..<threadCount).map { index in
            Timer(plan: plan, requests: requests(rowCount, seed: UInt64(index)), seconds: seconds)
        }
        WorkerThreads.run(threadCount) { worker in timers[worker].run(rowCount: rowCount) }
        var all = Durations()
        for timer in timers { all.add(timer.durations) }
        let rate = timers.reduce(0.0) { $0 + Double(rowCount) * $1.durations.perSecond }
        return Result(
            rowCount: rowCount, p50Microseconds: all.quantile(0.5),
            p99Microseconds: all.quantile(0.99), rowsPerSecond: rate)
    }

    /// Random inputs for one thread: numbers around 0, ids over their whole tables.
    private func requests(_ rowCount: Int, seed: UInt64) -> [[[UInt32]]] {
        var random = RandomSource(seed: seed &+ 1)
        let limits = IdentifierLimits(graph)
        return (0..<Self.requestCount).map { _ in
            graph.inputs.map { id in
                let type = graph[id].type
                let rows = type.rows == .candidate ? rowCount : 1
                let count = rows * (type.rowElementCount ?? 0)
                if type.dtype == .float32 {
                    return (0..<count).map { _ in (random.uniform() * 2 - 1).bitPattern }
                }
                // What no table bounds is a mask or a count: ones are whole sequences.
                let limit = limits.exclusiveLimit(of: id)
                guard let limit else { return [UInt32](repeating: 1, count: count) }
                return (0..<count).map { _ in UInt32.random(in: 0..<limit, using: &random) }
            }
        }
    }

    /// One thread's calls.
    private final class Timer: @unchecked Sendable {
        private let plan: Plan
        private let requests: [[[UInt32]]]
        private let seconds: Double
        private(set) var durations = Durations()

        init(plan: Plan, requests: [[[UInt32]]], seconds: Double) {
            self.plan = plan
            self.requests = requests
            self.seconds = seconds
        }

        func run(rowCount: Int) {
            let workspace = Workspace(plan, rowCountMax: rowCount)
            for index in 0..<8 {
                fill(workspace, index)
                plan.run(workspace, rowCount: rowCount)
            }
            let end = Durations.now() + seconds * 1e6
            var index = 0
            while Durations.now() < end || durations.count < 20 {
                fill(workspace, index)
                durations.measure { plan.run(workspace, rowCount: rowCount) }
                index += 1
            }
        }

        private func fill(_ workspace: Workspace, _ index: Int) {
            let request = requests[index % requests.count]
            for (position, values) in request.enumerated() {
                values.withUnsafeBytes { source in
                    guard let base = source.baseAddress else { return }
                    workspace.input(position).copyMemory(from: base, byteCount: source.count)
                }
            }
        }
    }
}
