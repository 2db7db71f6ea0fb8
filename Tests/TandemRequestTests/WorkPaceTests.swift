import Testing

@testable import TandemRequest

@Suite struct WorkPaceTests {
    @Test func `expects what the work takes before anything was seen`() {
        #expect(WorkPace().wait(for: 1_234) == 1_234)
    }

    @Test func `follows calls that take longer on the clock than their work`() {
        var pace = WorkPace()
        pace.begin(at: 1_000)
        for call: UInt64 in 1...300 { pace.finish(work: 100, at: 1_000 + call * 250) }
        #expect((2_490...2_510).contains(pace.wait(for: 1_000)))
        for call: UInt64 in 1...500 { pace.finish(work: 100, at: 76_000 + call * 100) }
        #expect((1_000...1_010).contains(pace.wait(for: 1_000)))
    }

    @Test func `time in which nothing waited does not count`() {
        var pace = WorkPace()
        for call: UInt64 in 1...100 {
            pace.begin(at: call * 1_000_000)
            pace.finish(work: 100, at: call * 1_000_000 + 200)
        }
        #expect((1_990...2_010).contains(pace.wait(for: 1_000)))
    }

    @Test func `never expects less than the work`() {
        var pace = WorkPace()
        pace.begin(at: 0)
        for call: UInt64 in 1...100 { pace.finish(work: 100, at: call * 10) }
        #expect(pace.wait(for: 1_000) == 1_000)
    }

    @Test func `a stall of the machine counts little`() {
        var pace = WorkPace()
        pace.begin(at: 0)
        for call: UInt64 in 1...64 { pace.finish(work: 100, at: call * 100) }
        pace.finish(work: 100, at: 1_000_000_000)
        #expect(pace.wait(for: 1_000) < 1_400)
    }

    @Test func `no number wraps`() {
        var pace = WorkPace()
        pace.begin(at: .max)
        pace.finish(work: 0, at: 0)
        pace.finish(work: .max, at: .max)
        pace.begin(at: 0)
        pace.finish(work: 1, at: .max)
        #expect(pace.wait(for: .max) == .max)
        #expect(pace.wait(for: 0) == 0)
    }
}
