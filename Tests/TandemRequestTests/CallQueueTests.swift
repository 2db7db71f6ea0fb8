import Testing

@testable import TandemRequest

/// The queue under a mock clock: events in, order and refusals out.
@Suite struct CallQueueTests {
    private var bounds = QueueBounds()

    init() {
        bounds.callsMax = 4
        bounds.workMax = 1_000
        bounds.patience = 10_000
    }

    private func entry(
        _ token: Int, priority: Int = 0, deadline: UInt64 = .max, work: UInt64 = 100
    ) -> CallQueue.Entry {
        CallQueue.Entry(token: token, priority: priority, deadline: deadline, work: work)
    }

    /// Puts calls of connections of their own into a queue; refusals are recorded as issues.
    private func queue(_ entries: [CallQueue.Entry], now: UInt64 = 0) -> CallQueue {
        var queue = CallQueue(bounds)
        for entry in entries {
            var turn = CallQueue.Turn()
            do throws(RequestError) {
                try queue.arrive(entry, turn: &turn, now: now)
            } catch {
                Issue.record("refused: \(error)")
            }
        }
        return queue
    }

    private func order(_ queue: CallQueue) -> [Int] {
        var queue = queue
        var tokens: [Int] = []
        while let entry = queue.popFirst() { tokens.append(entry.token) }
        return tokens
    }

    private func refusal(
        _ queue: CallQueue, _ entry: CallQueue.Entry, now: UInt64 = 0, begun: UInt64 = 0,
        pace: WorkPace = WorkPace()
    ) -> RequestError? {
        var queue = queue
        var turn = CallQueue.Turn()
        do throws(RequestError) {
            try queue.arrive(entry, turn: &turn, now: now, begun: begun, pace: pace)
            return nil
        } catch {
            #expect(turn == CallQueue.Turn())
            return error
        }
    }

    // MARK: Order

    @Test func `goes by priority, then deadline, then arrival, in whatever order calls come`() {
        let entries = [
            entry(1, priority: 5, deadline: 9_000), entry(2, deadline: 3_000),
            entry(3, deadline: 5_000), entry(4),
        ]
        for order in permutations([0, 1, 2, 3]) {
            let queue = queue(order.map { entries[$0] })
            #expect(self.order(queue) == [1, 2, 3, 4], "\(order)")
        }
        #expect(order(queue([entry(7), entry(8), entry(9)])) == [7, 8, 9])
    }

    @Test func `a connection that floods waits for the others`() throws {
        var queue = CallQueue(bounds)
        var flood = CallQueue.Turn()
        var calm = CallQueue.Turn()
        for token in 0..<3 { try queue.arrive(entry(token), turn: &flood, now: 0) }
        try queue.arrive(entry(9), turn: &calm, now: 50)
        #expect(order(queue) == [0, 9, 1, 2])
    }

    @Test func `a call without deadline is not starved by later ones with deadlines`() {
        var queue = queue([entry(1)])
        var turn = CallQueue.Turn()
        try? queue.arrive(entry(2, deadline: 20_000), turn: &turn, now: 10_500)
        #expect(order(queue) == [1, 2])
    }

    // MARK: Bounds

    @Test func `takes as many calls as the bound and no more`() {
        let three = queue([entry(1, work: 0), entry(2, work: 0), entry(3, work: 0)])
        #expect(refusal(three, entry(4)) == nil)
        var four = three
        var turn = CallQueue.Turn()
        try? four.arrive(entry(4), turn: &turn, now: 0)
        let error = refusal(four, entry(5))
        #expect(error?.code == .queueFull && error?.limit == "queued_calls_max")
        #expect(error?.bound == 4 && error?.actual == 4)
    }

    @Test func `takes a call behind as much work as the bound and no more`() {
        let full = queue([entry(1, work: 600), entry(2, work: 400)])
        #expect(full.work == 1_000)
        #expect(refusal(full, entry(3)) == nil)
        let error = refusal(full, entry(3), begun: 1)
        #expect(error?.code == .queueFull && error?.limit == "queue_work_max_us")
        #expect(error?.retryAfterNanoseconds == 1_000)
        // What goes before those that wait is not held up by them.
        #expect(refusal(full, entry(3, priority: 1), begun: 1_000) == nil)
    }

    @Test func `refuses at once what cannot be done by its deadline`() {
        let busy = queue([entry(1, deadline: 400, work: 300)])
        #expect(refusal(busy, entry(2, deadline: 800, work: 200)) == nil)
        let error = refusal(busy, entry(2, deadline: 799, work: 200))
        #expect(error?.code == .deadlineUnreachable)
        #expect(error?.retryAfterNanoseconds == 1_000)
        // A deadline that is sooner than those that wait goes first.
        #expect(refusal(busy, entry(2, deadline: 399, work: 200)) == nil)
        #expect(refusal(busy, entry(2, deadline: 199, work: 200))?.code == .deadlineUnreachable)
        #expect(refusal(queue([]), entry(2, deadline: 0), now: 5) != nil)
    }

    @Test func `expects a wait to last as long on the clock as waits did`() {
        let busy = queue([entry(1, deadline: 400, work: 300)])
        var pace = WorkPace()
        pace.begin(at: 0)
        pace.finish(work: 100, at: 150)
        #expect(refusal(busy, entry(2, deadline: 1_100, work: 200), pace: pace) == nil)
        #expect(
            refusal(busy, entry(2, deadline: 1_099, work: 200), pace: pace)?.code
                == .deadlineUnreachable)
        // The own work is not stretched: nothing is known of it.
        #expect(refusal(queue([]), entry(2, deadline: 200, work: 200), pace: pace) == nil)
    }

    @Test func `counts cannot wrap`() {
        let huge = entry(1, deadline: .max - 1, work: .max)
        #expect(refusal(queue([]), huge, now: .max)?.code == .deadlineUnreachable)
        #expect(refusal(queue([entry(1, work: .max)]), entry(2))?.code == .queueFull)
    }

    // MARK: Leaving

    @Test func `drops what expired, and only that`() {
        var queue = queue([entry(1, deadline: 500), entry(2), entry(3, deadline: 900)])
        var expired: [Int?] = []
        for now: UInt64 in [499, 500, 500, 1_000, .max - 1] {
            expired.append(queue.popExpired(now: now)?.token)
        }
        #expect(expired == [nil, 1, nil, 3, nil])
        #expect(order(queue) == [2])
    }

    @Test func `a cancelled call leaves no trace`() {
        var queue = queue([entry(1, work: 10), entry(2, work: 20), entry(3, work: 30)])
        let removals = [queue.remove(token: 2), queue.remove(token: 2)]
        #expect(removals == [true, false])
        #expect(queue.work == 40 && queue.count == 2)
        #expect(order(queue) == [1, 3])
    }

    @Test func `any order of arriving, expiring, cancelling and taking leaves it whole`() throws {
        var bounds = bounds
        bounds.callsMax = 1_000
        bounds.workMax = .max
        var random = SystemRandomNumberGenerator()
        for round in 0..<50 {
            var queue = CallQueue(bounds)
            var present: [Int: CallQueue.Entry] = [:]
            var now: UInt64 = 0
            for token in 0..<200 {
                now += UInt64.random(in: 0...50, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0, 1:
                    let call = entry(
                        token, priority: .random(in: -2...2, using: &random),
                        deadline: Bool.random(using: &random)
                            ? now + 1_000_000 + .random(in: 0...900, using: &random) : .max,
                        work: .random(in: 0...9, using: &random))
                    var turn = CallQueue.Turn()
                    try queue.arrive(call, turn: &turn, now: now)
                    present[token] = call
                case 2:
                    guard let first = queue.popFirst() else { continue }
                    #expect(present.removeValue(forKey: first.token) != nil)
                    let best = present.values.map(\.priority).max() ?? .min
                    #expect(first.priority >= best, "round \(round)")
                default:
                    guard let token = present.keys.randomElement(using: &random) else { continue }
                    let wasThere = queue.remove(token: token)
                    #expect(wasThere)
                    present[token] = nil
                }
                #expect(queue.count == present.count)
                #expect(queue.work == present.values.reduce(0) { $0 + $1.work })
            }
            while let expired = queue.popExpired(now: .max - 1) {
                #expect(present.removeValue(forKey: expired.token)?.deadline != .max)
            }
            #expect(present.values.allSatisfy { $0.deadline == .max })
        }
    }

    private func permutations(_ items: [Int]) -> [[Int]] {
        guard items.count > 1 else { return [items] }
        return items.flatMap { first in
            permutations(items.filter { $0 != first }).map { [first] + $0 }
        }
    }
}
