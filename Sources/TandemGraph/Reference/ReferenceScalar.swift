import Glibc

/// The functions of single numbers and short rows that the reference is made of.
enum ReferenceScalar {
    static func value(of function: UnaryFunction, _ x: Double) -> Float {
        switch function {
        case .relu: Float(x < 0 ? 0 : x)
        case .sigmoid: Float(sigmoid(x))
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

    static func sigmoid(_ x: Double) -> Double { 1 / (1 + Glibc.exp(-x)) }

    static func minimum(_ a: Float, _ b: Float) -> Float {
        a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
    }

    static func maximum(_ a: Float, _ b: Float) -> Float {
        a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
    }

    /// The exact remainder moved to the divisor's side of 0; `a - floor(a / b) * b` rounds thrice.
    static func modulo(_ a: Float, _ b: Float) -> Float {
        let rest = Glibc.fmodf(a, b)
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    }

    /// The softmax of a row, in place.
    static func softmax(_ row: UnsafeMutableBufferPointer<Double>) {
        let largest = row.max() ?? 0
        var sum = 0.0
        for index in row.indices {
            row[index] = Glibc.exp(row[index] - largest)
            sum += row[index]
        }
        for index in row.indices { row[index] /= sum }
    }

    /// The row moved to mean 0 and variance 1, in place.
    static func normalize(_ row: UnsafeMutableBufferPointer<Double>, _ epsilon: Float) {
        let count = Double(row.count)
        let mean = row.reduce(0, +) / count
        let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        let factor = 1 / (variance + Double(epsilon)).squareRoot()
        for index in row.indices { row[index] = (row[index] - mean) * factor }
    }

    /// A row in whole steps of a scale, as `Operation.quantizedLinear` defines.
    static func quantized(_ row: [Float]) -> (steps: [Int32], scale: Float) {
        // Comparisons that a NaN fails.
        let low = row.reduce(0) { $1 < $0 ? $1 : $0 }
        let high = row.reduce(0) { $1 > $0 ? $1 : $0 }
        guard Swift.max(high, -low) >= 0x1p-100 else {
            return ([Int32](repeating: 0, count: row.count), 0)
        }
        let range = high - low
        let inverse = 255 / range
        let bottom = (low * inverse).rounded(.toNearestOrEven)
        let lowest: Float = bottom >= -255 ? bottom : -255
        let steps = row.map { value -> Int32 in
            let rounded = (value * inverse).rounded(.toNearestOrEven)
            return rounded.isNaN
                ? Int32(lowest) : Int32(Swift.min(Swift.max(rounded, lowest), lowest + 255))
        }
        return (steps, range / 255)
    }
}
