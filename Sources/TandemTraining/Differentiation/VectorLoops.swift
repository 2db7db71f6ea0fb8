// The loops that all steps are made of. They are free functions over plain pointers, inlined into
// their callers, so that the compiler sees one loop without checks and turns it into vectors. Sums
// are kept in eight partial sums, since the compiler may not reorder a float sum by itself; the
// order is fixed, so results are the same each time.

/// `out[i] = value(i)`, or `out[i] += value(i)`.
@inline(__always)
func store(
    _ out: UnsafeMutablePointer<Float>, _ count: Int, accumulates: Bool, _ value: (Int) -> Float
) {
    if accumulates {
        for index in 0..<count { out[index] += value(index) }
    } else {
        for index in 0..<count { out[index] = value(index) }
    }
}

/// One of two numbers that are both there.
///
/// In `c ? a[i] : 0` the compiler may not read `a[i]` unless `c` holds, and so makes no vectors of
/// the loop: the way back through relu took a seventh of the training time.
@inline(__always)
func select(_ condition: Bool, _ yes: Float, _ no: Float) -> Float { condition ? yes : no }

/// `sum_i value(i)`, in eight partial sums.
@inline(__always)
func sum(_ count: Int, _ value: (Int) -> Float) -> Float {
    var partial = SIMD8<Float>()
    var index = 0
    while index + 8 <= count {
        partial += SIMD8(
            value(index), value(index + 1), value(index + 2), value(index + 3), value(index + 4),
            value(index + 5), value(index + 6), value(index + 7))
        index += 8
    }
    var rest: Float = 0
    while index < count {
        rest += value(index)
        index += 1
    }
    return partial.sum() + rest
}

/// `sum_i a[i] * b[i]`.
@inline(__always)
func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
    sum(count) { a[$0] * b[$0] }
}

/// `out[i] += scale * x[i]`.
@inline(__always)
func addScaled(
    _ out: UnsafeMutablePointer<Float>, _ scale: Float, _ x: UnsafePointer<Float>, _ count: Int
) {
    for index in 0..<count { out[index] += scale * x[index] }
}

/// Zeros the gradient of an operand that nothing has been written to yet.
@inline(__always)
func clearUnlessAccumulating(_ target: GradientTarget, _ count: Int) {
    if !target.accumulates { target.base.update(repeating: 0, count: count) }
}
