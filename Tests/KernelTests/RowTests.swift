import CTandemKernels
import Glibc
import Testing

/// Softmax, layer norm, mixture and copy.
@Suite struct RowTests {
    private static let widths = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 53, 100]

    @Test(arguments: widths) func `softmax is exp over its sum`(n: Int) {
        var samples = Samples(seed: 51)
        let (m, ldx, ldy) = (4, n + 1, n + 2)
        let x = GuardedBuffer(samples.floats(m * ldx, scale: 30))
        let y: [Float] = Register.softmax.expectSameBits(m * ldy, "n \(n)") {
            tandemk_f32_softmax_at($0).run(m, n, x.base, ldx, $1, ldy)
        }
        for i in 0..<m {
            let row = x.elements[(i * ldx)..<(i * ldx + n)].map(Double.init)
            let most = row.max() ?? 0
            let sum = row.reduce(0) { $0 + exp($1 - most) }
            for j in 0..<n {
                let value = exp(row[j] - most) / sum
                // The difference to the maximum is rounded before exp sees it.
                let relative = 1e-6 + (most - row[j]) * 0x1p-24
                #expect(abs(Double(y[i * ldy + j]) - value) <= value * relative + 1e-38)
            }
            #expect(y[i * ldy + n].isSame(as: untouched))
        }
    }

    @Test func `softmax of special rows`() {
        let infinity = Float.infinity
        let cases: [([Float], [Float])] = [
            ([-infinity, 0, -infinity], [0, 1, 0]), ([0, -0.0], [0.5, 0.5]),
            ([1e38, 1e38], [0.5, 0.5]), ([-1e38, 1e38], [0, 1]),
            ([.nan, 0], [.nan, .nan]), ([-infinity, -infinity], [.nan, .nan]),
            ([infinity, 0], [.nan, .nan]),
        ]
        for (row, expected) in cases {
            let x = GuardedBuffer(row)
            let y: [Float] = Register.softmax.expectSameBits(row.count, "\(row)") {
                tandemk_f32_softmax_at($0).run(1, row.count, x.base, 0, $1, row.count)
            }
            #expect(zip(y, expected).allSatisfy { $0.isSame(as: $1) }, "\(row) gave \(y)")
        }
    }

    @Test(arguments: widths.dropFirst()) func `layer norm centres and scales`(n: Int) {
        var samples = Samples(seed: 52)
        // Rows side by side, and what is left of them.
        let (m, ldx, ldy) = (7, n + 3, n + 1)
        // A mean a thousand times the spread: x^2 - mean^2 in float would have lost it.
        let x = GuardedBuffer(samples.floats(m * ldx).map { $0 + 1000 })
        let (gamma, beta) = (GuardedBuffer(samples.floats(n)), GuardedBuffer(samples.floats(n)))
        let epsilon: Float = 1e-5
        let y: [Float] = Register.layerNorm.expectSameBits(m * ldy, "n \(n)") {
            tandemk_f32_layer_norm_at($0).run(
                m, n, x.base, ldx, nil, 0, gamma.base, beta.base, epsilon, $1, ldy)
        }
        for i in 0..<m {
            let row = x.elements[(i * ldx)..<(i * ldx + n)].map(Double.init)
            let mean = row.reduce(0, +) / Double(n)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
            let r = 1 / (variance + Double(epsilon)).squareRoot()
            for j in 0..<n {
                let value = (row[j] - mean) * r * Double(gamma.base[j]) + Double(beta.base[j])
                // The mean is known to a last place of 1000 only.
                let tolerance = (1000 * 0x1p-22 * r + 1e-6) * Double(abs(gamma.base[j])) + 1e-6
                #expect(abs(Double(y[i * ldy + j]) - value) <= tolerance)
            }
            #expect(y[i * ldy + n].isSame(as: untouched))
        }
    }

    @Test(arguments: widths.dropFirst()) func `layer norm adds rows first`(n: Int) {
        var samples = Samples(seed: 58)
        let (m, ldx, lda, ldy) = (6, n + 3, n + 2, n + 1)
        let x = GuardedBuffer(samples.floats(m * ldx))
        let addend = GuardedBuffer(samples.floats(m * lda))
        let (gamma, beta) = (GuardedBuffer(samples.floats(n)), GuardedBuffer(samples.floats(n)))
        let y: [Float] = Register.layerNorm.expectSameBits(m * ldy, "n \(n)") {
            tandemk_f32_layer_norm_at($0).run(
                m, n, x.base, ldx, addend.base, lda, gamma.base, beta.base, 1e-5, $1, ldy)
        }
        let sums = (0..<m * n).map {
            x.base[$0 / n * ldx + $0 % n] + addend.base[$0 / n * lda + $0 % n]
        }
        var expected = [Float](repeating: 0, count: m * n)
        tandemk_f32_layer_norm(
            m, n, sums, n, nil, 0, gamma.base, beta.base, 1e-5, &expected, n)
        for i in 0..<m {
            #expect(Array(y[i * ldy..<i * ldy + n]) == Array(expected[i * n..<(i + 1) * n]))
            #expect(y[i * ldy + n].isSame(as: untouched))
        }
    }

    private enum Mask: CaseIterable { case none, row, score }

    @Test(arguments: widths, Mask.allCases)
    private func `attention's weights are exp, and their sums what softmax divides by`(
        n: Int, form: Mask
    ) {
        var samples = Samples(seed: 59)
        let (m, ldx, scale) = (6, n + 1, Float(0.7))
        let scores = samples.floats(m * ldx, scale: 30)
        let mask = GuardedBuffer(samples.floats(m * (n + 1), scale: 4))
        var operand = tandemk_operand(
            base: mask.base, stride: form == .row ? 1 : n + 1, step: form == .row ? 0 : 1)
        // Weights, and the sums behind them.
        let found: [Float] = Register.attentionWeights.expectSameBits(m * ldx + m, "n \(n)") {
            kernel, out in
            for i in 0..<m { for j in 0..<n { out[i * ldx + j] = scores[i * ldx + j] } }
            let run = tandemk_f32_attention_weights_at(kernel).run
            if form == .none {
                run(m, n, scale, nil, out, ldx, out + m * ldx)
            } else {
                run(m, n, scale, &operand, out, ldx, out + m * ldx)
            }
        }
        for i in 0..<m {
            let row = (0..<n).map { j -> Float in
                let score = scores[i * ldx + j]
                switch form {
                case .none: return score * scale
                case .row: return mask.base[i].addingProduct(score, scale)
                case .score: return mask.base[i * (n + 1) + j].addingProduct(score, scale)
                }
            }
            let most = row.max() ?? 0
            let weights = row.map { exp(Double($0 - most)) }
            for j in 0..<n {
                #expect(abs(Double(found[i * ldx + j]) - weights[j]) <= 4e-7 * weights[j] + 1e-37)
            }
            let sum = weights.reduce(0, +)
            #expect(abs(Double(found[m * ldx + i]) - sum) <= 4e-7 * sum)
            #expect(found[i * ldx + n].isSame(as: untouched))
        }
    }

    @Test func `attention's weights of special rows`() {
        let infinity = Float.infinity
        let cases: [([Float], [Float], Float)] = [
            ([-infinity, 0, -infinity], [0, 1, 0], 1), ([0, -0.0], [1, 1], 2),
            ([0, -86.5], [1, 2.7e-38], 1), ([0, -87.5], [1, 0], 1), ([1e38, -1e38], [1, 0], 1),
            ([.nan, 0], [.nan, 1], .nan), ([-infinity, -infinity], [.nan, .nan], .nan),
            ([infinity, 0], [.nan, 0], .nan),
        ]
        for (row, expected, sum) in cases {
            let count = row.count
            let y: [Float] = Register.attentionWeights.expectSameBits(count + 1, "\(row)") {
                kernel, out in
                for (j, value) in row.enumerated() { out[j] = value }
                tandemk_f32_attention_weights_at(kernel).run(
                    1, count, 1, nil, out, count, out + count)
            }
            for (value, wanted) in zip(y, expected + [sum]) {
                let isNear = abs(value - wanted) <= 0.1 * abs(wanted)
                #expect(value.isSame(as: wanted) || isNear, "\(row) gave \(y)")
            }
        }
    }

    @Test(arguments: widths) func `mixtures add gated experts in order`(dim: Int) {
        var samples = Samples(seed: 53)
        let (m, ldo) = (3, dim + 1)
        for (count, sums) in [(0, 1), (1, 2), (2, 3), (5, 1), (5, 4), (3, 6), (2, 0)] {
            let ldg = count * sums
            let gates = GuardedBuffer(samples.floats(m * ldg))
            let values = (0..<count).map { _ in GuardedBuffer(samples.floats(m * dim)) }
            // The last expert is one row for all, as an expert of the context is.
            let rows = GuardedBuffer(
                values.enumerated().map {
                    tandemk_rows(base: $1.base, stride: $0 == count - 1 ? 0 : dim)
                })
            let out: [Float] = Register.mixture.expectSameBits(
                sums * m * ldo, "count \(count) sums \(sums)"
            ) { kernel, out in
                let mixtures = GuardedBuffer(
                    (0..<sums).map {
                        tandemk_mixture(
                            gates: gates.base + $0 * count, ldg: ldg, out: out + $0 * m * ldo,
                            ldo: ldo)
                    })
                tandemk_f32_mixture_at(kernel).run(m, dim, count, rows.base, sums, mixtures.base)
            }
            for (s, i) in (0..<sums * m).map({ ($0 / m, $0 % m) }) {
                let row = out[((s * m + i) * ldo)...]
                for j in 0..<dim {
                    var sum: Float = 0
                    for e in 0..<count {
                        let x = values[e].base[i * rows.base[e].stride + j]
                        let gate = gates.base[i * ldg + s * count + e]
                        sum = e == 0 ? gate * x : sum.addingProduct(gate, x)
                    }
                    #expect(row[row.startIndex + j] == sum)
                }
                #expect(row[row.startIndex + dim].isSame(as: untouched))
            }
        }
    }

    @Test(arguments: [0, 1, 5, 16, 37])
    func `an LSTM's position is within its stated error of double arithmetic`(n: Int) {
        var samples = Samples(seed: 56)
        let (m, ldx, ldp) = (3, 4 * n + 1, 4 * n + 2)
        let x = GuardedBuffer(samples.floats(m * ldx, scale: 6))
        let products = GuardedBuffer(samples.floats(m * ldp, scale: 6))
        let cells = samples.floats(m * n, scale: 1)
        // Both results, one behind the other.
        let found: [Float] = Register.lstmCell.expectSameBits(2 * m * n, "n \(n)") { kernel, out in
            for index in 0..<m * n { out[index] = cells[index] }
            tandemk_f32_lstm_cell_at(kernel).run(
                m, n, x.base, ldx, products.base, ldp, out, out + m * n)
        }
        func sigmoid(_ value: Double) -> Double { 1 / (1 + exp(-value)) }
        for i in 0..<m {
            for j in 0..<n {
                let gates = (0..<4).map {
                    Double(x.base[i * ldx + $0 * n + j])
                        + Double(products.base[i * ldp + $0 * n + j])
                }
                let cell =
                    sigmoid(gates[2]) * Double(cells[i * n + j])
                    + sigmoid(gates[0]) * tanh(gates[3])
                // The gates' own sums are rounded too.
                #expect(abs(Double(found[i * n + j]) - cell) <= 8e-7 * max(1, abs(cell)))
                let state = sigmoid(gates[1]) * tanh(cell)
                #expect(abs(Double(found[m * n + i * n + j]) - state) <= 8e-7)
            }
        }
    }

    @Test(arguments: [1, 7, 16, 33, 128], [false, true])
    func `an LSTM's position over a table is that over its rows`(n: Int, endsWithScales: Bool) {
        var samples = Samples(seed: 57)
        let (m, vocabulary, ldp) = (5, 9, 4 * n + 2)
        let table = GuardedBuffer(samples.bytes(vocabulary * 4 * n))
        let scale = GuardedBuffer((0..<vocabulary).map { Float($0 + 1) / 256 })
        let stored = endsWithScales ? GuardedBuffer(rows: table, scales: scale) : table
        let ids = GuardedBuffer<Int32>([8, 0, 0, 3, 8])
        let products = GuardedBuffer(samples.floats(m * ldp, scale: 6))
        let cells = samples.floats(m * n, scale: 1)
        let found: [Float] = Register.qr8LSTMCell.expectSameBits(2 * m * n, "n \(n)") {
            kernel, out in
            for index in 0..<m * n { out[index] = cells[index] }
            tandemk_qr8_f32_lstm_cell_at(kernel).run(
                m, n, vocabulary, stored.base, endsWithScales ? nil : scale.base, ids.base, 1,
                products.base, ldp, out, out + m * n)
        }
        // A byte times a power of two is exact, so that one rounding and two give the same sum.
        let rows = GuardedBuffer(
            (0..<m).flatMap { row in
                let id = Int(ids.base[row])
                return (0..<4 * n).map { Float(table.base[id * 4 * n + $0]) * scale.base[id] }
            })
        var (c, h) = (cells, [Float](repeating: 0, count: m * n))
        tandemk_f32_lstm_cell(m, n, rows.base, 4 * n, products.base, ldp, &c, &h)
        #expect(found == c + h)
    }

    @Test(arguments: [0, 1, 5, 16, 37])
    func `a GRU's position is within its stated error of double arithmetic`(n: Int) {
        var samples = Samples(seed: 58)
        let (m, ldx, ldp) = (3, 3 * n + 1, 3 * n + 2)
        let x = GuardedBuffer(samples.floats(m * ldx, scale: 6))
        let products = GuardedBuffer(samples.floats(m * ldp, scale: 6))
        let states = samples.floats(m * n, scale: 1)
        let found: [Float] = Register.gruCell.expectSameBits(m * n, "n \(n)") { kernel, out in
            for index in 0..<m * n { out[index] = states[index] }
            tandemk_f32_gru_cell_at(kernel).run(m, n, x.base, ldx, products.base, ldp, out)
        }
        func sigmoid(_ value: Double) -> Double { 1 / (1 + exp(-value)) }
        for (i, j) in (0..<m * n).map({ ($0 / n, $0 % n) }) {
            let (a, p) = (
                (0..<3).map { Double(x.base[i * ldx + $0 * n + j]) },
                (0..<3).map { Double(products.base[i * ldp + $0 * n + j]) }
            )
            let update = sigmoid(a[0] + p[0])
            let hidden = tanh(a[2] + sigmoid(a[1] + p[1]) * p[2])
            let state = (1 - update) * hidden + update * Double(states[i * n + j])
            // The gates' own sums are rounded too.
            #expect(abs(Double(found[i * n + j]) - state) <= 1e-6 * max(1, abs(state)))
        }
    }

    @Test(arguments: [1, 7, 16, 33, 128], [false, true])
    func `a GRU's position over a table is that over its rows`(n: Int, endsWithScales: Bool) {
        var samples = Samples(seed: 59)
        let (m, vocabulary, ldp) = (5, 9, 3 * n + 2)
        let table = GuardedBuffer(samples.bytes(vocabulary * 3 * n))
        let scale = GuardedBuffer((0..<vocabulary).map { Float($0 + 1) / 256 })
        let stored = endsWithScales ? GuardedBuffer(rows: table, scales: scale) : table
        let ids = GuardedBuffer<Int32>([8, 0, 0, 3, 8])
        let products = GuardedBuffer(samples.floats(m * ldp, scale: 6))
        let states = samples.floats(m * n, scale: 1)
        let found: [Float] = Register.qr8GRUCell.expectSameBits(m * n, "n \(n)") { kernel, out in
            for index in 0..<m * n { out[index] = states[index] }
            tandemk_qr8_f32_gru_cell_at(kernel).run(
                m, n, vocabulary, stored.base, endsWithScales ? nil : scale.base, ids.base, 1,
                products.base, ldp, out)
        }
        // A byte times a number of few digits is exact, so that both give the same sum.
        let rows = GuardedBuffer(
            (0..<m).flatMap { row in
                let id = Int(ids.base[row])
                return (0..<3 * n).map { Float(table.base[id * 3 * n + $0]) * scale.base[id] }
            })
        var h = states
        tandemk_f32_gru_cell(m, n, rows.base, 3 * n, products.base, ldp, &h)
        #expect(found == h)
    }

    @Test func `softmax and layer norm may write in place`() {
        var samples = Samples(seed: 54)
        let x = samples.floats(2 * 21)
        let (gamma, beta) = (samples.floats(21), samples.floats(21))
        for kernel in Register.softmax.runnable {
            let (place, apart) = (GuardedBuffer(x), GuardedBuffer<Float>(count: 42))
            let run = tandemk_f32_softmax_at(kernel).run
            run(2, 21, place.base, 21, place.base, 21)
            run(2, 21, x, 21, apart.base, 21)
            #expect(place.elements == apart.elements)
        }
        for kernel in Register.layerNorm.runnable {
            let (place, apart) = (GuardedBuffer(x), GuardedBuffer<Float>(count: 42))
            let run = tandemk_f32_layer_norm_at(kernel).run
            run(2, 21, place.base, 21, nil, 0, gamma, beta, 0, place.base, 21)
            run(2, 21, x, 21, nil, 0, gamma, beta, 0, apart.base, 21)
            #expect(place.elements == apart.elements)
        }
    }

    @Test(arguments: [0, 1, 3, 64]) func `copy moves rows and repeats one with stride 0`(bytes: Int)
    {
        var samples = Samples(seed: 55)
        let x = GuardedBuffer(samples.bytes(3 * (bytes + 1)).map(UInt8.init(bitPattern:)))
        for (xStride, yStride) in [(bytes, bytes), (bytes + 1, bytes), (0, bytes + 2)] {
            let y: [UInt8] = Register.copy.expectSameBits(3 * yStride, "") {
                tandemk_x8_copy_at($0).run(3, bytes, x.base, xStride, $1, yStride)
            }
            for i in 0..<3 {
                for j in 0..<bytes { #expect(y[i * yStride + j] == x.base[i * xStride + j]) }
                for j in bytes..<yStride { #expect(y[i * yStride + j] == 0xA5) }
            }
        }
    }
}
