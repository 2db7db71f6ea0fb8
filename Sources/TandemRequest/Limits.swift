/// The bounds on what a ranking formula may ask, so that parsing and evaluating it stays cheap.
///
/// The wire bounds its bytes and the request's rows.
package enum RankingLimits {
    /// Operations of a formula.
    ///
    /// An expression of 4,096 bytes has at most that many.
    package static let operationsMax = 4_096
    /// Nested parentheses, functions, signs and powers; the parser recurses this deep.
    package static let nestingMax = 64
    /// Values that wait during evaluation.
    ///
    /// Each takes one strip of floats.
    package static let stackMax = 64
    /// Rows that are evaluated at a time: one strip is 256 bytes, four cache lines.
    package static let stripRows = 64
}
