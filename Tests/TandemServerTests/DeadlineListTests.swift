import Testing

@testable import TandemServer

@Suite struct DeadlineListTests {
    @Test func `expires in the order of setting, at the deadline and not one before`() {
        var list = DeadlineList(duration: 10)
        list.set(3, now: 0)
        list.set(1, now: 5)
        #expect(list.next == 10)
        #expect(list.popExpired(now: 9) == nil)
        #expect(list.popExpired(now: 10) == 3)
        #expect(list.popExpired(now: 14) == nil)
        #expect(list.popExpired(now: 15) == 1)
        #expect(list.next == nil)
    }

    @Test func `moves a slot that is set again to the back`() {
        var list = DeadlineList(duration: 10)
        list.set(0, now: 0)
        list.set(1, now: 1)
        list.set(0, now: 2)
        #expect(list.popExpired(now: 100) == 1)
        #expect(list.popExpired(now: 100) == 0)
    }

    @Test(arguments: [0, 1, 2]) func `forgets a cleared slot wherever it stands`(slot: Int) {
        var list = DeadlineList(duration: 1)
        for other in 0..<3 { list.set(other, now: UInt64(other)) }
        list.clear(slot)
        var left: [Int] = []
        while let expired = list.popExpired(now: 100) { left.append(expired) }
        #expect(left == [0, 1, 2].filter { $0 != slot })
    }

    @Test func `does not wrap at the end of time`() {
        var list = DeadlineList(duration: .max)
        list.set(0, now: 5)
        #expect(list.next == .max)
    }
}
