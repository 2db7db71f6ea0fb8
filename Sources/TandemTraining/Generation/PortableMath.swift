// Design: the same last bit everywhere.
//
// A C library's exp and log are right to within one unit in the last place, but not the same unit:
// glibc alone has variants by processor. One differing bit can turn a draw and with it every byte
// that follows. These use only +, -, *, / and square roots, which IEEE 754 defines to the bit, in a
// fixed order and without fused multiplication. They are slower and a little less exact, and that
// does not matter here.

/// Elementary functions that give the same bits on every machine.
enum PortableMath {
    /// e to the power of x, within 3 units in the last place for x from -700 to 700.
    static func exp(_ x: Double) -> Double {
        let bounded = min(max(x, -700), 700)
        let power = (bounded * 1.442_695_040_888_963_4).rounded()
        // log 2 in two parts, so that the reduction keeps the lower bits (Cody and Waite, 1980).
        let rest = (bounded - power * 0x1.62e42fefap-1) - power * 0x1.cf79abc9e3b39p-40
        var sum = 1.0
        for term in stride(from: 14.0, to: 0, by: -1) { sum = 1 + sum * rest / term }
        return Double(sign: .plus, exponent: Int(power), significand: sum)
    }

    /// The natural logarithm of a positive, normal x, within 3 units in the last place or 1e-16.
    static func log(_ x: Double) -> Double {
        var exponent = Double(x.exponent)
        var significand = x.significand
        if significand > 1.414_213_562_373_095_1 {
            significand /= 2
            exponent += 1
        }
        // log m = 2 artanh((m - 1) / (m + 1)); the quotient is below 0.172, so 11 terms are enough.
        let quotient = (significand - 1) / (significand + 1)
        let square = quotient * quotient
        var sum = 0.0
        for term in stride(from: 21.0, to: 0, by: -2) { sum = sum * square + 1 / term }
        return exponent * 0x1.62e42fefap-1
            + (exponent * 0x1.cf79abc9e3b39p-40 + 2 * quotient * sum)
    }

    /// x to a power, for x from 0 to 1.
    static func pow(_ x: Double, _ power: Double) -> Double { x > 0 ? exp(power * log(x)) : 0 }
}
