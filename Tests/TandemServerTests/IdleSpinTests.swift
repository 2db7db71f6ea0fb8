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
