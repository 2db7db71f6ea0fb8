import TandemGraph

/// `y = f(a, b)` with broadcasting, and its derivatives.
///
/// Ties of minimum and maximum belong to `a`. An operand whose row has fewer elements than the
/// result's is read through a map from result element to operand element; its gradient, and that of
/// an operand without a row axis, is summed over everything that read it.
struct BinaryStep: DifferentiableStep {
    let function: BinaryFunction
    let a: BroadcastOperand
    let b: BroadcastOperand
    let y: StepResult

    func forward(_ rowCount: Int) {
        let rows = y.rows(rowCount)
        if a.isPlain(rows), b.isPlain(rows) {
            Self.apply(function, a.operand.values, b.operand.values, y.values, rows * y.width)
            return
        }
        for row in 0..<rows {
            let out = y.values + row * y.width
            Self.apply(function, a.row(row), b.row(row), out, y.width)
        }
    }

    func backward(_ rowCount: Int) {
        // One operand after the other: both may be the same value, and then the second one adds.
        backward(rowCount, toLeft: true)
        backward(rowCount, toLeft: false)
    }

    private func backward(_ rowCount: Int, toLeft: Bool) {
        let side = toLeft ? a : b
        guard let target = side.operand.gradient, let dy = y.gradient else { return }
        let rows = y.rows(rowCount)
        if a.isPlain(rows), b.isPlain(rows) {
            Self.differentiate(
                function, toLeft: toLeft, dy, a.operand.values, b.operand.values, target.base,
                rows * y.width, accumulates: target.accumulates)
            return
        }
        clearUnlessAccumulating(target, side.operand.count(rowCount))
        for row in 0..<rows {
            Self.differentiate(
                function, toLeft: toLeft, dy + row * y.width, a.row(row), b.row(row),
                side.scratch, y.width, accumulates: false)
            side.add(side.scratch, to: target.base + row * side.operand.stride, y.width)
        }
    }

    private static func apply(
        _ function: BinaryFunction, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ out: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        switch function {
        case .add: store(out, count, accumulates: false) { a[$0] + b[$0] }
        case .subtract: store(out, count, accumulates: false) { a[$0] - b[$0] }
        case .multiply: store(out, count, accumulates: false) { a[$0] * b[$0] }
        case .divide: store(out, count, accumulates: false) { a[$0] / b[$0] }
        case .minimum:
            store(out, count, accumulates: false) { select(a[$0] <= b[$0], a[$0], b[$0]) }
        case .maximum:
            store(out, count, accumulates: false) { select(a[$0] >= b[$0], a[$0], b[$0]) }
        case .power, .remainder, .modulo:
            preconditionFailure("a plan has only nodes that it can differentiate")
        }
    }

    private static func differentiate(
        _ function: BinaryFunction, toLeft: Bool, _ dy: UnsafePointer<Float>,
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ out: UnsafeMutablePointer<Float>, _ count: Int, accumulates: Bool
    ) {
        switch (function, toLeft) {
        case (.add, _), (.subtract, true): store(out, count, accumulates: accumulates) { dy[$0] }
        case (.subtract, false): store(out, count, accumulates: accumulates) { -dy[$0] }
        case (.multiply, true): store(out, count, accumulates: accumulates) { dy[$0] * b[$0] }
        case (.multiply, false): store(out, count, accumulates: accumulates) { dy[$0] * a[$0] }
        case (.divide, true): store(out, count, accumulates: accumulates) { dy[$0] / b[$0] }
        case (.divide, false):
            store(out, count, accumulates: accumulates) { -dy[$0] * a[$0] / (b[$0] * b[$0]) }
        case (.minimum, true):
            store(out, count, accumulates: accumulates) { select(a[$0] <= b[$0], dy[$0], 0) }
        case (.minimum, false):
            store(out, count, accumulates: accumulates) { select(a[$0] <= b[$0], 0, dy[$0]) }
        case (.maximum, true):
            store(out, count, accumulates: accumulates) { select(a[$0] >= b[$0], dy[$0], 0) }
        case (.maximum, false):
            store(out, count, accumulates: accumulates) { select(a[$0] >= b[$0], 0, dy[$0]) }
        case (.power, _), (.remainder, _), (.modulo, _):
            preconditionFailure("a plan has only nodes that it can differentiate")
        }
    }
}

/// An operand of a binary step, and how its row is spread over the result's.
struct BroadcastOperand {
    let operand: Operand
    /// For each element of the result's row the operand's element; nil when they are the same.
    let map: [Int32]?
    /// Memory for two rows of the result: a gradient, and behind it mapped values.
    let scratch: UnsafeMutablePointer<Float>
    private let memory: TensorStorage

    /// Spreads `sizes` over `resultSizes`.
    init(_ operand: Operand, sizes: [Int], resultSizes: [Int]) {
        self.operand = operand
        memory = TensorStorage(
            byteCount: 2 * resultSizes.reduce(1, *) * MemoryLayout<Float>.size)
        scratch = memory.base.assumingMemoryBound(to: Float.self)
        map =
            sizes.reduce(1, *) == resultSizes.reduce(1, *)
            ? nil : Self.map(sizes: sizes, resultSizes: resultSizes)
    }

    /// Whether the operand has the result's layout, so that all rows are one run.
    func isPlain(_ rows: Int) -> Bool { map == nil && (operand.isPerRow || rows == 1) }

    /// The operand's row, laid out as the result's; a mapped one lies in scratch memory.
    @inline(__always)
    func row(_ row: Int) -> UnsafePointer<Float> {
        let source = operand.values + row * operand.stride
        guard let map else { return UnsafePointer(source) }
        let spread = scratch + map.count
        map.withUnsafeBufferPointer { map in
            for index in 0..<map.count { spread[index] = source[Int(map[index])] }
        }
        return UnsafePointer(spread)
    }

    /// Adds a row in the result's layout to the operand's.
    @inline(__always)
    func add(
        _ row: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        guard let map else {
            for index in 0..<count { target[index] += row[index] }
            return
        }
        map.withUnsafeBufferPointer { map in
            for index in 0..<count { target[Int(map[index])] += row[index] }
        }
    }

    /// Adds a part of a row in the result's layout, which begins at `start`, to the operand's.
    func add(
        _ part: UnsafePointer<Float>, at start: Int, _ count: Int,
        to target: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count {
            target[map.map { Int($0[start + index]) } ?? start + index] += part[index]
        }
    }

    /// NumPy's broadcasting: sizes are aligned at the end, and a size of 1 is repeated.
    private static func map(sizes: [Int], resultSizes: [Int]) -> [Int32] {
        let missing = resultSizes.count - sizes.count
        var strides = [Int](repeating: 0, count: resultSizes.count)
        var stride = 1
        for axis in sizes.indices.reversed() {
            strides[axis + missing] = sizes[axis] == 1 ? 0 : stride
            stride *= sizes[axis]
        }
        var map: [Int32] = []
        for index in 0..<resultSizes.reduce(1, *) {
            var rest = index
            var source = 0
            for axis in resultSizes.indices.reversed() {
                source += rest % resultSizes[axis] * strides[axis]
                rest /= resultSizes[axis]
            }
            map.append(Int32(source))
        }
        return map
    }
}
