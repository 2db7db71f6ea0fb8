import CTandemKernels
import Testing

@Suite struct F32GEMMTests {
    /// One product with guarded operands and gaps between the rows of a and c.
    private struct Product {
        let m: Int
        let n: Int
        let k: Int
        let a: GuardedBuffer<Float>
        let w: [Float]
        let packed: GuardedBuffer<UInt8>
        let bias: GuardedBuffer<Float>?
        var activation = TANDEMK_ACTIVATION_NONE
        var lda: Int { k + 3 }
        var ldc: Int { n + 2 }

        init(m: Int, n: Int, k: Int, a: [Float], w: [Float], bias: [Float]?) {
            (self.m, self.n, self.k, self.w) = (m, n, k, Array(w[..<(n * k)]))
            var bytes = 0
            #expect(tandemk_f32_gemm_packed_bytes(n, k, &bytes))
            packed = GuardedBuffer(count: bytes)
            tandemk_f32_gemm_pack(n, k, w, packed.base)
            self.a = GuardedBuffer(a[..<max(0, m * (k + 3) - 3)])
            self.bias = bias.map { GuardedBuffer($0[..<n]) }
        }

        func run(_ kernel: Int, _ c: UnsafeMutablePointer<Float>, rows: Range<Int>? = nil) {
            let rows = rows ?? 0..<m
            tandemk_f32_gemm_at(kernel).run(
                rows.count, n, k, a.base + rows.lowerBound * lda, lda, packed.base, bias?.base,
                c + rows.lowerBound * ldc, ldc, activation)
        }

        /// The element as double arithmetic has it, and how far float may be from it.
        func expected(_ i: Int, _ j: Int) -> (value: Double, tolerance: Double) {
            var sum = Double(bias?.base[j] ?? 0)
            var magnitude = abs(sum)
            for l in 0..<k {
                let term = Double(a.base[i * lda + l]) * Double(w[j * k + l])
                sum += term
                magnitude += abs(term)
            }
            return (sum, magnitude * Double(k + 1) * 0x1p-24)
        }
    }

    @Test func `agrees with double arithmetic and writes nothing else`() {
        var samples = Samples(seed: 1)
        let (a, w) = (samples.floats(40 * 30), samples.floats(50 * 30))
        for (m, n, k) in [(3, 5, 7), (1, 16, 1), (2, 17, 27), (9, 33, 5)] {
            let product = Product(m: m, n: n, k: k, a: a, w: w, bias: k > 5 ? a : nil)
            let c: [Float] = Register.f32GEMM.expectSameBits(m * product.ldc, "") {
                product.run($0, $1)
            }
            for i in 0..<m {
                for j in 0..<n {
                    let (value, tolerance) = product.expected(i, j)
                    #expect(abs(Double(c[i * product.ldc + j]) - value) <= tolerance)
                }
                for j in n..<product.ldc { #expect(c[i * product.ldc + j].isSame(as: untouched)) }
            }
        }
    }

    @Test(arguments: [0, 1, 2, 3, 5, 6, 7, 8, 9, 12, 15, 16, 17, 29])
    func `all kernels agree around their tiles`(m: Int) {
        var samples = Samples(seed: 2)
        let (a, w) = (samples.floats(29 * 40), samples.floats(101 * 37))
        let columns = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 101]
        for n in columns {
            for k in [0, 1, 2, 5, 37] {
                var product = Product(m: m, n: n, k: k, a: a, w: w, bias: n % 2 == 0 ? a : nil)
                if k % 2 == 1 { product.activation = TANDEMK_ACTIVATION_RELU }
                Register.f32GEMM.expectSameBits(m * product.ldc, "m \(m) n \(n) k \(k)") {
                    product.run($0, $1 as UnsafeMutablePointer<Float>)
                }
            }
        }
    }

    @Test func `all kernels agree on special values`() {
        let specials = Samples.specialFloats
        let ones = [Float](repeating: 1, count: 33 * 2)
        for activation in [TANDEMK_ACTIVATION_NONE, TANDEMK_ACTIVATION_RELU] {
            var product = Product(
                m: 9, n: 33, k: 2, a: specials.cycled(to: 200), w: ones, bias: specials)
            product.activation = activation
            Register.f32GEMM.expectSameBits(9 * product.ldc, "special values") {
                product.run($0, $1 as UnsafeMutablePointer<Float>)
            }
        }
    }

    @Test func `relu keeps NaN and minus zero`() {
        let a: [Float] = [.nan, -0.0, -3, 3]
        for kernel in Register.f32GEMM.runnable {
            var product = Product(
                m: 1, n: 1, k: 1, a: [1, 0, 0, 0], w: [1], bias: nil)
            product.activation = TANDEMK_ACTIVATION_RELU
            var c: Float = 7
            for x in a {
                product.a.base[0] = x
                // The sum starts from -0, or -0 would be lost before relu sees it.
                let bias: [Float] = [-0.0]
                tandemk_f32_gemm_at(kernel).run(
                    1, 1, 1, product.a.base, 1, product.packed.base, bias, &c, 1,
                    product.activation)
                #expect(c.isSame(as: 0 > x ? 0 : x))
            }
        }
    }

    @Test func `a row does not depend on the rows beside it`() {
        var samples = Samples(seed: 3)
        let product = Product(
            m: 23, n: 40, k: 19, a: samples.floats(23 * 22), w: samples.floats(40 * 19), bias: nil)
        for kernel in Register.f32GEMM.runnable {
            let whole = GuardedBuffer<Float>(count: 23 * product.ldc)
            product.run(kernel, whole.base)
            for block in [1, 2, 3, 5, 7, 16] {
                let parts = GuardedBuffer<Float>(count: 23 * product.ldc)
                for first in stride(from: 0, to: 23, by: block) {
                    product.run(kernel, parts.base, rows: first..<min(23, first + block))
                }
                #expect(parts.elements.map(\.bitPattern) == whole.elements.map(\.bitPattern))
            }
        }
    }

    @Test func `a view packs as its rows would`() {
        var samples = Samples(seed: 17)
        for (n, k) in [(1, 1), (16, 5), (17, 3), (40, 7)] {
            let w = samples.floats(n * k)
            var bytes = 0
            #expect(tandemk_f32_gemm_packed_bytes(n, k, &bytes))
            let (rows, view) = (
                GuardedBuffer<UInt8>(count: bytes), GuardedBuffer<UInt8>(count: bytes)
            )
            tandemk_f32_gemm_pack(n, k, w, rows.base)
            let columns = (0..<n * k).map { w[$0 % n * k + $0 / n] }
            tandemk_f32_gemm_pack_view(n, k, columns, 1, n, view.base)
            #expect(rows.elements == view.elements, "\(n) outputs of \(k) inputs")
        }
    }

    @Test func `packed sizes stop at the caps`() {
        var bytes = -1
        #expect(tandemk_f32_gemm_packed_bytes(17, 3, &bytes))
        #expect(bytes == 2 * 16 * 3 * 4)
        let (n, k) = (Int(TANDEMK_N_MAX), Int(TANDEMK_K_MAX))
        #expect(tandemk_f32_gemm_packed_bytes(n, k, &bytes))
        #expect(bytes == n * k * 4)
        #expect(!tandemk_f32_gemm_packed_bytes(n + 1, 1, &bytes))
        #expect(!tandemk_f32_gemm_packed_bytes(1, k + 1, &bytes))
        #expect(bytes == n * k * 4)
    }
}
