import CTandemKernels
import Testing

@Suite struct QuantizeTests {
    private static func rows(
        _ kernel: Int, m: Int, k: Int, x: GuardedBuffer<Float>, ldx: Int,
        factors: UnsafePointer<Float>? = nil, q: UnsafeMutablePointer<Int8>, ldq: Int
    ) -> [tandemk_qd8_row] {
        let rows = GuardedBuffer<tandemk_qd8_row>(count: m)
        tandemk_f32_qd8_quantize_at(kernel).run(
            m, k, x.base, ldx, factors, q, ldq, rows.base)
        return rows.elements
    }

    /// A row as the contract has it: bytes, scale, zero.
    private static func expected(_ row: [Float]) -> (bytes: [Int8], scale: Float, zero: Int32) {
        let (low, high) = (min(row.min() ?? 0, 0), max(row.max() ?? 0, 0))
        guard high > low else { return (row.map { _ in 0 }, 0, 0) }
        let inverse = 255 / (high - low)
        let bottom = (low * inverse).rounded(.toNearestOrEven)
        let bytes = row.map {
            Int8(min(($0 * inverse).rounded(.toNearestOrEven), bottom + 255) - bottom - 128)
        }
        return (bytes, (high - low) / 255, Int32(-128 - bottom))
    }

    private enum Signs: CaseIterable { case both, positive, negative }

    @Test(arguments: Signs.allCases, [false, true])
    private func `a row has 255 steps between its ends, rounded to even`(
        signs: Signs, hasFactors: Bool
    ) {
        var samples = Samples(seed: 11)
        for k in Samples.sizes(around: 16) + [4, 5, 32, 100] {
            // More rows than are looked at before the first is written.
            let (m, ldx, ldq) = (11, k + 1, tandemk_qd8_stride(k) + 4)
            var values = samples.floats(m * ldx, scale: 50)
            if signs != .both { values = values.map { signs == .positive ? abs($0) : -abs($0) } }
            let x = GuardedBuffer(values)
            let factors = GuardedBuffer(hasFactors ? samples.floats(k, scale: 2).map(abs) : [])
            var found: [[tandemk_qd8_row]] = []
            let q: [Int8] = Register.quantize.expectSameBits(m * ldq, "k \(k)") {
                found.append(
                    Self.rows(
                        $0, m: m, k: k, x: x, ldx: ldx, factors: hasFactors ? factors.base : nil,
                        q: $1, ldq: ldq))
            }
            for i in 0..<m {
                let row = (0..<k).map {
                    x.elements[i * ldx + $0] * (hasFactors ? factors.elements[$0] : 1)
                }
                let (bytes, scale, zero) = Self.expected(row)
                let padding = [Int8](repeating: 0, count: tandemk_qd8_stride(k) - k)
                let gap = [Int8](repeating: Int8(bitPattern: 0xA5), count: 4)
                #expect(Array(q[(i * ldq)..<(i * ldq + ldq)]) == bytes + padding + gap)
                let sum = bytes.reduce(Int32(0)) { $0 + Int32($1) }
                for rows in found {
                    #expect(rows[i].scale.bitPattern == scale.bitPattern)
                    #expect(rows[i].zero == zero)
                    #expect(rows[i].sum == sum)
                }
            }
        }
    }

    @Test func `a row of nothing but tiny values becomes zeros with scale zero`() {
        for kernel in Register.quantize.runnable {
            let below = (0x1p-100 as Float).nextDown
            for values: [Float] in [
                [0, -0.0], [.leastNonzeroMagnitude, 0], [below, -below],
            ] {
                var q: [Int8] = [1, 1, 1, 1]
                let row = Self.rows(
                    kernel, m: 1, k: 2, x: GuardedBuffer(values), ldx: 2, q: &q, ldq: 4)[0]
                #expect(row.scale == 0 && row.zero == 0 && row.sum == 0)
                #expect(q == [0, 0, 0, 0])
            }
            var q: [Int8] = [1, 1, 1, 1]
            let row = Self.rows(
                kernel, m: 1, k: 2, x: GuardedBuffer([0x1p-100, 0]), ldx: 2, q: &q, ldq: 4)[0]
            #expect(row.scale == 0x1p-100 / 255 && row.zero == -128)
            #expect(q == [127, -128, 0, 0])
        }
    }

    @Test func `multiplies by the inverse where a quotient would round the other way`() {
        for kernel in Register.quantize.runnable {
            var q: [Int8] = [0, 0, 0, 0]
            _ = Self.rows(
                kernel, m: 1, k: 2, x: GuardedBuffer([113, 0.6647059]), ldx: 2, q: &q, ldq: 4)
            #expect(q == [127, -127, 0, 0])
        }
    }

    @Test func `cuts the upper end off by a step where both lie in the middle of two`() {
        for kernel in Register.quantize.runnable {
            var q: [Int8] = [0, 0, 0, 0]
            let row = Self.rows(
                kernel, m: 1, k: 2, x: GuardedBuffer([101.5, -153.5]), ldx: 2, q: &q, ldq: 4)[0]
            #expect(q == [127, -128, 0, 0])
            #expect(row.zero == 26)
        }
    }

    @Test func `no kernel faults on NaN and infinity, and all give the same bytes`() {
        for special in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
            let x = GuardedBuffer([special, -special, 1, -1, 0, 2].cycled(to: 37))
            let q: [Int8] = Register.quantize.expectSameBits(40, "\(special)") {
                _ = Self.rows($0, m: 1, k: 37, x: x, ldx: 37, q: $1, ldq: 40)
            }
            // A NaN among numbers is the lowest of them.
            if special.isNaN { #expect(q[0] == -128 && q[4] == -43) }
        }
    }

    @Test(arguments: [(-128, false), (-40, true), (0, false), (127, true)] as [(Int32, Bool)])
    func `a given grid holds what lies on it, and its ends what lies beyond`(
        zero: Int32, hasFactors: Bool
    ) {
        var samples = Samples(seed: 13)
        let (scale, bottom) = (Float(0.37), Float(-128 - zero))
        for k in Samples.sizes(around: 16) + [4, 5, 32, 100] {
            let (m, ldx, ldq) = (3, k + 1, tandemk_qd8_stride(k) + 4)
            let x = GuardedBuffer(samples.floats(m * ldx, scale: 80))
            let factors = GuardedBuffer(hasFactors ? samples.floats(k, scale: 2).map(abs) : [])
            let rows = GuardedBuffer<tandemk_qd8_row>(count: m)
            let q: [Int8] = Register.quantizeByGrid.expectSameBits(m * ldq, "k \(k)") {
                tandemk_f32_qs8_quantize_at($0).run(
                    m, k, x.base, ldx, hasFactors ? factors.base : nil, scale, zero, $1, ldq,
                    rows.base)
            }
            for i in 0..<m {
                let bytes = (0..<k).map { j in
                    let value = x.elements[i * ldx + j] * (hasFactors ? factors.elements[j] : 1)
                    let steps = (value * (1 / scale)).rounded(.toNearestOrEven)
                    return Int8(min(max(steps, bottom), bottom + 255) + Float(zero))
                }
                #expect(Array(q[i * ldq..<i * ldq + k]) == bytes)
                #expect(q[i * ldq + k..<i * ldq + tandemk_qd8_stride(k)].allSatisfy { $0 == 0 })
                let row = rows.elements[i]
                #expect(row.scale == scale && row.zero == zero)
                #expect(row.sum == bytes.reduce(0) { $0 + Int32($1) })
            }
        }
    }

    @Test func `a NaN is the lowest byte of a given grid, and an infinity an end`() {
        for kernel in Register.quantizeByGrid.runnable {
            let x = GuardedBuffer<Float>([.nan, .infinity, -.infinity, -0, 0x1p-120])
            let (q, rows) = (
                GuardedBuffer<Int8>(count: 8), GuardedBuffer<tandemk_qd8_row>(count: 1)
            )
            tandemk_f32_qs8_quantize_at(kernel).run(
                1, 5, x.base, 5, nil, 0.5, 3, q.base, 8, rows.base)
            #expect(q.elements == [-128, 127, -128, 3, 3, 0, 0, 0])
        }
    }

    @Test func `values come back within half a step`() {
        var samples = Samples(seed: 12)
        let x = GuardedBuffer(samples.floats(200, scale: 3))
        var q = [Int8](repeating: 0, count: 200)
        let chosen = tandemk_f32_qd8_quantize_chosen()
        let row = Self.rows(chosen, m: 1, k: 200, x: x, ldx: 200, q: &q, ldq: 200)[0]
        for (value, byte) in zip(x.elements, q) {
            #expect(
                abs(Float(Int32(byte) - row.zero) * row.scale - value) <= row.scale * 0.50002)
        }
    }
}
