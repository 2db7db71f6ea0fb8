// Design: one loop nest for all that moves or combines elements.
//
// Transposing, joining, cutting, repeating and broadcasting are the same loops with other strides.
// When a plan is made, the loops of a step are written down once: the rows outermost, then the
// result's dimensions, each with a stride an operand. Neighbouring loops that step through every
// operand without a gap become one, so that most walks end as one or two loops over long runs. The
// two innermost loops are left to the step, which hands them to a kernel.

/// The loops of a step over up to four operands, the result among them.
struct Walk {
    /// Iterations, outermost first; the first is multiplied by the rows.
    private(set) var counts = [1]
    /// Elements that an operand advances in each loop.
    private(set) var strides: [SIMD4<Int>]

    /// Makes the loops.
    ///
    /// - Parameters:
    ///   - sizes: The result's row shape.
    ///   - rows: Elements from row to row, an operand.
    ///   - operands: Strides along `sizes`, an operand.
    init(_ sizes: [Int], rows: [Int], operands: [[Int]]) {
        strides = [Self.vector(rows)]
        for axis in sizes.indices where sizes[axis] != 1 {
            append(sizes[axis], Self.vector(operands.map { $0[axis] }))
        }
    }

    private static func vector(_ values: [Int]) -> SIMD4<Int> {
        var vector = SIMD4<Int>.zero
        for (index, value) in values.enumerated() { vector[index] = value }
        return vector
    }

    private mutating func append(_ count: Int, _ stride: SIMD4<Int>) {
        let last = counts.count - 1
        if strides[last] == stride &* SIMD4(repeating: count) {
            counts[last] *= count
            strides[last] = stride
        } else {
            counts.append(count)
            strides.append(stride)
        }
    }

    /// The two innermost loops: `count` runs of `length` elements.
    struct Tile {
        var count: Int
        var length: Int
        /// Elements from run to run, an operand.
        var runStrides: SIMD4<Int>
        /// Elements from element to element within a run.
        var strides: SIMD4<Int>
    }

    func tile(_ rowCount: Int) -> Tile {
        let last = counts.count - 1
        if last == 0 {
            let total = counts[0] * rowCount
            // One number a row of wider rows: runs of one, since kernels step by 0 or 1.
            let hasGaps = any(strides[0] .> SIMD4(repeating: 1))
            return Tile(
                count: hasGaps ? total : 1, length: hasGaps ? 1 : total,
                runStrides: hasGaps ? strides[0] : .zero, strides: hasGaps ? .zero : strides[0])
        }
        return Tile(
            count: counts[last - 1] * (last == 1 ? rowCount : 1), length: counts[last],
            runStrides: strides[last - 1], strides: strides[last])
    }

    /// Visits the start of every tile: an element offset an operand.
    @inline(__always)
    func forEachTile(_ rowCount: Int, _ body: (SIMD4<Int>) -> Void) {
        visit(0, .zero, rowCount, body)
    }

    private func visit(
        _ depth: Int, _ start: SIMD4<Int>, _ rowCount: Int, _ body: (SIMD4<Int>) -> Void
    ) {
        if depth + 2 >= counts.count {
            body(start)
            return
        }
        var at = start
        for _ in 0..<counts[depth] * (depth == 0 ? rowCount : 1) {
            visit(depth + 1, at, rowCount, body)
            at &+= strides[depth]
        }
    }

    /// Strides of a dense shape, outermost first.
    static func dense(_ sizes: [Int]) -> [Int] {
        var strides = [Int](repeating: 0, count: sizes.count)
        var step = 1
        for axis in sizes.indices.reversed() {
            strides[axis] = step
            step *= sizes[axis]
        }
        return strides
    }

    /// Strides of a dense shape along the dimensions of one that it broadcasts to.
    static func broadcast(_ sizes: [Int], to result: [Int]) -> [Int] {
        let dense = dense(sizes)
        let missing = result.count - sizes.count
        return result.indices.map { axis in
            axis < missing || sizes[axis - missing] == 1 ? 0 : dense[axis - missing]
        }
    }
}
