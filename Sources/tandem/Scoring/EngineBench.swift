import TandemEngine
import TandemGraph
import TandemTraining

/// Times an executor over requests.
struct EngineBench {
    /// What is timed.
    enum Callee {
        case plan(Plan)
        case reference(ReferenceExecutor)
    }

    /// One measurement.
    struct Result {
        var rowCount: Int
        /// Threads of each caller.
        var threadCount: Int
        var callerCount: Int
        /// Calls of all callers.
        var durations: Durations
        /// Of all callers together.
        var rowsPerSecond: Double
    }

    let callee: Callee
    let graph: Graph
    /// Outputs that a request wants; by the reference always all.
    let tasks: TaskMask
    /// A folder of recorded requests; nil for random ones.
    let recorded: String?
    /// A measurement takes at least so long.
    let seconds: Double

    /// Calls the executor for the given time, by some callers at once, each with its own threads.
    ///
    /// - Throws: `Failure` for recorded requests that cannot be read; `GraphError`, by the reference
    ///   only.
    func measured(rowCount: Int, threadCount: Int, callerCount: Int) throws -> Result {
        var callers: [Caller] = []
        for index in 0..<callerCount {
            callers.append(
                try caller(
                    rowCount: rowCount, threadCount: threadCount, seed: UInt64(index + 1)))
        }
        let running = callers
        WorkerThreads.run(callerCount) { worker in running[worker].run(seconds: seconds) }
        for caller in callers { if let failure = caller.failure { throw failure } }
        var all = Durations()
        for caller in callers { all.add(caller.durations) }
        return Result(
            rowCount: rowCount, threadCount: threadCount, callerCount: callerCount,
            durations: all,
            rowsPerSecond: callers.reduce(0) { $0 + Double(rowCount) * $1.durations.perSecond })
    }

    /// One caller's calls, to be repeated: its requests go on where they stopped.
    ///
    /// - Throws: `Failure` for recorded requests that cannot be read.
    func caller(rowCount: Int, threadCount: Int, seed: UInt64) throws(Failure) -> Caller {
        let requests =
            if let recorded {
                try BenchRequests(graph, rowCount: rowCount, folder: recorded)
            } else { BenchRequests(graph, rowCount: rowCount, seed: seed) }
        return Caller(
            callee, graph, tasks, requests, rowCount: rowCount, threadCount: threadCount)
    }
}

extension EngineBench {
    /// One caller's requests, memory and threads.
    final class Caller: @unchecked Sendable {
        private enum Engine {
            case plan(ParallelExecutor)
            case reference(ReferenceExecutor, Graph, [TensorStorage])
        }

        private let engine: Engine
        private let rowCount: Int
        private var requests: BenchRequests
        /// Of the last run.
        private(set) var durations = Durations()
        /// Why the last run ended early; by the reference only.
        private(set) var failure: GraphError?

        fileprivate init(
            _ callee: Callee, _ graph: Graph, _ tasks: TaskMask, _ requests: BenchRequests,
            rowCount: Int, threadCount: Int
        ) {
            self.requests = requests
            self.rowCount = rowCount
            switch callee {
            case .plan(let plan):
                let executor = ParallelExecutor(
                    plan, rowCountMax: rowCount, threadCount: threadCount)
                executor.workspace.tasks = tasks
                engine = .plan(executor)
            case .reference(let executor):
                engine = .reference(
                    executor, graph,
                    graph.inputs.map { id in
                        let type = graph[id].type
                        let rows = type.rows == .candidate ? rowCount : 1
                        return TensorStorage(byteCount: rows * (type.rowElementCount ?? 0) * 4)
                    })
            }
        }

        /// Calls the executor for some time, after a few calls that are not timed.
        func run(seconds: Double) {
            durations = Durations()
            switch engine {
            case .plan(let executor):
                measure(
                    seconds, warmUpCount: 3,
                    prepare: { self.requests.fill(executor.workspace.input) },
                    call: { executor.run(rowCount: self.rowCount) })
            case .reference(let executor, let graph, let memory):
                var inputs: [String: ReferenceTensor] = [:]
                measure(
                    seconds, warmUpCount: 1,
                    prepare: {
                        self.requests.fill { memory[$0].base }
                        inputs = self.tensors(graph, memory)
                    }, call: { self.run(executor, inputs) })
            }
        }

        private func measure(
            _ seconds: Double, warmUpCount: Int, prepare: () -> Void, call: () -> Void
        ) {
            for _ in 0..<warmUpCount {
                prepare()
                call()
            }
            let end = Durations.now() + seconds * 1e6
            while failure == nil, Durations.now() < end || durations.count < 5 {
                prepare()
                durations.measure { call() }
            }
        }

        private func run(_ executor: ReferenceExecutor, _ inputs: [String: ReferenceTensor]) {
            do throws(GraphError) {
                _ = try executor.run(inputs, rowCount: rowCount)
            } catch { failure = error }
        }

        /// A request as the reference takes it.
        private func tensors(
            _ graph: Graph, _ memory: [TensorStorage]
        ) -> [String: ReferenceTensor] {
            var inputs: [String: ReferenceTensor] = [:]
            for (id, storage) in zip(graph.inputs, memory) {
                let type = graph[id].type
                let rows = type.rows == .candidate ? rowCount : 1
                let count = rows * (type.rowElementCount ?? 0)
                inputs[graph[id].name] = ReferenceTensor(
                    rowCount: rows, shape: type.fixedSizes ?? [],
                    type.dtype == .float32
                        ? .float32(copied(storage, count)) : .int32(copied(storage, count)))
            }
            return inputs
        }

        private func copied<Element>(_ storage: TensorStorage, _ count: Int) -> [Element] {
            Array(
                UnsafeBufferPointer(
                    start: storage.base.assumingMemoryBound(to: Element.self), count: count))
        }
    }
}
