import CTandemKernels
import Testing

/// Gather and pool, over float and int8 tables.
@Suite struct LookupTests {
    /// A float table and an int8 one; the float rows are not the int8 rows dequantised.
    private struct Table {
        let dim: Int
        let vocabulary = 23
        let floats: GuardedBuffer<Float>
        let bytes: GuardedBuffer<Int8>
        let scales: GuardedBuffer<Float>
        /// The int8 rows, each ending with its scale.
        let scaledRows: GuardedBuffer<Int8>

        init(dim: Int) {
            var samples = Samples(seed: UInt64(dim) + 41)
            self.dim = dim
            floats = GuardedBuffer(samples.floats(23 * dim))
            bytes = GuardedBuffer(samples.bytes(23 * dim))
            scales = GuardedBuffer([0, -0.0, 0x1p-140] + samples.floats(20, scale: 0.01))
            scaledRows = GuardedBuffer(rows: bytes, scales: scales)
        }
    }

    private static let dims = [0, 1, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 100, 129]

    @Test(arguments: dims) func `gather copies and dequantises rows`(dim: Int) {
        let table = Table(dim: dim)
        var samples = Samples(seed: 42)
        // More rows than are looked ahead.
        let (m, ldo) = (79, dim + 2)
        // Every second number is an id, the last one at the guard page.
        let ids = GuardedBuffer([0, -7, 22, -7] + samples.ids(2 * m - 5, vocabulary: 23))
        let floats: [Float] = Register.f32Gather.expectSameBits(m * ldo, "dim \(dim)") {
            tandemk_f32_gather_at($0).run(
                m, dim, 23, table.floats.base, ids.base, 2, $1, ldo)
        }
        let bytes: [Float] = Register.qr8Gather.expectSameBits(m * ldo, "dim \(dim)") {
            tandemk_qr8_f32_gather_at($0).run(
                m, dim, 23, table.bytes.base, table.scales.base, ids.base, 2, $1, ldo)
        }
        let scaled: [Float] = Register.qr8Gather.expectSameBits(m * ldo, "dim \(dim)") {
            tandemk_qr8_f32_gather_at($0).run(
                m, dim, 23, table.scaledRows.base, nil, ids.base, 2, $1, ldo)
        }
        #expect(scaled.map(\.bitPattern) == bytes.map(\.bitPattern))
        for i in 0..<m {
            let id = Int(ids.base[2 * i])
            for j in 0..<dim {
                #expect(floats[i * ldo + j] == table.floats.base[id * dim + j])
                let value = Float(table.bytes.base[id * dim + j]) * table.scales.base[id]
                #expect(bytes[i * ldo + j].isSame(as: value))
            }
            #expect(floats[i * ldo + dim].isSame(as: untouched))
            #expect(bytes[i * ldo + dim + 1].isSame(as: untouched))
        }
    }

    /// What tandem_kernels.h promises, in order.
    private static func pooled(
        _ table: Table, _ ids: [Int32], isMean: Bool, isFloat: Bool
    ) -> [Float] {
        (0..<table.dim).map { j in
            var sum: Float = 0
            for id in ids {
                let at = Int(id) * table.dim + j
                if isFloat {
                    sum += table.floats.base[at]
                } else {
                    sum.addProduct(Float(table.bytes.base[at]), table.scales.base[Int(id)])
                }
            }
            return isMean && !ids.isEmpty ? sum / Float(ids.count) : sum
        }
    }

    @Test(arguments: dims) func `pool adds by position and divides once`(dim: Int) {
        let table = Table(dim: dim)
        var samples = Samples(seed: 43)
        let (most, ldo) = (15, dim + 1)
        let lengths = GuardedBuffer([0, 1, 2, 3, 14, 15] as [Int32])
        let m = lengths.count
        // What lies past a length is never read: here it would be refused.
        let ids = GuardedBuffer(
            (0..<m).flatMap { row -> [Int32] in
                let length = Int(lengths.base[row])
                return samples.ids(length, vocabulary: 23)
                    + [Int32](repeating: .min, count: most - length)
            })
        for mode in [TANDEMK_POOL_SUM, TANDEMK_POOL_MEAN] {
            let floats: [Float] = Register.f32Pool.expectSameBits(m * ldo, "dim \(dim)") {
                tandemk_f32_pool_at($0).run(
                    mode, m, dim, 23, table.floats.base, ids.base, most, lengths.base, $1, ldo)
            }
            let bytes: [Float] = Register.qr8Pool.expectSameBits(m * ldo, "dim \(dim)") {
                tandemk_qr8_f32_pool_at($0).run(
                    mode, m, dim, 23, table.bytes.base, table.scales.base, ids.base, most,
                    lengths.base, $1, ldo)
            }
            let scaled: [Float] = Register.qr8Pool.expectSameBits(m * ldo, "dim \(dim)") {
                tandemk_qr8_f32_pool_at($0).run(
                    mode, m, dim, 23, table.scaledRows.base, nil, ids.base, most, lengths.base,
                    $1, ldo)
            }
            #expect(scaled.map(\.bitPattern) == bytes.map(\.bitPattern))
            for i in 0..<m {
                let own = Array(ids.elements[(i * most)..<(i * most + Int(lengths.base[i]))])
                let range = (i * ldo)..<(i * ldo + dim)
                let isMean = mode == TANDEMK_POOL_MEAN
                #expect(
                    Array(floats[range]) == Self.pooled(table, own, isMean: isMean, isFloat: true))
                #expect(
                    Array(bytes[range]) == Self.pooled(table, own, isMean: isMean, isFloat: false))
                #expect(floats[i * ldo + dim].isSame(as: untouched))
                #expect(bytes[i * ldo + dim].isSame(as: untouched))
            }
        }
    }

    @Test(arguments: [-1, 23, Int32.min, Int32.max])
    func `an id outside the table ends the program, not somebody else's memory`(id: Int32) async {
        await #expect(processExitsWith: .failure) { [id] in
            var out: [Float] = [0, 0]
            tandemk_f32_gather(
                1, 2, 23, [Float](repeating: 1, count: 46), [id], 1, &out, 2)
        }
    }
}
