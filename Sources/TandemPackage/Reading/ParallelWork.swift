internal import CTandemSystem
internal import Glibc
internal import Synchronization

// Design: plain threads that live for one call.
//
// A load is some thousand independent blocks of about a millisecond each. Workers take the next
// block from one counter, so a slow core takes fewer; the caller's thread works too. Threads are
// pthreads and not tasks: they inherit the caller's scheduling policy, so a loader that has put
// itself under SCHED_IDLE is joined by threads that are idle too, and libdispatch's workers make
// system calls that the daemon's sandbox forbids.
//
// Threads that give way keep to a core each, and the caller's only waits: two that pause by turns on
// one core leave no pause to whoever waits for it.

/// Pieces of work, numbered, that several threads do together.
///
/// `Worker` is what one thread keeps for itself, such as a decompressor; `Failure` what a piece may
/// throw.
package final class ParallelWork<Worker, Failure: Error>: Sendable {
    private struct Failed {
        var index: Int
        var error: Failure
    }

    private let count: Int
    private let makeWorker: @Sendable () throws(Failure) -> Worker
    private let body: @Sendable (Worker, Int) throws(Failure) -> Void
    private let next = Atomic<Int>(0)
    private let failed = Mutex<Failed?>(nil)

    /// Describes work: `body` runs once for each index below `count`.
    package init(
        count: Int, makeWorker: @escaping @Sendable () throws(Failure) -> Worker,
        body: @escaping @Sendable (Worker, Int) throws(Failure) -> Void
    ) {
        self.count = count
        self.makeWorker = makeWorker
        self.body = body
    }

    /// Does the work and returns when it is done.
    ///
    /// After a failure no further piece is begun.
    ///
    /// - Parameter threads: Threads to use, the caller's among them; fewer if the system has none.
    /// - Throws: The failure of the lowest index among those that failed.
    package func run(threads: Int) throws(Failure) {
        let threads = max(1, min(threads, count, Limits.threadsMax))
        let givesWay = threads > 1 && GivingWay.isOn
        let coreCount = Int(tandemsys_allowed_cores())
        var started: [pthread_t] = []
        for index in (givesWay ? 0 : 1)..<threads {
            guard let thread = start(core: givesWay ? index % coreCount : nil) else { break }
            started.append(thread)
        }
        if !givesWay || started.isEmpty { work() }
        for thread in started { pthread_join(thread, nil) }
        if let failed = failed.withLock({ $0 }) { throw failed.error }
    }

    private func start(core: Int?) -> pthread_t? {
        let start = ThreadStart {
            // Where that is forbidden it shares a core with another at times.
            if let core { _ = tandemsys_keep_to_core(Int32(core)) }
            GivingWay.during { self.work() }
        }
        let context = Unmanaged.passRetained(start)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context {
                    Unmanaged<ThreadStart>.fromOpaque(context).takeRetainedValue().run()
                }
                return nil
            }, context.toOpaque())
        guard status == 0 else {
            context.release()
            return nil
        }
        return thread
    }

    private func work() {
        var index = 0
        do throws(Failure) {
            let worker = try makeWorker()
            while true {
                index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                try body(worker, index)
            }
        } catch {
            next.store(count, ordering: .relaxed)
            failed.withLock { known in
                if known.map({ index < $0.index }) ?? true {
                    known = Failed(index: index, error: error)
                }
            }
        }
    }
}

extension ParallelWork where Worker == Void, Failure == Never {
    /// Does pieces of work that cannot fail and need nothing of their own.
    ///
    /// - Parameters:
    ///   - count: Pieces.
    ///   - threads: Threads to use, the caller's among them.
    ///   - piece: Does one.
    package static func run(
        _ count: Int, threads: Int, _ piece: @escaping @Sendable (Int) -> Void
    ) {
        ParallelWork(count: count, makeWorker: {}, body: { _, index in piece(index) })
            .run(threads: threads)
    }
}

/// What a thread runs; a class so that it can pass through a C pointer.
private final class ThreadStart {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
}
