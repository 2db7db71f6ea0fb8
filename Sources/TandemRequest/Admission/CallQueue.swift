// Design: who waits, who goes first, and who is told at once that it will not do.
//
// A queue bounded by work, not by count: what matters to the caller is how long it waits. Each call
// comes with an estimate; the sum of those that would go before it is its wait. If that alone is
// over the bound, or wait and own work together end past its deadline, it is refused now, with a
// hint when the queue will have shrunk enough: an answer that comes too late costs as much as one
// in time and is worth nothing. How long the work ahead takes on the clock is learnt (`WorkPace`),
// and twice that must fit: in overload every call is taken at the longest wait that is allowed, so
// one foretold just right makes half the answers late, while a shorter queue costs no throughput
// (two loops and a load test on two cores, twice the capacity, deadlines of 5 ms: 0.95 of the peak
// in time rather than 0.65, and 600 calls expired while they waited rather than 18,700).
//
// Order: priority, then `due`, then arrival. A call is due at its deadline, or `patience` after its
// turn if that is sooner. Its turn is now for a connection that asks now and then; a connection
// that floods pushes its own turn ahead by the work it asked for, so that the calls of others go
// between its own. This is fair queueing by start times with deadlines let through.
//
// No I/O and no clock: callers say what time it is.

/// What a queue of calls may hold.
package struct QueueBounds: Hashable, Sendable {
    /// Calls that may wait.
    ///
    /// Each holds its decoded request.
    package var callsMax = 1_024
    /// Nanoseconds of estimated work that may wait before a call; its own is not counted.
    ///
    /// A second: who wants an answer sooner says so by a deadline.
    package var workMax: UInt64 = 1_000_000_000
    /// Nanoseconds after its turn that a call without an earlier deadline is due.
    package var patience: UInt64 = 100_000_000

    /// The defaults.
    package init() {}
}

/// Calls that wait for their turn on one loop.
package struct CallQueue {
    /// A call as the queue sees it.
    package struct Entry: Equatable, Sendable {
        /// Tells the call from others; the caller's choice.
        package let token: Int
        /// Higher goes first.
        package let priority: Int
        /// CLOCK_MONOTONIC nanoseconds after which no answer is wanted; `.max` for never.
        package let deadline: UInt64
        /// Nanoseconds that it is expected to take.
        package let work: UInt64
        /// When it should be done, to be ordered by.
        package fileprivate(set) var due: UInt64
        fileprivate var arrival: UInt64 = 0

        /// Makes an entry.
        ///
        /// - Parameters:
        ///   - token: Tells the call from others.
        ///   - priority: Higher goes first.
        ///   - deadline: After it no answer is wanted; `.max` for never.
        ///   - work: Nanoseconds that it is expected to take.
        package init(token: Int, priority: Int, deadline: UInt64, work: UInt64) {
            self.token = token
            self.priority = priority
            self.deadline = deadline
            self.work = work
            due = deadline
        }

        /// Whether it goes before another.
        package func goesBefore(_ other: Entry) -> Bool {
            if priority != other.priority { return priority > other.priority }
            if due != other.due { return due < other.due }
            return arrival < other.arrival
        }
    }

    /// Where a connection stands among the others: when its next call has its turn.
    package struct Turn: Equatable, Sendable {
        fileprivate var time: UInt64 = 0

        /// A connection that asked nothing yet.
        package init() {}
    }

    /// What it may hold.
    package var bounds: QueueBounds
    /// Nanoseconds of estimated work that waits.
    package private(set) var work: UInt64 = 0
    private var heap: [Entry] = []
    private var earliestDeadline = UInt64.max
    private var arrivals: UInt64 = 0

    /// An empty queue; takes the memory for `callsMax` calls, up to 1,024.
    package init(_ bounds: QueueBounds) {
        self.bounds = bounds
        heap.reserveCapacity(min(bounds.callsMax, 1_024))
    }

    /// Calls that wait.
    package var count: Int { heap.count }

    /// Whether none waits.
    package var isEmpty: Bool { heap.isEmpty }

    /// The call that goes first.
    ///
    /// By index: `first` of an array allocates in unoptimised builds, which are the ones that tests
    /// count allocations in.
    package var first: Entry? { heap.isEmpty ? nil : heap[0] }

    // MARK: Events

    /// A call came.
    ///
    /// - Parameters:
    ///   - entry: The call.
    ///   - turn: Its connection's; moved on if the call is taken.
    ///   - now: CLOCK_MONOTONIC nanoseconds.
    ///   - begun: Nanoseconds of work left of calls that have begun and go before it.
    ///   - pace: How long work takes on the clock.
    /// - Throws: `RequestError`: `queueFull`, or `deadlineUnreachable` with the time after which a
    ///   retry has a chance.
    /// - Complexity: O(calls that wait). Allocates nothing up to 1,024 calls, unless it throws.
    package mutating func arrive(
        _ entry: Entry, turn: inout Turn, now: UInt64, begun: UInt64 = 0,
        pace: WorkPace = WorkPace()
    ) throws(RequestError) {
        var entry = entry
        let start = max(now, turn.time)
        entry.due = min(entry.deadline, Self.sum(start, bounds.patience))
        arrivals &+= 1
        entry.arrival = arrivals
        let wait = Self.sum(begun, workBefore(entry))
        guard heap.count < bounds.callsMax else {
            throw Self.full("queued_calls_max", bounds.callsMax, heap.count, retry: work)
        }
        guard wait <= bounds.workMax else {
            throw Self.full(
                "queue_work_max_us", Int(clamping: bounds.workMax / 1_000),
                Int(clamping: wait / 1_000), retry: wait - bounds.workMax)
        }
        let foretold = pace.wait(for: wait)
        let end = Self.sum(now, Self.sum(Self.sum(foretold, foretold), entry.work))
        guard entry.deadline == .max || end <= entry.deadline else {
            throw Self.unreachable(entry, now: now, end: end)
        }
        turn.time = Self.sum(start, entry.work)
        push(entry)
    }

    /// Takes the call that goes first.
    package mutating func popFirst() -> Entry? {
        heap.isEmpty ? nil : removeEntry(at: 0)
    }

    /// Takes a call whose deadline passed; nil if there is none.
    ///
    /// - Complexity: O(1) if none passed, else O(calls).
    package mutating func popExpired(now: UInt64) -> Entry? {
        guard now >= earliestDeadline else { return nil }
        var next = UInt64.max
        var expired: Int?
        for index in heap.indices {
            if heap[index].deadline <= now { expired = index }
            next = min(next, heap[index].deadline)
        }
        earliestDeadline = next
        return expired.map { removeEntry(at: $0) }
    }

    /// Takes a call that is given up.
    ///
    /// - Returns: Whether it waited here.
    package mutating func remove(token: Int) -> Bool {
        guard let index = heap.firstIndex(where: { $0.token == token }) else { return false }
        _ = removeEntry(at: index)
        return true
    }

    // MARK: Heap

    private func workBefore(_ entry: Entry) -> UInt64 {
        var sum: UInt64 = 0
        for index in heap.indices where heap[index].goesBefore(entry) {
            sum = Self.sum(sum, heap[index].work)
        }
        return sum
    }

    private mutating func push(_ entry: Entry) {
        work = Self.sum(work, entry.work)
        earliestDeadline = min(earliestDeadline, entry.deadline)
        heap.append(entry)
        siftUp(heap.count - 1)
    }

    private mutating func removeEntry(at index: Int) -> Entry {
        heap.swapAt(index, heap.count - 1)
        let entry = heap.removeLast()
        if index < heap.count {
            siftDown(index)
            siftUp(index)
        }
        if heap.isEmpty {
            work = 0
            earliestDeadline = .max
        } else {
            work = work > entry.work ? work - entry.work : 0
        }
        return entry
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, heap[index].goesBefore(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var best = index
            let left = index * 2 + 1
            if left < heap.count, heap[left].goesBefore(heap[best]) { best = left }
            if left + 1 < heap.count, heap[left + 1].goesBefore(heap[best]) { best = left + 1 }
            guard best != index else { return }
            heap.swapAt(index, best)
            index = best
        }
    }

    // MARK: Refusals

    private static func full(
        _ limit: String, _ bound: Int, _ actual: Int, retry: UInt64
    ) -> RequestError {
        var error = RequestError(
            .queueFull,
            "the daemon has more work waiting than \(limit) = \(bound) allows (\(actual)); try "
                + "again later or elsewhere", limit: limit, bound: bound, actual: actual)
        error.retryAfterNanoseconds = max(retry, 1_000)
        return error
    }

    private static func unreachable(_ entry: Entry, now: UInt64, end: UInt64) -> RequestError {
        let late = (end - entry.deadline) / 1_000
        var error = RequestError(
            .deadlineUnreachable,
            "an answer would come some \(late) us after the deadline, so none is begun; try again "
                + "later or allow more time",
            bound: Int(clamping: (entry.deadline > now ? entry.deadline - now : 0) / 1_000),
            actual: Int(clamping: (end - now) / 1_000))
        error.retryAfterNanoseconds = max(end - entry.deadline, 1_000)
        return error
    }

    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
