import CTandemKernels
import Testing

@Suite struct QuantizeTests {
    private static func rows(
        _ kernel: Int, m: Int, k: Int, x: GuardedBuffer<Float>, ldx: Int,
        q: UnsafeMutablePointer<Int8>, ldq: Int
    ) -> [tandemk_qd8_row] {
        let rows = GuardedBuffer<tandemk_qd8_row>(count: m)
        tandemk_f32_qd8_quantize_at(kernel).run(m, k, x.base, ldx, q, ldq, rows.base)
        return rows.elements
    }

    @Test(arguments: [false, true])
    func `a row is scaled by its largest magnitude and rounded to even`(isPositive: Bool) {
        var samples = Samples(seed: 11)
        for k in Samples.sizes(around: 16) + [4, 5, 32, 100] {
            let (m, ldx, ldq) = (3, k + 1, tandemk_qd8_stride(k) + 4)
            let values = samples.floats(m * ldx, scale: 50)
            let x = GuardedBuffer(isPositive ? values.map(abs) : values)
            var scales: [[UInt32]] = []
            var sums: [[Int32]] = []
            var zeros: [[Int32]] = []
            let q: [Int8] = Register.quantize.expectSameBits(m * ldq, "k \(k)") {
                let rows = Self.rows($0, m: m, k: k, x: x, ldx: ldx, q: $1, ldq: ldq)
                scales.append(rows.map(\.scale.bitPattern))
                sums.append(rows.map(\.sum))
                zeros.append(rows.map(\.zero))
            }
            for i in 0..<m {
                let row = x.elements[(i * ldx)..<(i * ldx + k)]
                let absmax = row.map(abs).max() ?? 0
                let isShifted = !row.isEmpty && row.allSatisfy { $0 >= 0 }
                let (levels, zero): (Float, Float) = isShifted ? (255, -128) : (127, 0)
                let expected = row.map {
                    Int8(zero.addingProduct($0, levels / absmax).rounded(.toNearestOrEven))
                }
                let padding = [Int8](repeating: 0, count: tandemk_qd8_stride(k) - k)
                let gap = [Int8](repeating: Int8(bitPattern: 0xA5), count: 4)
                #expect(Array(q[(i * ldq)..<(i * ldq + ldq)]) == expected + padding + gap)
                #expect(scales.allSatisfy { $0[i] == (absmax / levels).bitPattern })
                #expect(zeros.allSatisfy { $0[i] == Int32(zero) })
                let sum = expected.reduce(Int32(0)) { $0 + Int32($1) }
                #expect(sums.allSatisfy { $0[i] == sum })
            }
        }
    }

    @Test func `a row of nothing but tiny values becomes zeros with scale zero`() {
        for kernel in Register.quantize.runnable {
            let below = (0x1p-100 as Float).nextDown
            for (values, isEmpty): ([Float], Bool) in [
                ([0, -0.0], true), ([.leastNonzeroMagnitude, 0], true), ([below, -below], true),
                ([0x1p-100, -0x1p-110], false),
            ] {
                var q: [Int8] = [1, 1, 1, 1]
                let rows = Self.rows(
                    kernel, m: 1, k: 2, x: GuardedBuffer(values), ldx: 2, q: &q, ldq: 4)
                #expect(rows[0].scale == (isEmpty ? 0 : 0x1p-100 / 127))
                #expect(q == [isEmpty ? 0 : 127, 0, 0, 0])
                #expect(rows[0].sum == Int32(q[0]))
            }
        }
    }

    @Test func `multiplies by the inverse where a quotient would round the other way`() {
        for kernel in Register.quantize.runnable {
            var q: [Int8] = [0, 0, 0, 0]
            _ = Self.rows(
                kernel, m: 1, k: 2, x: GuardedBuffer([-113, 40.48425]), ldx: 2, q: &q, ldq: 4)
            #expect(q == [-127, 46, 0, 0])
        }
    }

    @Test func `a row with negative values never makes -128, nor faults on NaN and infinity`() {
        for special in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
            let x = GuardedBuffer([special, -special, 1, -1, 0, 2].cycled(to: 37))
            let q: [Int8] = Register.quantize.expectSameBits(40, "\(special)") {
                _ = Self.rows($0, m: 1, k: 37, x: x, ldx: 37, q: $1, ldq: 40)
            }
            #expect(!q.contains(-128))
        }
    }

    @Test func `values come back within half a step`() {
        var samples = Samples(seed: 12)
        let x = GuardedBuffer(samples.floats(200, scale: 3))
        var q = [Int8](repeating: 0, count: 200)
        let chosen = tandemk_f32_qd8_quantize_chosen()
        let row = Self.rows(chosen, m: 1, k: 200, x: x, ldx: 200, q: &q, ldq: 200)[0]
        for (value, byte) in zip(x.elements, q) {
            #expect(abs(Float(byte) * row.scale - value) <= row.scale * 0.50001)
        }
    }
}
