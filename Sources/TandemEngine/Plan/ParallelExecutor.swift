// Design: two cores for a large request, one for a small one, and none that spins for nobody.
//
// Waking a core costs some tens of microseconds, so a request is split only when its candidates are
// worth more. The caller works too: it wakes the workers, computes the context while they wake, and
// takes pieces of rows from a counter until none is left; so do the workers, whenever they arrive.
// The caller then closes the request. It waits for pieces that workers have begun, and never for a
// worker that has not come. After a request that was split a worker looks for the next one for as
// long as waking it a few times would take, and then sleeps; while one looks, smaller requests are
// worth splitting too, and nothing is asked of the system. Which thread computes a row changes no
// bit of its score.

import CTandemKernels
import Glibc
import Synchronization

/// Runs requests of one plan on the caller's thread and, when they are large, on workers.
///
/// One request at a time; the workers end with the executor.
package final class ParallelExecutor: @unchecked Sendable {
    /// The memory to fill and read, as for `Plan.run`.
    package let workspace: Workspace
    private let plan: Plan
    private let team: Team
    private var threads: [pthread_t] = []

    /// Multiply-adds of all candidates from which a second core pays for being woken.
    package static let splitWork = 32_000_000
    /// The same where a worker is awake.
    package static let hotSplitWork = 4_000_000

    /// Starts the workers; they sleep until a large request comes.
    ///
    /// - Parameters:
    ///   - plan: What is run.
    ///   - rowCountMax: The most candidates of a request.
    ///   - threadCount: Threads in all, the caller's among them; 1 or more.
    package init(_ plan: Plan, rowCountMax: Int, threadCount: Int) {
        self.plan = plan
        workspace = Workspace(plan, rowCountMax: rowCountMax, laneCount: max(threadCount, 1))
        team = Team(plan, workspace)
        for lane in 1..<max(threadCount, 1) {
            let start = Unmanaged.passRetained(Worker(team: team, lane: lane))
            var thread = pthread_t()
            let status = pthread_create(&thread, nil, Worker.main, start.toOpaque())
            // Without a thread fewer help; the caller computes everything if need be.
            if status == 0 { threads.append(thread) } else { start.release() }
        }
    }

    deinit {
        team.stop()
        for thread in threads { pthread_join(thread, nil) }
    }

    /// Computes the request whose inputs are in the workspace, allocating nothing.
    ///
    /// - Parameter rowCount: Candidates, 0 ... `workspace.rowCountMax`.
    package func run(rowCount: Int) {
        let work = plan.workPerRow.multipliedReportingOverflow(by: rowCount)
        let enough = team.isAwake ? Self.hotSplitWork : Self.splitWork
        guard !threads.isEmpty, work.overflow || work.partialValue >= enough else {
            plan.run(workspace, rowCount: rowCount)
            return
        }
        team.begin(rowCount: rowCount, threadCount: threads.count + 1)
        plan.prepare(workspace, rowCount: rowCount)
        plan.runContext(workspace)
        team.finish()
    }
}

/// What the threads of an executor share.
private final class Team: @unchecked Sendable {
    private let plan: Plan
    private let workspace: Workspace
    private var rowCount = 0
    private var pieceRowCount = 1
    private let nextRow = Atomic<Int>(0)
    private let isContextReady = Atomic<Bool>(false)
    /// Workers within the request, and `closed` when none may enter.
    private let entered = Atomic<Int>(Team.closed)
    private static let closed = 1 << 32
    /// Counts requests, from 1 on.
    private let request = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Workers that look for a request or compute one.
    private let awake = Atomic<Int>(0)
    /// Nanoseconds that a worker looks for a next request before it sleeps.
    private static let hotNanoseconds: UInt64 = 200_000
    /// Looks between two looks at the clock.
    private static let looks = 64

    init(_ plan: Plan, _ workspace: Workspace) {
        self.plan = plan
        self.workspace = workspace
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wake, nil)
    }

    deinit {
        pthread_cond_destroy(wake)
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        wake.deallocate()
    }

    // MARK: The caller's side

    /// Whether a worker would come without being woken.
    var isAwake: Bool { awake.load(ordering: .relaxed) > 0 }

    func begin(rowCount: Int, threadCount: Int) {
        self.rowCount = rowCount
        // As few pieces as go evenly over the threads, since each reads all weights; two a thread at
        // least where one may come late, so that it finds work.
        let blockCount = (rowCount + plan.blockRowCount - 1) / plan.blockRowCount
        let least = max(blockCount, isAwake ? 1 : threadCount + 1)
        let pieceCount = (least + threadCount - 1) / threadCount * threadCount
        let share = (rowCount + pieceCount - 1) / pieceCount
        pieceRowCount = min(max((share + 7) / 8 * 8, 8), plan.blockRowCount)
        nextRow.store(0, ordering: .relaxed)
        isContextReady.store(false, ordering: .relaxed)
        entered.store(0, ordering: .releasing)
        // Under the mutex, so that a worker about to sleep sees it or is woken.
        pthread_mutex_lock(mutex)
        request.add(1, ordering: .releasing)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
    }

    /// Opens the rows, computes what is left of them, and waits for pieces begun elsewhere.
    func finish() {
        isContextReady.store(true, ordering: .releasing)
        work(lane: 0)
        entered.bitwiseOr(Self.closed, ordering: .acquiringAndReleasing)
        while entered.load(ordering: .acquiring) != Self.closed { spin() }
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
    }

    // MARK: A worker's side

    func serve(lane: Int) {
        var seen = 0
        awake.add(1, ordering: .relaxed)
        while let next = nextRequest(after: seen) {
            seen = next
            guard enter() else { continue }
            while !isContextReady.load(ordering: .acquiring) { spin() }
            work(lane: lane)
            entered.subtract(1, ordering: .acquiringAndReleasing)
        }
    }

    /// The number of a request after `seen`; nil when the executor ends.
    private func nextRequest(after seen: Int) -> Int? {
        let end = Self.now() + Self.hotNanoseconds
        repeat {
            for _ in 0..<Self.looks {
                let now = request.load(ordering: .acquiring)
                if now != seen { return now }
                spin()
            }
        } while seen > 0 && Self.now() < end
        pthread_mutex_lock(mutex)
        awake.subtract(1, ordering: .relaxed)
        defer {
            awake.add(1, ordering: .relaxed)
            pthread_mutex_unlock(mutex)
        }
        while true {
            if isStopping.load(ordering: .acquiring) { return nil }
            let now = request.load(ordering: .acquiring)
            if now != seen { return now }
            pthread_cond_wait(wake, mutex)
        }
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private func enter() -> Bool {
        var now = entered.load(ordering: .acquiring)
        while now < Self.closed {
            let (exchanged, original) = entered.compareExchange(
                expected: now, desired: now + 1, ordering: .acquiringAndReleasing)
            if exchanged { return true }
            now = original
        }
        return false
    }

    // MARK: Both

    private func work(lane: Int) {
        while true {
            let start = nextRow.add(pieceRowCount, ordering: .relaxed).oldValue
            guard start < rowCount else { return }
            plan.runBlock(
                workspace, rowStart: start, rowCount: min(pieceRowCount, rowCount - start),
                lane: lane)
        }
    }

    private func spin() { tandemk_pause() }
}

/// What a worker's thread is given.
private final class Worker {
    let team: Team
    let lane: Int

    init(team: Team, lane: Int) {
        self.team = team
        self.lane = lane
    }

    static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
        context in
        guard let context else { return nil }
        let worker = Unmanaged<Worker>.fromOpaque(context).takeRetainedValue()
        worker.team.serve(lane: worker.lane)
        return nil
    }
}
