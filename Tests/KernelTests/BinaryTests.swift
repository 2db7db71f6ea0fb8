import CTandemKernels
import Testing

@Suite struct BinaryTests {
    static func expected(_ code: UInt32, _ a: Float, _ b: Float) -> Float {
        switch tandemk_binary(code) {
        case TANDEMK_BINARY_ADD: a + b
        case TANDEMK_BINARY_SUBTRACT: a - b
        case TANDEMK_BINARY_MULTIPLY: a * b
        case TANDEMK_BINARY_DIVIDE: a / b
        case TANDEMK_BINARY_MINIMUM: a.isNaN || a < b ? a : b
        default: a.isNaN || a > b ? a : b
        }
    }

    @Test(arguments: 0..<UInt32(TANDEMK_BINARY_COUNT))
    func `every broadcast is the plain operation`(code: UInt32) {
        var samples = Samples(seed: 31)
        let m = 3
        for n in Samples.sizes(around: 16) + [7, 8, 9] {
            let pool = samples.floats(m * (n + 1))
            let (a, b) = (GuardedBuffer(pool), GuardedBuffer(pool.reversed() as [Float]))
            for (strideA, stepA) in [(n + 1, 1), (n, 1), (0, 1), (1, 0), (0, 0)] {
                for (strideB, stepB) in [(n + 1, 1), (n, 1), (0, 1), (1, 0), (0, 0)] {
                    let left = tandemk_operand(base: a.base, stride: strideA, step: stepA)
                    let right = tandemk_operand(base: b.base, stride: strideB, step: stepB)
                    let ldc = strideA == n ? n : n + 1
                    let c: [Float] = Register.binary.expectSameBits(m * ldc, "n \(n)") {
                        tandemk_f32_vbinary_at($0).run(
                            tandemk_binary(code), m, n, left, right, $1, ldc)
                    }
                    for i in 0..<m {
                        for j in 0..<n {
                            let x = a.base[i * strideA + j * stepA]
                            let y = b.base[i * strideB + j * stepB]
                            #expect(c[i * ldc + j].isSame(as: Self.expected(code, x, y)))
                        }
                        for j in n..<ldc { #expect(c[i * ldc + j].isSame(as: untouched)) }
                    }
                }
            }
        }
    }

    @Test(arguments: 0..<UInt32(TANDEMK_BINARY_COUNT))
    func `special values meet each other`(code: UInt32) {
        let specials = Samples.specialFloats
        let (values, n) = (GuardedBuffer(specials), specials.count)
        let rows = tandemk_operand(base: values.base, stride: 1, step: 0)
        let columns = tandemk_operand(base: values.base, stride: 0, step: 1)
        let c: [Float] = Register.binary.expectSameBits(n * n, "specials") {
            tandemk_f32_vbinary_at($0).run(tandemk_binary(code), n, n, rows, columns, $1, n)
        }
        for i in 0..<n {
            for j in 0..<n {
                let expected = Self.expected(code, specials[i], specials[j])
                #expect(c[i * n + j].isSame(as: expected), "\(specials[i]) and \(specials[j])")
            }
        }
    }
}
