import Testing

@testable import TandemServer

@Suite struct IdleSpinTests {
    private let bound: UInt64 = 50_000

    private func polls(_ spin: IdleSpin) -> Bool { spin.nanoseconds(bound: bound) > 0 }

    @Test func `sleeps until requests come densely`() {
        var spin = IdleSpin()
        #expect(!polls(spin))
        for _ in 0..<4 { spin.observe(gap: 10_000, bound: bound) }
        #expect(!polls(spin))
        for _ in 0..<8 { spin.observe(gap: 10_000, bound: bound) }
        #expect(polls(spin))
        #expect(spin.nanoseconds(bound: bound) == bound)
    }

    @Test func `stops after a few polls in vain and sees one pause through`() {
        var spin = IdleSpin()
        for _ in 0..<40 { spin.observe(gap: 1_000, bound: bound) }
        #expect(polls(spin))
        spin.observe(gap: 150_000, bound: bound)
        #expect(polls(spin))
        var count = 0
        while polls(spin) {
            spin.observe(gap: 1_000_000_000, bound: bound)
            count += 1
        }
        #expect(count <= 2)
    }

    @Test func `never polls with a bound of 0`() {
        var spin = IdleSpin()
        for _ in 0..<40 { spin.observe(gap: 0, bound: 0) }
        #expect(spin.nanoseconds(bound: 0) == 0)
    }

    @Test func `a steady gap at the bound is worth it, one beyond is not`() {
        var near = IdleSpin()
        var far = IdleSpin()
        for _ in 0..<100 {
            near.observe(gap: bound, bound: bound)
            far.observe(gap: bound + 10, bound: bound)
        }
        #expect(polls(near) && !polls(far))
    }
}

@Suite struct LoadBalancerTests {
    @Test func `measures what share of a window the loop worked`() {
        var balancer = LoadBalancer()
        let start: UInt64 = 1_000
        balancer.resume(at: start)
        #expect(balancer.endWindow(at: start + LoadBalancer.windowNanoseconds - 1) == nil)
        balancer.pause(at: start + 30_000_000)
        balancer.resume(at: start + 70_000_000)
        var mark: UInt32 = 0
        var other: UInt32 = 0
        balancer.note(&mark)
        balancer.note(&mark)
        balancer.note(&other)
        let ended = balancer.endWindow(at: start + LoadBalancer.windowNanoseconds)
        #expect(ended?.load == 600 && ended?.activeCount == 2)
        #expect(balancer.activeCount == 0)
        balancer.note(&mark)
        #expect(balancer.activeCount == 1)
        balancer.pause(at: start + LoadBalancer.windowNanoseconds)
        let idle = balancer.endWindow(at: start + LoadBalancer.windowNanoseconds * 3)
        #expect(idle?.load == 0)
    }

    @Test func `moves only where that makes the busier loop less busy`() {
        func moves(_ load: Int, _ count: Int, _ other: Int) -> Bool {
            LoadBalancer.shouldMove(load: load, activeCount: count, to: other)
        }
        #expect(moves(1_000, 3, 0))
        #expect(!moves(660, 2, 330))
        #expect(!moves(1_000, 1, 0))
        #expect(!moves(499, 4, 0))
        #expect(moves(500, 4, 0))
        #expect(!moves(1_000, 4, 700))
        #expect(moves(900, 2, 0))
    }
}
