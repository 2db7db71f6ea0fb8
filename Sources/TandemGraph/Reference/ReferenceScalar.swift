import Glibc

/// The functions of single numbers and short rows that the reference is made of.
enum ReferenceScalar {
    static func value(of function: UnaryFunction, _ x: Double) -> Float {
        switch function {
        case .relu: Float(x > 0 ? x : 0)
        case .sigmoid: Float(1 / (1 + Glibc.exp(-x)))
        case .tanh: Float(Glibc.tanh(x))
        case .exp: Float(Glibc.exp(x))
        case .log: Float(Glibc.log(x))
        case .negate: Float(-x)
        case .abs: Float(x.magnitude)
        case .sqrt: Float(x.squareRoot())
        case .erf: Float(Glibc.erf(x))
        case .gelu: Float(x / 2 * (1 + Glibc.erf(x / 2.0.squareRoot())))
        case .geluTanh:
            Float(
                x / 2 * (1 + Glibc.tanh(x * (2 / Double.pi).squareRoot() * (1 + 0.044715 * x * x))))
        case .sin: Float(Glibc.sin(x))
        case .cos: Float(Glibc.cos(x))
        case .floor: Float(x.rounded(.down))
        case .ceil: Float(x.rounded(.up))
        case .round: Float(x.rounded(.toNearestOrEven))
        case .sign: Float(x > 0 ? 1 : x < 0 ? -1 : x)
        case .reciprocal: Float(1 / x)
        }
    }

    static func value(of function: BinaryFunction, _ a: Float, _ b: Float) -> Float {
        switch function {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .minimum: a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
        case .maximum: a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
        case .power: Float(Glibc.pow(Double(a), Double(b)))
        case .remainder: Glibc.fmodf(a, b)
        case .modulo: a - (a / b).rounded(.down) * b
        }
    }

    static func softmax(_ row: [Float]) -> [Float] {
        let maximum = Double(row.max() ?? 0)
        let powers = row.map { Glibc.exp(Double($0) - maximum) }
        let sum = powers.reduce(0, +)
        return powers.map { Float($0 / sum) }
    }

    static func layerNorm(
        _ row: [Float], _ gamma: [Float], _ beta: [Float], _ epsilon: Float
    ) -> [Float] {
        let count = Double(row.count)
        let mean = row.reduce(0.0) { $0 + Double($1) } / count
        let variance = row.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        let factor = 1 / (variance + Double(epsilon)).squareRoot()
        return row.indices.map {
            Float((Double(row[$0]) - mean) * factor * Double(gamma[$0]) + Double(beta[$0]))
        }
    }

    /// Eight running sums in double precision: enough to be fast, too few to be unclear.
    static func dot(
        _ a: [Float], _ aStart: Int, _ b: [Float], _ bStart: Int, _ count: Int
    ) -> Double {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                var sums = SIMD8<Double>.zero
                var k = 0
                while k + 8 <= count {
                    var x = SIMD8<Float>.zero
                    var y = SIMD8<Float>.zero
                    for lane in 0..<8 {
                        x[lane] = a[aStart + k + lane]
                        y[lane] = b[bStart + k + lane]
                    }
                    sums += SIMD8<Double>(x) * SIMD8<Double>(y)
                    k += 8
                }
                var sum = sums.sum()
                while k < count {
                    sum += Double(a[aStart + k]) * Double(b[bStart + k])
                    k += 1
                }
                return sum
            }
        }
    }

    /// A row as int8 with its scale, as `Operation.quantizedLinear` defines.
    static func quantized(_ row: [Float]) -> (row: [Int8], scale: Float) {
        let largest = row.reduce(0) { Swift.max($0, $1.magnitude) }
        guard largest >= 0x1p-100 else { return ([Int8](repeating: 0, count: row.count), 0) }
        let inverse = 127 / largest
        let quantized = row.map { value -> Int8 in
            let rounded = (value * inverse).rounded(.toNearestOrEven)
            return Int8(Swift.min(Swift.max(rounded, -127), 127))
        }
        return (quantized, largest / 127)
    }
}
