/// A function of one number.
///
/// f32; `negate`, `abs` and `sign` of whole numbers too, wrapping around where the result does not
/// fit. What a formula does with NaN, infinities and the sign of 0 in IEEE 754 is its value there: a
/// NaN gives NaN, `log` below 0 is NaN, `gelu` of negative infinity is NaN (0 times infinity).
package enum UnaryFunction: String, CaseIterable, Sendable {
    /// `x < 0 ? 0 : x`, so that NaN and -0 stay what they are.
    case relu
    /// `1 / (1 + exp(-x))`.
    case sigmoid
    /// Hyperbolic tangent.
    case tanh
    /// Natural exponential.
    case exp
    /// Natural logarithm.
    case log
    /// `-x`.
    case negate
    /// `|x|`.
    case abs
    /// Square root.
    case sqrt
    /// The error function.
    case erf
    /// `x / 2 * (1 + erf(x / sqrt 2))`. Source: Hendrycks and Gimpel, arXiv 1606.08415.
    case gelu
    /// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))`, the same paper's approximation.
    case geluTanh = "gelu_tanh"
    /// Sine.
    case sin
    /// Cosine.
    case cos
    /// The largest whole number not above x.
    case floor
    /// The smallest whole number not below x.
    case ceil
    /// The nearest whole number, halves to even.
    case round
    /// -1 or 1; x itself where it is 0 or NaN.
    case sign
    /// `1 / x`.
    case reciprocal
}

/// A function of two numbers.
package enum BinaryFunction: String, CaseIterable, Sendable {
    /// `a + b`.
    case add
    /// `a - b`.
    case subtract
    /// `a * b`.
    case multiply
    /// `a / b`.
    case divide
    /// The smaller one; NaN if one is; either of 0 and -0.
    case minimum
    /// The larger one; NaN if one is; either of 0 and -0.
    case maximum
    /// `a` to the power of `b`, C's `pow`. f32.
    case power
    /// What is left of `a` after the truncated division by `b`, exactly; has the sign of `a`. C's
    /// `fmod` for f32.
    case remainder
    /// What is left of `a` after the floored division by `b`; has the sign of `b`, which for f32
    /// rounds once where the remainder has the other sign.
    case modulo
}

/// A relation of two numbers.
package enum Comparison: String, CaseIterable, Sendable {
    /// `a == b`.
    case equal
    /// `a < b`.
    case less
    /// `a <= b`.
    case lessOrEqual = "less_or_equal"
}

/// A function of two bools.
package enum LogicalFunction: String, CaseIterable, Sendable {
    /// Both.
    case and
    /// At least one.
    case or
    /// Exactly one.
    case xor
}

/// How several values become one.
package enum Reduction: String, CaseIterable, Sendable {
    /// The sum.
    case sum
    /// The sum over the count.
    case mean
    /// The largest; NaN if one is.
    case maximum
    /// The smallest; NaN if one is.
    case minimum
    /// The product.
    case product
}
