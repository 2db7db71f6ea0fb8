import TandemEngine
import TandemGraph
import TandemTraining

/// Times an executor over random requests.
struct EngineBench {
    /// What is timed.
    enum Callee {
        case plan(Plan)
        case reference(ReferenceExecutor)
    }

    /// One measurement.
    struct Result {
        var rowCount: Int
        var p50Microseconds: Double
        var p99Microseconds: Double
        var rowsPerSecond: Double
    }

    /// Different requests, so that table rows are not all in the cache.
    private static let requestCount = 64

    let callee: Callee
    let graph: Graph
    let threadCount: Int
    let seconds: Double

    /// Calls the executor for the given time on each thread.
    ///
    /// - Throws: `GraphError`, by the reference only.
    func measured(rowCount: Int) throws(GraphError) -> Result {
        let timers = (0..<threadCount).map { index in
            Timer(
                callee: callee, graph: graph, requests: requests(rowCount, seed: UInt64(index)),
                seconds: seconds)
        }
        WorkerThreads.run(threadCount) { worker in timers[worker].run(rowCount: rowCount) }
        for timer in timers { if let failure = timer.failure { throw failure } }
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
        private let callee: Callee
        private let graph: Graph
        private let requests: [[[UInt32]]]
        private let seconds: Double
        private(set) var durations = Durations()
        private(set) var failure: GraphError?

        init(callee: Callee, graph: Graph, requests: [[[UInt32]]], seconds: Double) {
            self.callee = callee
            self.graph = graph
            self.requests = requests
            self.seconds = seconds
        }

        func run(rowCount: Int) {
            switch callee {
            case .plan(let plan):
                let workspace = Workspace(plan, rowCountMax: rowCount)
                measure(
                    warmUpCount: 8, countMin: 20, prepare: { self.fill(workspace, $0) },
                    call: { _ in plan.run(workspace, rowCount: rowCount) })
            case .reference(let executor):
                let inputs = requests.map { tensors($0, rowCount) }
                measure(
                    warmUpCount: 1, countMin: 5, prepare: { _ in },
                    call: { self.run(executor, inputs[$0], rowCount) })
            }
        }

        private func run(
            _ executor: ReferenceExecutor, _ inputs: [String: ReferenceTensor], _ rowCount: Int
        ) {
            do throws(GraphError) {
                _ = try executor.run(inputs, rowCount: rowCount)
            } catch { failure = error }
        }

        /// Calls for the given time, and for a number of times at least.
        private func measure(
            warmUpCount: Int, countMin: Int, prepare: (Int) -> Void, call: (Int) -> Void
        ) {
            for request in 0..<warmUpCount {
                prepare(request)
                call(request)
            }
            let end = Durations.now() + seconds * 1e6
            var index = 0
            while failure == nil, Durations.now() < end || durations.count < countMin {
                let request = index % requests.count
                prepare(request)
                durations.measure { call(request) }
                index += 1
            }
        }

        private func fill(_ workspace: Workspace, _ index: Int) {
            for (position, values) in requests[index].enumerated() {
                values.withUnsafeBytes { source in
                    guard let base = source.baseAddress else { return }
                    workspace.input(position).copyMemory(from: base, byteCount: source.count)
                }
            }
        }

        /// A request as the reference takes it.
        private func tensors(
            _ request: [[UInt32]], _ rowCount: Int
        ) -> [String: ReferenceTensor] {
            var inputs: [String: ReferenceTensor] = [:]
            for (id, values) in zip(graph.inputs, request) {
                let type = graph[id].type
                inputs[graph[id].name] = ReferenceTensor(
                    rowCount: type.rows == .candidate ? rowCount : 1,
                    shape: type.fixedSizes ?? [],
                    type.dtype == .float32
                        ? .float32(values.map { Float(bitPattern: $0) })
                        : .int32(values.map { Int32(bitPattern: $0) }))
            }
            return inputs
        }
    }
}
