import Synchronization
import TandemRequest
import TandemServingSupport
import TandemTestSupport
import TandemWire
import Testing

@testable import TandemServer

/// Large calls that several loops compute, and large calls that overtake each other.
@Suite struct SharedCallTests {
    private func rig(publishing names: [String] = ["tiny"]) throws -> ServiceRig {
        let rig = try ServiceRig(loopCount: 2, publishing: names)
        for index in rig.services.indices { rig.services[index].sharedWorkMin = 0 }
        return rig
    }

    /// What a request answers when it is computed by small ones.
    private func expected(_ rig: ServiceRig, _ message: PredictRequestMessage) throws -> [Float] {
        let alone = try ServiceRig(publishing: [message.model])
        #expect(try alone.serve(id: 1, message) == nil)
        return try #require(try alone.workAll().first?.values("click"))
    }

    @Test func `an idle loop takes blocks, and the answer has the same bits`() throws {
        let rig = try rig()
        let message = TinyRequests.predict(rows: try rig.rows(blocks: 5) - 3)
        #expect(!rig.services[1].isBusy)
        #expect(try rig.serve(id: 7, message) == nil)
        #expect(try rig.work() == nil)
        #expect(rig.services[1].isBusy)
        for _ in 0..<3 { #expect(rig.services[1].work() == .progressed) }
        let answer = try #require(try rig.work())
        #expect(!rig.services[1].isBusy && rig.services[1].work() == .idle)
        #expect(try answer.values("click") == expected(rig, message))
        #expect(!rig.services[0].isBusy && rig.services[0].pending.count == 0)
        #expect(rig.services[0].context.offers[0].loaded == nil)
    }

    /// Loops of which the second is in the middle of the last block of the first one's call 7.
    private func halfHelped() throws -> (ServiceRig, PredictRequestMessage) {
        let rig = try rig(publishing: ["heavy"])
        let message = TinyRequests.predict(model: "heavy", rows: try rig.rows(blocks: 2))
        rig.services[1].lastSmall = rig.now
        #expect(try rig.serve(id: 7, message) == nil)
        #expect(try rig.work() == nil)
        #expect(rig.services[1].work() == .progressed)
        return (rig, message)
    }

    @Test func `a loop to which small calls come helps slice by slice`() throws {
        let (rig, message) = try halfHelped()
        // Its block is half done: it has work, and the answer waits for it.
        #expect(rig.services[1].isBusy && rig.services[1].helped != nil)
        #expect(try rig.work() == nil && rig.services[0].awaited != nil)
        #expect(rig.services[1].work() == .progressed)
        #expect(!rig.services[1].isBusy && rig.services[1].helped == nil)
        let answer = try #require(try rig.work())
        #expect(try answer.values("click") == expected(rig, message))
    }

    @Test func `a helper's own large call waits for the end of the block`() throws {
        let (rig, message) = try halfHelped()
        let frame = try TinyRequests.frame(id: 8, message)
        #expect(try rig.serve(frame, loop: 1) == nil)
        #expect(rig.services[1].work() == .progressed)
        #expect(rig.services[1].helped == nil && rig.services[1].begun.isEmpty)
        #expect(try rig.work()?.values("click") == expected(rig, message))
        #expect(rig.services[1].work() == .progressed)
        #expect(!rig.services[1].begun.isEmpty)
    }

    @Test func `an answer waits for a loop that computes its last rows`() throws {
        let rig = try rig()
        let message = TinyRequests.predict(rows: try rig.rows(blocks: 2))
        #expect(try rig.serve(id: 7, message) == nil)
        #expect(try rig.work() == nil)
        let rows = rig.services[0].context.offers[0].rows
        let visit = try #require(rows.enter())
        #expect(try rig.work() == nil)
        #expect(rows.enter() == nil)
        // Meanwhile others are answered.
        #expect(try rig.serve(id: 8, TinyRequests.predict(rows: 3))?.id == 8)
        #expect(try rig.work() == nil && rig.services[0].awaited != nil)
        _ = visit
        rows.leave()
        #expect(try rig.work()?.id == 7)
    }

    @Test func `the first wrong row is named, whoever meets which`() throws {
        let rig = try rig()
        let blockRows = try rig.rows(blocks: 1)
        var message = TinyRequests.predict(rows: blockRows * 4)
        var prices = [Float](repeating: 1, count: message.rows)
        prices[blockRows + 5] = .infinity
        prices[blockRows * 2] = .nan
        message.candidates[0] = ColumnMessage("price", .float32(prices))
        #expect(try rig.serve(id: 7, message) == nil)
        #expect(try rig.work() == nil)
        #expect(rig.services[1].work() == .progressed)
        let status = try #require(try rig.workAll().first?.status)
        #expect(status.details.first?.reason == "FEATURE_NOT_FINITE")
        #expect(status.details.first?.row == UInt32(blockRows + 5))
        #expect(try rig.serve(id: 8, TinyRequests.predict(rows: blockRows * 4)) == nil)
        #expect(try rig.workAll().map(\.id) == [8])
    }

    @Test func `nothing of a cancelled call goes before the other loops are out of it`() throws {
        let rig = try rig()
        let message = TinyRequests.predict(rows: try rig.rows(blocks: 4))
        #expect(try rig.serve(id: 7, message) == nil)
        #expect(try rig.work() == nil)
        let rows = rig.services[0].context.offers[0].rows
        let visit = try #require(rows.enter())
        let first = try #require(try rig.serve(try TinyRequests.frame(id: 8, .cancel(7))))
        #expect(first.id == 7 && first.status?.code == .cancelled)
        #expect(try rig.takeAnswer().control == .cancel(found: true))
        #expect(rig.services[0].pending.count == 1)
        // Its connection ends too; that is no second giving up.
        rig.services[0].forget(slot: 0, serial: 1)
        #expect(try rig.work() == nil && rig.services[0].pending.count == 1)
        _ = visit
        rows.leave()
        #expect(try rig.work() == nil)
        #expect(rig.services[0].pending.count == 0 && !rig.services[0].isBusy)
        #expect(try rig.serve(id: 9, message) == nil)
        #expect(try rig.workAll().map(\.id) == [9])
    }

    @Test func `a deadline that passes waits for the other loops too`() throws {
        let rig = try rig()
        var message = TinyRequests.predict(rows: try rig.rows(blocks: 4))
        message.deadlineNanoseconds = rig.now + 30_000_000
        #expect(try rig.serve(id: 7, message) == nil)
        #expect(try rig.work() == nil)
        let rows = rig.services[0].context.offers[0].rows
        let visit = try #require(rows.enter())
        rig.now += 30_000_000
        #expect(try rig.work() == nil)
        _ = visit
        rows.leave()
        #expect(try rig.work()?.status?.details.first?.reason == "DEADLINE_PASSED")
        #expect(rig.services[0].pending.count == 0)
    }

    @Test func `two threads make the answers that one makes`() throws {
        let rig = try rig()
        let isOver = Atomic<Bool>(false)
        let message = TinyRequests.predict(rows: try rig.rows(blocks: 9) - 1)
        let wanted = try expected(rig, message)
        nonisolated(unsafe) var helper = rig.services[1]
        try withUnsafePointer(to: isOver) { isOver in
            nonisolated(unsafe) let isOver = isOver
            let thread = try ServerThread(name: "helper") {
                while !isOver.pointee.load(ordering: .relaxed) { _ = helper.work() }
            }
            for id: UInt64 in 1...200 {
                #expect(try rig.serve(id: id, message) == nil)
                if id % 10 == 0 {
                    // The other thread may have been quick.
                    if try rig.work() != nil { continue }
                    _ = try rig.serve(try TinyRequests.frame(id: id + 1_000, .cancel(id)))
                    while !rig.state.output.isEmpty { _ = try rig.takeAnswer() }
                    #expect(try rig.workAll().isEmpty)
                } else {
                    #expect(try rig.workAll().first?.values("click") == wanted)
                }
            }
            isOver.pointee.store(true, ordering: .relaxed)
            thread.join()
        }
        #expect(rig.services[0].pending.count == 0)
    }

    @Test(.enabled(if: AllocationCounter.isCounting))
    func `sharing a call allocates nothing in steady state`() throws {
        let rig = try rig()
        let message = TinyRequests.predict(rows: try rig.rows(blocks: 4))
        let made = try rig.steadyAllocations(message)
        #expect(made == 0)
    }

    // MARK: Overtaking

    @Test func `a large call overtakes a begun one of its model by a higher priority`() throws {
        let rig = try ServiceRig()
        let slow = TinyRequests.predict(rows: try rig.rows(blocks: 4))
        var urgent = TinyRequests.predict(rows: try rig.rows(blocks: 2) - 5)
        // Another user: what is kept of the first one's context must not be used.
        urgent.context[0] = ColumnMessage("age", .float32([-3]))
        urgent.priority = 5
        #expect(try rig.serve(id: 1, slow) == nil)
        #expect(try rig.work() == nil)
        #expect(try rig.serve(id: 2, urgent) == nil)
        let answers = try rig.workAll()
        #expect(answers.map(\.id) == [2, 1])
        #expect(try answers[0].values("click") == expected(rig, urgent))
        #expect(try answers[1].values("click") == expected(rig, slow))
    }

    @Test func `one of the same priority waits for the begun one`() throws {
        let rig = try ServiceRig()
        let rows = try rig.rows(blocks: 3)
        #expect(try rig.serve(id: 1, TinyRequests.predict(rows: rows)) == nil)
        #expect(try rig.work() == nil)
        var soon = TinyRequests.predict(rows: rows)
        soon.deadlineNanoseconds = rig.now + 10_000_000
        #expect(try rig.serve(id: 2, soon) == nil)
        #expect(try rig.workAll().map(\.id) == [1, 2])
    }

    @Test func `no more large calls begin than there are sessions`() throws {
        let rig = try ServiceRig()
        for id: UInt64 in 1...6 {
            var message = TinyRequests.predict(rows: try rig.rows(blocks: 4))
            message.priority = Int32(id)
            #expect(try rig.serve(id: id, message) == nil)
            #expect(try rig.work() == nil)
        }
        #expect(rig.services[0].begun.count == 4)
        #expect(try rig.workAll().map(\.id) == [4, 6, 5, 3, 2, 1])
        #expect(rig.services[0].pending.count == 0)
    }
}
