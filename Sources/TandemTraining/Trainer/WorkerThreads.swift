import Glibc

/// Runs one piece of work on several threads at once, the caller's among them.
///
/// Own threads rather than a pool: each worker keeps its share of every minibatch and its own
/// memory, and workers meet at barriers, which tasks of a cooperative pool must not do.
package enum WorkerThreads {
    /// The most threads of one run; each costs its own activations and gradients.
    package static let countMax = 256

    /// Calls `body` with each worker's number on a thread of its own; returns when all are done.
    ///
    /// - Precondition: `count` is in `1 ... countMax` and the system has threads for it.
    package static func run(_ count: Int, _ body: @Sendable (_ worker: Int) -> Void) {
        precondition((1...countMax).contains(count), "\(count) worker threads")
        withoutActuallyEscaping(body) { body in
            var threads: [pthread_t] = []
            for worker in 1..<max(count, 1) {
                let start = Unmanaged.passRetained(WorkerStart(worker: worker, body: body))
                var thread = pthread_t()
                let status = pthread_create(
                    &thread, nil,
                    { argument in
                        guard let argument else { return nil }
                        let start = Unmanaged<WorkerStart>.fromOpaque(argument).takeRetainedValue()
                        start.body(start.worker)
                        return nil
                    }, start.toOpaque())
                precondition(status == 0, "no thread for worker \(worker) of \(count)")
                threads.append(thread)
            }
            body(0)
            for thread in threads { pthread_join(thread, nil) }
        }
    }
}

/// What a thread is told at its start.
private final class WorkerStart: Sendable {
    let worker: Int
    let body: @Sendable (Int) -> Void

    init(worker: Int, body: @escaping @Sendable (Int) -> Void) {
        self.worker = worker
        self.body = body
    }
}

/// A place where workers wait for each other; what they wrote before it, all see after it.
package final class WorkerBarrier: @unchecked Sendable {
    private let barrier: UnsafeMutablePointer<pthread_barrier_t>

    /// Makes a barrier.
    ///
    /// - Precondition: `count` is 1 or more.
    package init(count: Int) {
        barrier = .allocate(capacity: 1)
        barrier.initialize(to: pthread_barrier_t())
        let status = pthread_barrier_init(barrier, nil, UInt32(count))
        precondition(status == 0, "no barrier for \(count) workers")
    }

    deinit {
        pthread_barrier_destroy(barrier)
        barrier.deallocate()
    }

    /// Returns when as many threads as the barrier counts have called it.
    package func wait() { pthread_barrier_wait(barrier) }
}
