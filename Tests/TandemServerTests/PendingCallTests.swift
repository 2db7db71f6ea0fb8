import TandemRequest
import TandemServingSupport
import TandemTestSupport
import TandemWire
import Testing

@testable import TandemServer

/// Calls that are not answered as they are read: who goes first, and who leaves how.
@Suite struct PendingCallTests {
    private func message(
        _ rows: Int, of model: String = "tiny", priority: Int32 = 0, deadline: UInt64? = nil
    ) -> PredictRequestMessage {
        var message = TinyRequests.predict(model: model, rows: rows)
        message.priority = priority
        message.deadlineNanoseconds = deadline ?? 0
        return message
    }

    @Test func `a large request is computed block by block and answers the same bits`() throws {
        let rig = try ServiceRig()
        let rows = try rig.rows(blocks: 4) - 3
        #expect(try rig.serve(id: 7, message(rows)) == nil)
        for _ in 0..<3 { #expect(try rig.work() == nil) }
        let answer = try #require(try rig.work())
        #expect(answer.id == 7 && answer.version == 1)
        let click = try #require(answer.values("click"))
        #expect(click.count == rows)
        let small = try #require(try rig.serve(id: 8, message(5)))
        #expect(small.values("click") == Array(click.prefix(5)))
        #expect(!rig.services[0].isBusy && rig.state.inFlight.isEmpty)
    }

    @Test func `a small request goes between the blocks of a large one`() throws {
        let rig = try ServiceRig()
        let rows = try rig.rows(blocks: 3)
        #expect(try rig.serve(id: 1, message(rows)) == nil)
        #expect(try rig.work() == nil)
        #expect(try rig.serve(id: 2, message(3))?.values("rating") == [1, 3, 5])
        #expect(try rig.workAll().map(\.id) == [1])
    }

    /// A heavy block has two slices.
    @Test func `a block is computed in one piece, and slice by slice while small calls come`()
        throws
    {
        let rig = try ServiceRig(publishing: ["heavy"])
        let large = message(try rig.rows(blocks: 2), of: "heavy")
        #expect(try rig.serve(id: 1, large) == nil)
        #expect(try rig.work() == nil)
        let whole = try #require(try rig.work())
        _ = try rig.serve(id: 2, message(1, of: "heavy"))
        rig.now += 999_999
        #expect(try rig.serve(id: 3, large) == nil)
        for _ in 0..<3 { #expect(try rig.work() == nil) }
        let sliced = try #require(try rig.work())
        #expect(sliced.id == 3 && sliced.values("click") == whole.values("click"))
        rig.now += 1
        #expect(try rig.serve(id: 4, large) == nil)
        #expect(try rig.work() == nil)
        #expect(try rig.work()?.id == 4)
    }

    @Test func `small calls go between slices, other large calls only between blocks`() throws {
        let rig = try ServiceRig(publishing: ["heavy"])
        let rows = try rig.rows(blocks: 2)
        let alone = try #require(try rig.serve(id: 1, message(5, of: "heavy")))
        #expect(try rig.serve(id: 2, message(rows, of: "heavy")) == nil)
        #expect(try rig.work() == nil)
        // A block is half done.
        let small = try rig.serve(id: 3, message(5, of: "heavy"))
        #expect(small?.values("click") == alone.values("click"))
        #expect(try rig.serve(id: 4, message(rows, of: "heavy", priority: 1)) == nil)
        #expect(try rig.work() == nil)
        // Now the other one overtakes, of which the answer is the first.
        let answers = try rig.workAll()
        #expect(answers.map(\.id) == [4, 2])
        #expect(answers[0].values("click") == answers[1].values("click"))
        #expect(answers[0].values("click")?.prefix(5) == alone.values("click")?.prefix(5))
    }

    @Test(arguments: [true, false])
    func `a call that ends half done makes room for the next`(isCancelled: Bool) throws {
        let rig = try ServiceRig(publishing: ["heavy"])
        let rows = try rig.rows(blocks: 2)
        _ = try rig.serve(id: 1, message(5, of: "heavy"))
        let deadline = rig.now + 2_000_000
        #expect(try rig.serve(id: 2, message(rows, of: "heavy", deadline: deadline)) == nil)
        #expect(try rig.work() == nil)
        if isCancelled {
            rig.services[0].forget(slot: 0, serial: 1)
            rig.state = ConnectionState()
        } else {
            rig.now = deadline
            #expect(try rig.work()?.status?.code == .deadlineExceeded)
        }
        #expect(!rig.services[0].isBusy)
        #expect(try rig.serve(id: 3, message(rows, of: "heavy")) == nil)
        #expect(try rig.workAll().first?.values("click")?.count == rows)
    }

    @Test func `a small request of lower priority waits for a large one`() throws {
        let rig = try ServiceRig()
        #expect(try rig.serve(id: 1, message(try rig.rows(blocks: 3), priority: 1)) == nil)
        #expect(try rig.work() == nil)
        #expect(try rig.serve(id: 2, message(3)) == nil)
        #expect(try rig.workAll().map(\.id) == [1, 2])
    }

    @Test func `of large requests the one with the higher priority, then the sooner deadline`()
        throws
    {
        let rig = try ServiceRig()
        let rows = try rig.rows(blocks: 2)
        let now = rig.now
        #expect(try rig.serve(id: 1, message(rows)) == nil)
        #expect(try rig.serve(id: 2, message(rows, deadline: now + 60_000_000_000)) == nil)
        #expect(try rig.serve(id: 3, message(rows, deadline: now + 50_000_000)) == nil)
        #expect(try rig.serve(id: 4, message(rows, priority: 5)) == nil)
        let ids = try rig.workAll().map(\.id)
        #expect(ids.first == 4 && Set(ids) == [1, 2, 3, 4])
        #expect(ids[1] == 3)
    }

    @Test(arguments: [true, false])
    func `an estimate that alone refuses calls withers, by whoever's deadline`(
        isDefault: Bool
    ) throws {
        var options = ServerOptions(repository: "")
        if isDefault { options.defaultDeadline = 1_000_000 }
        let rig = try ServiceRig(options: options)
        let rows = try rig.rows(blocks: 2)
        let loaded = try #require(rig.services[0].table.models.first?.current)
        loaded.parts[0].counters.pointee.estimate.learn(rows: rows, nanoseconds: 5_000_000)
        let asked = message(rows, deadline: isDefault ? nil : rig.now + 1_000_000)
        let refused = try #require(try rig.serve(id: 1, asked))
        #expect(refused.status?.details.first?.reason == "DEADLINE_UNREACHABLE")
        var isTaken = false
        for id: UInt64 in 2..<100 where !isTaken { isTaken = try rig.serve(id: id, asked) == nil }
        #expect(isTaken)
    }

    @Test func `calls whose deadline passes while they wait are not computed`() throws {
        let rig = try ServiceRig()
        let rows = try rig.rows(blocks: 2)
        let deadline = rig.now + 2_000_000
        #expect(try rig.serve(id: 1, message(rows, deadline: deadline)) == nil)
        rig.now = deadline
        let answer = try #require(try rig.work())
        #expect(answer.id == 1 && answer.status?.details.first?.reason == "DEADLINE_PASSED")
        #expect(!rig.services[0].isBusy)
    }

    @Test func `a call whose deadline passes between two blocks is given up there`() throws {
        let rig = try ServiceRig()
        let rows = try rig.rows(blocks: 3)
        let deadline = rig.now + 30_000_000
        #expect(try rig.serve(id: 1, message(rows, deadline: deadline)) == nil)
        #expect(try rig.work() == nil)
        rig.now = deadline
        #expect(try rig.work()?.status?.code == .deadlineExceeded)
        #expect(!rig.services[0].isBusy)
        #expect(try rig.serve(id: 2, message(3))?.values("rating") == [1, 3, 5])
    }

    @Test func `an id in flight is refused, and free again after its answer`() throws {
        let rig = try ServiceRig()
        let rows = try rig.rows(blocks: 2)
        #expect(try rig.serve(id: 5, message(rows)) == nil)
        for frame in [
            try TinyRequests.frame(id: 5, message(3)), try TinyRequests.frame(id: 5, .serverLive),
        ] {
            let refused = try #require(try rig.serve(frame))
            #expect(refused.id == 5 && refused.status?.code == .alreadyExists)
        }
        #expect(try rig.workAll().map(\.id) == [5])
        #expect(try rig.serve(id: 5, message(3))?.status == nil)
    }

    @Test(arguments: [0, 1])
    func `a cancelled call is answered CANCELLED, waiting or begun`(blocks: Int) throws {
        let rig = try ServiceRig()
        let rows = try rig.rows(blocks: 3)
        #expect(try rig.serve(id: 5, message(rows)) == nil)
        for _ in 0..<blocks { #expect(try rig.work() == nil) }
        let first = try #require(try rig.serve(try TinyRequests.frame(id: 6, .cancel(5))))
        #expect(first.id == 5 && first.status?.code == .cancelled)
        #expect(try rig.takeAnswer().control == .cancel(found: true))
        #expect(!rig.services[0].isBusy && rig.state.inFlight.isEmpty)
        let again = try rig.serve(try TinyRequests.frame(id: 6, .cancel(5)))
        #expect(again?.control == .cancel(found: false))
        // The session is free for the next one.
        #expect(try rig.serve(id: 7, message(rows)) == nil)
        #expect(try rig.workAll().map(\.id) == [7])
    }

    @Test func `the calls of a connection that ended leave nothing behind`() throws {
        let rig = try ServiceRig()
        let rows = try rig.rows(blocks: 3)
        for id: UInt64 in 1...3 { #expect(try rig.serve(id: id, message(rows)) == nil) }
        #expect(try rig.work() == nil)
        rig.services[0].forget(slot: 1, serial: 1)
        #expect(rig.services[0].pending.count == 3)
        rig.services[0].forget(slot: 0, serial: 1)
        #expect(rig.services[0].pending.count == 0 && !rig.services[0].isBusy)
    }

    @Test func `a wrong value found in a late block refuses the call and frees the session`()
        throws
    {
        let rig = try ServiceRig()
        let rows = try rig.rows(blocks: 3)
        var wrong = message(rows)
        var prices = [Float](repeating: 1, count: rows)
        prices[rows - 1] = .infinity
        wrong.candidates[0] = ColumnMessage("price", .float32(prices))
        #expect(try rig.serve(id: 1, wrong) == nil)
        #expect(try rig.serve(id: 2, message(rows)) == nil)
        let answers = try rig.workAll()
        #expect(answers.map(\.id) == [1, 2])
        #expect(answers[0].status?.details.first?.reason == "FEATURE_NOT_FINITE")
        #expect(answers[1].status == nil)
    }

    @Test func `explains a large request too`() throws {
        let rig = try ServiceRig()
        var wanted = message(try rig.rows(blocks: 2))
        wanted.wantsExplanation = true
        #expect(try rig.serve(id: 1, wanted) == nil)
        let answer = try #require(try rig.workAll().first)
        #expect(answer.explanation?.executor == "float")
        #expect(answer.values("rating")?.count == wanted.rows)
    }

    @Test func `small requests that are read late in a turn wait and go by priority`() throws {
        let rig = try ServiceRig()
        rig.services[0].turnNanoseconds = 0
        #expect(try rig.serve(id: 1, message(3)) == nil)
        #expect(try rig.serve(id: 2, message(2, priority: 1)) == nil)
        // In a fresh turn, still behind those that wait.
        rig.services[0].turnNanoseconds = .max
        #expect(try rig.serve(id: 3, message(1)) == nil)
        #expect(try rig.workAll().map(\.id) == [2, 1, 3])
        #expect(try rig.serve(id: 4, message(3))?.values("rating") == [1, 3, 5])
    }

    @Test func `a stream of small requests does not stop a large one`() throws {
        let rig = try ServiceRig()
        #expect(try rig.serve(id: 1, message(try rig.rows(blocks: 2))) == nil)
        rig.services[0].turnNanoseconds = 0
        var hasFinished = false
        var id: UInt64 = 1
        while !hasFinished {
            for _ in 0..<2 {
                id += 1
                #expect(try rig.serve(id: id, message(1)) == nil)
            }
            rig.services[0].sinceBlock = 500_000
            hasFinished = try rig.work()?.id == 1
        }
        #expect(rig.services[0].smallQueue.count > 0)
        _ = try rig.workAll()
    }

    // MARK: Limits

    @Test func `refuses what the queue has no room for, with its own id`() throws {
        var options = ServerOptions(repository: "")
        options.limits.queue.callsMax = 2
        let rig = try ServiceRig(options: options)
        let rows = try rig.rows(blocks: 2)
        for id: UInt64 in 1...2 { #expect(try rig.serve(id: id, message(rows)) == nil) }
        let refused = try #require(try rig.serve(id: 3, message(rows)))
        #expect(refused.id == 3 && refused.status?.code == .resourceExhausted)
        #expect(refused.status?.details.first?.limit == "queued_calls_max")
        #expect(refused.status?.retryAfterNanoseconds ?? 0 > 0)
        #expect(try rig.workAll().map(\.id) == [1, 2])
    }

    @Test func `bounds what one user has in flight, calls and bytes`() throws {
        var options = ServerOptions(repository: "")
        options.limits.inFlightPerUserMax = 1
        let rig = try ServiceRig(options: options)
        let rows = try rig.rows(blocks: 2)
        rig.state.peer = rig.group.accounts.enter(PeerIdentity(uid: 7, gids: [8]))
        #expect(try rig.serve(id: 1, message(rows)) == nil)
        let refused = try #require(try rig.serve(id: 2, message(rows)))
        #expect(refused.status?.details.first?.limit == "in_flight_per_user_max")
        #expect(try rig.workAll().map(\.id) == [1])
        #expect(rig.state.peer?.account.callCount == 0)
        #expect(rig.state.peer?.account.byteCount == 0)
        #expect(try rig.serve(id: 2, message(rows)) == nil)
        _ = try rig.workAll()
        options.limits.inFlightPerUserMax = 10
        options.limits.inFlightBytesPerUserMax = 1
        rig.services[0].hear(.settings(ServiceSettings(options, generation: 2)))
        let large = try #require(try rig.serve(id: 3, message(rows)))
        #expect(large.status?.details.first?.limit == "in_flight_bytes_per_user_max")
    }

    @Test func `takes as many calls and bytes of one user as the limits, and not one more`() throws
    {
        let rows = try ServiceRig().rows(blocks: 2)
        let byteCount = try TinyRequests.payload(TinyRequests.frame(id: 1, message(rows)))?.count
        let bytes = try #require(byteCount)
        for (calls, byteMax, taken) in [
            (3, bytes * 9, 3), (9, bytes * 2, 2), (9, bytes * 2 - 1, 1), (9, bytes * 2 + 1, 2),
        ] {
            var options = ServerOptions(repository: "")
            options.limits.inFlightPerUserMax = calls
            options.limits.inFlightBytesPerUserMax = byteMax
            let rig = try ServiceRig(options: options)
            rig.state.peer = rig.group.accounts.enter(PeerIdentity(uid: 7, gids: [8]))
            for id: UInt64 in 1...4 {
                let answer = try rig.serve(id: id, message(rows))
                #expect((answer == nil) == (id <= UInt64(taken)), "call \(id) of \(taken)")
            }
            #expect(try rig.workAll().count == taken)
        }
    }

    // MARK: Cost

    @Test(.enabled(if: AllocationCounter.isCounting))
    func `a pending Predict in steady state allocates nothing`() throws {
        let rig = try ServiceRig()
        let rows = try rig.rows(blocks: 3)
        let made = try rig.steadyAllocations(message(rows))
        #expect(made == 0)
    }
}
