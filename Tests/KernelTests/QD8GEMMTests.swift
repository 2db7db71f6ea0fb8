import CTandemKernels
import Testing

@Suite struct QD8GEMMTests {
    private struct Product {
        let m: Int
        let n: Int
        let k: Int
        let a: GuardedBuffer<Int8>
        let w: [Int8]
        let scales: [Float]
        let rows: GuardedBuffer<tandemk_qd8_row>
        let packed: GuardedBuffer<UInt8>
        let bias: GuardedBuffer<Float>?
        var activation = TANDEMK_ACTIVATION_NONE
        var lda: Int { tandemk_qd8_stride(k) }
        var ldc: Int { n + 2 }

        // a is [m, k]; the padding and the row sums are added here. Rows' zeros repeat.
        init(
            m: Int, n: Int, k: Int, a: [Int8], rowScales: [Float], zeros: [Int32] = [0],
            w: [Int8], scales: [Float], bias: [Float]?
        ) {
            (self.m, self.n, self.k, self.w, self.scales) = (m, n, k, w, scales)
            var bytes = 0
            #expect(tandemk_qd8_f32_qc8w_gemm_packed_bytes(n, k, &bytes))
            packed = GuardedBuffer(count: bytes)
            tandemk_qd8_f32_qc8w_gemm_pack(n, k, w, scales, packed.base)
            let stride = tandemk_qd8_stride(k)
            self.a = GuardedBuffer([Int8](repeating: 0, count: m * stride))
            rows = GuardedBuffer(count: m)
            for i in 0..<m {
                for l in 0..<k { self.a.base[i * stride + l] = a[i * k + l] }
                let sum = a[(i * k)..<(i * k + k)].reduce(Int32(0)) { $0 + Int32($1) }
                rows.base[i] = tandemk_qd8_row(
                    scale: rowScales[i], zero: zeros[i % zeros.count], sum: sum)
            }
            self.bias = bias.map { GuardedBuffer($0[..<n]) }
        }

        func run(_ kernel: Int, _ c: UnsafeMutablePointer<Float>, rows: Range<Int>? = nil) {
            let part = rows ?? 0..<m
            tandemk_qd8_f32_qc8w_gemm_at(kernel).run(
                part.count, n, k, a.base + part.lowerBound * lda, lda,
                self.rows.base + part.lowerBound, packed.base, bias?.base,
                c + part.lowerBound * ldc, ldc, activation, nil)
        }

        /// Bytes of a row that are written as bytes, and of those up to the next one.
        var ldq: Int { tandemk_qd8_stride(n) + 4 }
        /// Bytes of all rows, and of what is told of them behind.
        var byteCount: Int { m * (ldq + MemoryLayout<tandemk_qd8_row>.size) }

        func run(
            _ kernel: Int, _ scale: Float, _ zero: Int32, _ q: UnsafeMutablePointer<Int8>,
            rows: Range<Int>? = nil
        ) {
            let part = rows ?? 0..<m
            let told = UnsafeMutableRawPointer(q + m * ldq)
                .assumingMemoryBound(to: tandemk_qd8_row.self)
            var bytes = tandemk_qs8_rows(
                scale: scale, zero: zero, q: q + part.lowerBound * ldq, ldq: ldq,
                rows: told + part.lowerBound)
            tandemk_qd8_f32_qc8w_gemm_at(kernel).run(
                part.count, n, k, a.base + part.lowerBound * lda, lda,
                self.rows.base + part.lowerBound, packed.base, bias?.base, nil, 0, activation,
                &bytes)
        }

        /// What the quantiser makes of the floats of the scalar twin.
        func expectedBytes(_ scale: Float, _ zero: Int32) -> [Int8] {
            let c = GuardedBuffer<Float>(count: m * ldc)
            run(Register.qd8GEMM.scalar, c.base)
            let q = GuardedBuffer<Int8>(count: byteCount)
            let told = UnsafeMutableRawPointer(q.base + m * ldq)
                .assumingMemoryBound(to: tandemk_qd8_row.self)
            tandemk_f32_qs8_quantize_at(Register.quantizeByGrid.scalar).run(
                m, n, c.base, ldc, nil, scale, zero, q.base, ldq, told)
            return q.elements
        }

        /// The contract in Swift: exact sum, then one fused multiply-add.
        func expected(_ i: Int, _ j: Int) -> Float {
            let zero = Int(rows.base[i].zero)
            let sum = (0..<k).reduce(0) {
                $0 + (Int(a.base[i * lda + $1]) - zero) * Int(w[j * k + $1])
            }
            let scale = rows.base[i].scale * scales[j]
            let y = (bias?.base[j] ?? 0).addingProduct(Float(sum), scale)
            return activation == TANDEMK_ACTIVATION_RELU && 0 > y ? 0 : y
        }
    }

    private static func product(
        _ m: Int, _ n: Int, _ k: Int, seed: UInt64, zeros: [Int32] = [-128, 0, -128]
    ) -> Product {
        var samples = Samples(seed: seed)
        return Product(
            m: m, n: n, k: k, a: samples.bytes(m * k, least: -127),
            rowScales: samples.floats(m, scale: 0.1), zeros: zeros,
            w: samples.bytes(n * k), scales: samples.floats(n, scale: 0.01),
            bias: n % 2 == 0 ? samples.floats(n) : nil)
    }

    @Test func `is the exact integer sum, scaled once, and writes nothing else`() {
        for (m, n, k) in [(3, 5, 7), (1, 16, 4), (2, 18, 27), (5, 33, 1)] {
            let product = Self.product(m, n, k, seed: 4)
            let c: [Float] = Register.qd8GEMM.expectSameBits(m * product.ldc, "") {
                product.run($0, $1)
            }
            for i in 0..<m {
                for j in 0..<n { #expect(c[i * product.ldc + j] == product.expected(i, j)) }
                for j in n..<product.ldc { #expect(c[i * product.ldc + j].isSame(as: untouched)) }
            }
        }
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 53])
    func `all kernels agree around their tiles`(m: Int) {
        for n in [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 101] {
            for k in [0, 1, 3, 4, 5, 37] {
                var product = Self.product(m, n, k, seed: 5)
                if k % 2 == 1 { product.activation = TANDEMK_ACTIVATION_RELU }
                Register.qd8GEMM.expectSameBits(m * product.ldc, "m \(m) n \(n) k \(k)") {
                    product.run($0, $1 as UnsafeMutablePointer<Float>)
                }
            }
        }
    }

    @Test(arguments: [8, 16, 19])
    func `rows with one zero, and with one other, agree`(m: Int) {
        let one = [Int32](repeating: -128, count: m)
        for zeros in [one, one.dropLast() + [-127], [5] + one.dropFirst()] {
            for (n, k) in [(15, 5), (32, 37), (101, 64)] {
                let product = Self.product(m, n, k, seed: 7, zeros: zeros)
                let c: [Float] = Register.qd8GEMM.expectSameBits(m * product.ldc, "\(zeros)") {
                    product.run($0, $1)
                }
                for i in 0..<m {
                    for j in 0..<n { #expect(c[i * product.ldc + j] == product.expected(i, j)) }
                }
            }
        }
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 53])
    func `results as bytes are what the quantiser makes of the floats`(m: Int) {
        var index = 0
        for n in [0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 101, 128] {
            for k in [0, 1, 4, 5, 37] {
                index += 1
                let zeros: [Int32] = index % 2 == 0 ? [-128] : [-128, 0, -128]
                var product = Self.product(m, n, k, seed: 8, zeros: zeros)
                // Rows of one grid, as products behind bytes have them.
                if index % 4 == 0 {
                    for i in 0..<m { product.rows.base[i].scale = product.rows.base[0].scale }
                }
                if k % 2 == 1 { product.activation = TANDEMK_ACTIVATION_RELU }
                let (scale, zero) = (Float(0.017), [-128, 5, 127, -128][index % 4] as Int32)
                let expected = product.expectedBytes(scale, zero)
                let found: [Int8] = Register.qd8GEMM.expectSameBits(
                    product.byteCount, "m \(m) n \(n) k \(k) zero \(zero)"
                ) { product.run($0, scale, zero, $1) }
                #expect(found == expected, "m \(m) n \(n) k \(k) zero \(zero)")
            }
        }
    }

    @Test func `the ends of int8 neither saturate nor wrap`() {
        let k = 4096
        for (activation, zero, weight) in [
            (127, 0, -128), (-127, 0, -128), (127, 0, 127), (-127, 0, 127), (127, -128, -128),
            (-128, -128, 127), (127, -128, 127),
        ] {
            let product = Product(
                m: 2, n: 17, k: k, a: [Int8](repeating: Int8(activation), count: 2 * k),
                rowScales: [1, 0], zeros: [Int32(zero)],
                w: [Int8](repeating: Int8(weight), count: 17 * k),
                scales: [Float](repeating: 1, count: 17), bias: nil)
            let c: [Float] = Register.qd8GEMM.expectSameBits(2 * product.ldc, "ends") {
                product.run($0, $1)
            }
            for j in 0..<17 {
                #expect(c[j] == Float((activation - zero) * weight * k))
                #expect(c[product.ldc + j] == 0)
            }
        }
    }

    @Test func `the largest k is exact at its worst`() {
        let k = Int(TANDEMK_K_MAX)
        let product = Product(
            m: 1, n: 1, k: k, a: [Int8](repeating: 127, count: k), rowScales: [1], zeros: [-128],
            w: [Int8](repeating: -128, count: k), scales: [1], bias: nil)
        let c: [Float] = Register.qd8GEMM.expectSameBits(product.ldc, "k \(k)") {
            product.run($0, $1)
        }
        #expect(c[0] == Float(255 * -128 * k))
    }

    @Test func `special scales and biases agree`() {
        let specials = Samples.specialFloats
        let n = specials.count
        var samples = Samples(seed: 6)
        for activation in [TANDEMK_ACTIVATION_NONE, TANDEMK_ACTIVATION_RELU] {
            var product = Product(
                m: n, n: n, k: 3, a: samples.bytes(n * 3, least: -127), rowScales: specials,
                w: samples.bytes(n * 3), scales: specials, bias: specials)
            product.activation = activation
            Register.qd8GEMM.expectSameBits(n * product.ldc, "special scales") {
                product.run($0, $1 as UnsafeMutablePointer<Float>)
            }
        }
    }

    @Test func `special scales and biases are bytes too, of whole tiles and parts`() {
        let specials = Samples.specialFloats.cycled(to: 77)
        var samples = Samples(seed: 9)
        for activation in [TANDEMK_ACTIVATION_NONE, TANDEMK_ACTIVATION_RELU] {
            var product = Product(
                m: 77, n: 77, k: 3, a: samples.bytes(77 * 3, least: -127), rowScales: specials,
                w: samples.bytes(77 * 3), scales: specials.reversed(), bias: specials)
            product.activation = activation
            for (scale, zero) in [(1, -128), (0x1p-100, 0), (1e30, 127)] as [(Float, Int32)] {
                let expected = product.expectedBytes(scale, zero)
                let found: [Int8] = Register.qd8GEMM.expectSameBits(
                    product.byteCount, "scale \(scale)"
                ) { product.run($0, scale, zero, $1) }
                #expect(found == expected)
            }
        }
    }

    @Test func `a row does not depend on the rows beside it`() {
        let product = Self.product(37, 40, 19, seed: 7)
        for kernel in Register.qd8GEMM.runnable {
            let whole = GuardedBuffer<Float>(count: 37 * product.ldc)
            product.run(kernel, whole.base)
            for block in [1, 2, 3, 5, 7, 16] {
                let parts = GuardedBuffer<Float>(count: 37 * product.ldc)
                for first in stride(from: 0, to: 37, by: block) {
                    product.run(kernel, parts.base, rows: first..<min(37, first + block))
                }
                #expect(parts.elements.map(\.bitPattern) == whole.elements.map(\.bitPattern))
            }
            let wholeBytes = GuardedBuffer<Int8>(count: product.byteCount)
            product.run(kernel, 0.02, -100, wholeBytes.base)
            for block in [1, 2, 3, 5, 7, 16] {
                let parts = GuardedBuffer<Int8>(count: product.byteCount)
                for first in stride(from: 0, to: 37, by: block) {
                    product.run(
                        kernel, 0.02, -100, parts.base, rows: first..<min(37, first + block))
                }
                #expect(parts.elements == wholeBytes.elements)
            }
        }
    }

    @Test func `packed sizes stop at the caps`() {
        var bytes = -1
        #expect(tandemk_qd8_f32_qc8w_gemm_packed_bytes(17, 5, &bytes))
        #expect(bytes == 2 * (128 + 16 * 8))
        let (n, k) = (Int(TANDEMK_N_MAX), Int(TANDEMK_K_MAX))
        #expect(tandemk_qd8_f32_qc8w_gemm_packed_bytes(n, k, &bytes))
        #expect(bytes == n / 16 * (128 + 16 * k))
        #expect(!tandemk_qd8_f32_qc8w_gemm_packed_bytes(n + 1, 1, &bytes))
        #expect(!tandemk_qd8_f32_qc8w_gemm_packed_bytes(1, k + 1, &bytes))
    }
}
