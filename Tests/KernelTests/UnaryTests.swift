import CTandemKernels
import Glibc
import Testing

@Suite struct UnaryTests {
    /// An operation, what it is in double arithmetic, and the error that tandem_kernels.h states.
    struct Operation: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let code: UInt32
        let ulp: Double
        let exact: @Sendable (Double) -> Double

        init(
            _ name: String, _ code: tandemk_unary, ulp: Double,
            exact: @escaping @Sendable (Double) -> Double
        ) {
            (testDescription, self.code, self.ulp, self.exact) = (name, code.rawValue, ulp, exact)
        }
    }

    static let operations = [
        Operation("negate", TANDEMK_UNARY_NEGATE, ulp: 0) { -$0 },
        Operation("abs", TANDEMK_UNARY_ABS, ulp: 0) { abs($0) },
        Operation("relu", TANDEMK_UNARY_RELU, ulp: 0) { 0 > $0 ? 0 : $0 },
        Operation("sqrt", TANDEMK_UNARY_SQRT, ulp: 0.5) { $0.squareRoot() },
        Operation("exp", TANDEMK_UNARY_EXP, ulp: 1.1) { exp($0) },
        Operation("log", TANDEMK_UNARY_LOG, ulp: 1) { log($0) },
        Operation("sigmoid", TANDEMK_UNARY_SIGMOID, ulp: 2.5) {
            $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0))
        },
        Operation("tanh", TANDEMK_UNARY_TANH, ulp: 1.5) { tanh($0) },
        Operation("erf", TANDEMK_UNARY_ERF, ulp: 1.5) { erf($0) },
        Operation("gelu", TANDEMK_UNARY_GELU_ERF, ulp: .infinity) {
            // The limit, where the formula is infinity times 0.
            $0 == -.infinity ? 0 : $0 / 2 * erfc(-$0 * 0.5.squareRoot())
        },
        Operation("gelu_tanh", TANDEMK_UNARY_GELU_TANH, ulp: .infinity) {
            $0 / 2 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
        },
        Operation("sin", TANDEMK_UNARY_SIN, ulp: .infinity) { sin($0) },
        Operation("cos", TANDEMK_UNARY_COS, ulp: .infinity) { cos($0) },
        Operation("floor", TANDEMK_UNARY_FLOOR, ulp: 0) { floor($0) },
        Operation("ceil", TANDEMK_UNARY_CEIL, ulp: 0) { ceil($0) },
        Operation("round", TANDEMK_UNARY_ROUND, ulp: 0) { rint($0) },
        Operation("sign", TANDEMK_UNARY_SIGN, ulp: 0) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 },
        Operation("reciprocal", TANDEMK_UNARY_RECIPROCAL, ulp: 0.5) { 1 / $0 },
    ]

    /// Bit patterns spread evenly over all floats, and points close together where paths change.
    static let sweep: [Float] = {
        var values = Samples.specialFloats
        for bits in stride(from: UInt32(0), to: .max - 262_144, by: 262_139) {
            values.append(Float(bitPattern: bits))
        }
        for centre: Float in [0, 0.625, 0.9375, 1, 2, 4, 9, 88.5, 103] {
            for step in -300...300 {
                values += [centre + Float(step) / 299, -(centre + Float(step) / 299)]
            }
        }
        return values
    }()

    private static func run(_ kernel: Int, _ code: UInt32, _ x: [Float]) -> [Float] {
        let (x, y) = (GuardedBuffer(x), GuardedBuffer<Float>(count: x.count))
        tandemk_f32_vunary_at(kernel).run(
            tandemk_unary(code), 1, x.count, x.base, x.count, y.base, x.count)
        return y.elements
    }

    @Test func `every operation is here`() {
        #expect(Self.operations.map(\.code) == Array(0..<UInt32(TANDEMK_UNARY_COUNT)))
    }

    @Test(arguments: operations)
    func `is within its stated error of double arithmetic`(operation: Operation) {
        let outputs = Self.run(Register.unary.scalar, operation.code, Self.sweep)
        var worst = (ulp: 0.0, x: Float(0))
        for (x, y) in zip(Self.sweep, outputs) {
            let exact = operation.exact(Double(x))
            guard exact.isFinite, Float(exact).isFinite else {
                #expect(y.isSame(as: Float(exact)), "x = \(x)")
                continue
            }
            let unit = Double(max(Float(exact).magnitude, .leastNormalMagnitude).ulp)
            if operation.ulp.isFinite {
                let error = abs(Double(y) - exact) / unit
                if !(error <= worst.ulp) { worst = (error, x) }
            } else {
                let tolerance = 1e-7 * max(1, Double(abs(x)))
                #expect(abs(Double(y) - exact) <= tolerance, "x = \(x)")
            }
        }
        // Results between powers of two have a unit of one side only: 1 % for that and the oracle.
        #expect(worst.ulp <= operation.ulp * 1.01, "x = \(worst.x)")
    }

    @Test(arguments: operations)
    func `all kernels agree on the sweep`(operation: Operation) {
        let x = GuardedBuffer(Self.sweep)
        Register.unary.expectSameBits(x.count, operation.testDescription) {
            tandemk_f32_vunary_at($0).run(
                tandemk_unary(operation.code), 1, x.count, x.base, x.count,
                $1 as UnsafeMutablePointer<Float>, x.count)
        }
    }

    @Test(arguments: operations)
    func `rows may have gaps, and may be written in place`(operation: Operation) {
        var samples = Samples(seed: 21)
        for n in Samples.sizes(around: 16) + Samples.sizes(around: 8) {
            let x = samples.floats(3 * (n + 2))
            let values = GuardedBuffer(x)
            let gaps: [Float] = Register.unary.expectSameBits(3 * (n + 1), "n \(n)") {
                tandemk_f32_vunary_at($0).run(
                    tandemk_unary(operation.code), 3, n, values.base, n + 2, $1, n + 1)
            }
            let whole = Self.run(Register.unary.scalar, operation.code, x)
            for i in 0..<3 {
                for j in 0..<n { #expect(gaps[i * (n + 1) + j].isSame(as: whole[i * (n + 2) + j])) }
                #expect(gaps[i * (n + 1) + n].isSame(as: untouched))
            }
            for kernel in Register.unary.runnable {
                let place = GuardedBuffer(x)
                tandemk_f32_vunary_at(kernel).run(
                    tandemk_unary(operation.code), 1, x.count, place.base, x.count, place.base,
                    x.count)
                #expect(zip(place.elements, whole).allSatisfy { $0.isSame(as: $1) })
            }
        }
    }
}
