import TandemWire
import Testing

@testable import TandemServer

@Suite struct DurationHistogramTests {
    @Test func `knows every value to a quarter of an octave`() {
        for value: UInt64 in [0, 1, 3, 4, 5, 7, 8, 15, 16, 1_000, 123_456_789, 1 << 40] {
            var histogram = DurationHistogram()
            histogram.add(value)
            // Another value below and above, so that the bucket has both bounds.
            histogram.add(0)
            histogram.add(1 << 41)
            let wire = histogram.wire
            let bucket = wire.bounds.firstIndex { Double(value) <= $0 } ?? wire.bounds.count
            #expect(wire.counts[bucket] >= 1, "\(value)")
            if bucket > 0 {
                let below = wire.bounds[bucket - 1]
                #expect(below < Double(value) && Double(value) <= below * 1.25 + 1, "\(value)")
            }
        }
    }

    @Test func `bounds ascend and counts have one entry more`() {
        var histogram = DurationHistogram()
        for shift in 0..<64 { histogram.add(1 << UInt64(shift)) }
        let wire = histogram.wire
        #expect(wire.counts.count == wire.bounds.count + 1)
        #expect(zip(wire.bounds, wire.bounds.dropFirst()).allSatisfy(<))
        #expect(wire.counts.reduce(0, +) == 64 && wire.count == 64)
        #expect(wire.minimum == 1 && wire.maximum == 0x1p63)
    }

    @Test func `adds up as if all had been counted in one`() {
        var whole = DurationHistogram()
        var left = DurationHistogram()
        var right = DurationHistogram()
        for value: UInt64 in 0..<500 {
            whole.add(value * value)
            if value % 3 == 0 { left.add(value * value) } else { right.add(value * value) }
        }
        left += right
        #expect(left == whole)
    }

    @Test func `of nothing is empty`() {
        #expect(DurationHistogram().wire.counts.isEmpty)
    }
}
