// Design: our own logarithm.
//
// The C library's differs by a last bit between its versions and between processors (it has one
// variant with fused multiply-add and one without). An encoded feature must be the same number
// wherever it is made, in training as in serving, so this one uses only operations that IEEE 754
// rounds exactly: + - * / on doubles, in a fixed order.

/// Logarithms with the same bits on every machine.
package enum Logarithm {
    private static let ln2High = 0x1.62E42FEFA38p-1  // ln 2 with 11 low bits 0: exact times 2^10.
    private static let ln2Low = 0x1.EF35793C7673p-45  // ln 2 - ln2High.

    /// `sign(x) * log(1 + |x|)`, within 2 units in the last place; NaN of NaN, +-inf of +-inf.
    package static func signed1p(_ x: Double) -> Double {
        let magnitude = abs(x)
        guard magnitude < .infinity else { return x }
        let sum = 1 + magnitude
        // What rounding took from the sum, as a relative error: log(1 + x) = log(sum) + error.
        let lost = magnitude < 1 ? magnitude - (sum - 1) : 1 - (sum - magnitude)
        let result = natural(sum) + lost / sum
        return x.sign == .minus ? -result : result
    }

    /// The natural logarithm of a finite number from 1 on.
    private static func natural(_ x: Double) -> Double {
        var exponent = Int(x.exponent)
        var fraction = x.significand  // 1 ..< 2
        if fraction > 0x1.6A09E667F3BCDp0 {  // sqrt 2
            fraction /= 2
            exponent += 1
        }
        // log f = 2 atanh s with s = (f - 1) / (f + 1), |s| < 0.1716: the series
        // s + s^3/3 + s^5/5 + ... up to s^21/21 leaves less than 2^-58 of s.
        let s = (fraction - 1) / (fraction + 1)
        let z = s * s
        var sum: Double = z / 21
        sum = (sum + 1.0 / 19) * z
        sum = (sum + 1.0 / 17) * z
        sum = (sum + 1.0 / 15) * z
        sum = (sum + 1.0 / 13) * z
        sum = (sum + 1.0 / 11) * z
        sum = (sum + 1.0 / 9) * z
        sum = (sum + 1.0 / 7) * z
        sum = (sum + 1.0 / 5) * z
        sum = (sum + 1.0 / 3) * z
        let k = Double(exponent)
        return k * ln2High + (2 * s + (2 * s * sum + k * ln2Low))
    }
}
