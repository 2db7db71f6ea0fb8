import TandemRequest
import TandemServingSupport
import TandemTestSupport
import TandemWire
import Testing

@testable import TandemServer

/// One loop's calls without its sockets.
@Suite struct RequestServiceTests {
    @Test(.enabled(if: AllocationCounter.isCounting))
    func `a Predict in steady state allocates nothing`() throws {
        let rig = try ServiceRig()
        // The most rows that are answered as they are read.
        var plain = TinyRequests.predict(rows: try rig.rows(blocks: 1))
        var ranked = plain
        ranked.tasks = ["click", "class"]
        ranked.ranking = RankingMessage(
            .expression("click * rating ^ 0.5"), topK: 20, rankedRowsOnly: true)
        var summed = plain
        summed.ranking = RankingMessage(.weightedSum([.init("click", weight: 2)]))
        var named = plain
        named.ranking = RankingMessage(.named("value"))
        plain.context[1].presence = [0]
        for message in [plain, ranked, summed, named] {
            let made = try rig.steadyAllocations(message)
            #expect(made == 0, "\(message.ranking as Any)")
        }
    }

    @Test func `finds the version that another thread has put in place meanwhile`() throws {
        let rig = try ServiceRig()
        let frame = try TinyRequests.frame(id: 1, TinyRequests.predict())
        #expect(try rig.serve(frame)?.version == 1)
        rig.running.source.publish(2)
        _ = rig.running.rescan()
        // Not before the loop was woken: a request sees one table from begin to end.
        #expect(try rig.serve(frame)?.version == 1)
        rig.services[0].refresh()
        #expect(try rig.serve(frame)?.version == 2)
    }

    @Test func `sums the statistics of all loops`() throws {
        let rig = try ServiceRig(loopCount: 2)
        let frame = try TinyRequests.frame(id: 1, TinyRequests.predict())
        for loop in [0, 1, 1] { #expect(try rig.serve(frame, loop: loop)?.status == nil) }
        let call = try TinyRequests.frame(id: 5, .statistics(model: "tiny"))
        #expect(try rig.serve(call, .admin) == nil)
        // Every loop was asked; each answers in its own time, the last one replies.
        for index in [1, 0] {
            for case .tell(let message) in rig.group.mailboxes[index].takeAll() {
                rig.services[index].hear(message)
            }
        }
        let replies = rig.group.mailboxes[0].takeAll()
        guard case .reply(let caller, let message)? = replies.first, replies.count == 1 else {
            Issue.record("no reply")
            return
        }
        #expect(caller.requestID == 5)
        rig.services[0].deliver(message, caller, &rig.state)
        let answer = try rig.takeAnswer()
        guard case .statistics(let statistics)? = answer.control else {
            Issue.record("no statistics")
            return
        }
        #expect(answer.id == 5)
        #expect(statistics.models.first?.successes == 3)
        #expect(statistics.models.first?.rows == 9)
        #expect(statistics.server.requests == 4)
    }

    @Test(arguments: [(17_000_000, 0), (17_000_001, 1)])
    func `counts answers over a millisecond after their deadline`(look: UInt64, late: UInt64) throws
    {
        let rig = try ServiceRig()
        var message = TinyRequests.predict()
        message.deadlineNanoseconds = rig.now + 50_000_000
        // Looked at when it comes, when it was decoded and when it is answered.
        rig.nanosecondsPerLook = look
        #expect(try rig.serve(id: 1, message)?.status == nil)
        let loaded = try #require(rig.services[0].table.models.first?.current)
        #expect(loaded.parts[0].counters.pointee.late == late)
    }

    @Test func `is not ready before models are loaded, nor while it drains`() throws {
        let rig = try ServiceRig()
        let frame = try TinyRequests.frame(id: 1, .serverReady)
        #expect(try rig.serve(frame)?.control == .serverReady(true, reason: ""))
        rig.services[0].drain()
        #expect(
            try rig.serve(frame)?.control == .serverReady(false, reason: "the daemon drains"))
    }

    @Test func `cancelling what is not in flight finds nothing`() throws {
        let rig = try ServiceRig()
        let cancel = try rig.serve(try TinyRequests.frame(id: 10, .cancel(3)))
        #expect(cancel?.control == .cancel(found: false))
    }

    @Test func `answers a model's metadata and readiness by version`() throws {
        let rig = try ServiceRig()
        let ready = try rig.serve(
            try TinyRequests.frame(id: 1, .modelReady(ModelChoice("tiny", .version(2)))))
        #expect(ready?.status?.details.first?.reason == "VERSION_UNKNOWN")
        let unknown = try rig.serve(
            try TinyRequests.frame(id: 1, .modelMetadata(ModelChoice("tinny"))))
        #expect(unknown?.status?.code == .notFound)
    }
}
