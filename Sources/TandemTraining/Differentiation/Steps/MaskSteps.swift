import TandemGraph

// What masks are made of. Bools are the whole numbers 0 and 1 here; they have no derivative.

/// `y = a R b` with broadcasting, as 0 or 1.
struct CompareStep: DifferentiableStep {
    let comparison: Comparison
    let a: BroadcastOperand
    let b: BroadcastOperand
    let isFloat: Bool
    let y: StepResult

    func forward(_ rowCount: Int) {
        for row in 0..<y.rows(rowCount) {
            let out = UnsafeMutableRawPointer(y.values + row * y.width)
                .assumingMemoryBound(to: Int32.self)
            let (a, b) = (a.row(row), b.row(row))
            if isFloat {
                Self.compare(comparison, a, b, out, y.width)
            } else {
                Self.compare(
                    comparison, UnsafeRawPointer(a).assumingMemoryBound(to: Int32.self),
                    UnsafeRawPointer(b).assumingMemoryBound(to: Int32.self), out, y.width)
            }
        }
    }

    func backward(_ rowCount: Int) {}

    private static func compare<Number: Comparable>(
        _ comparison: Comparison, _ a: UnsafePointer<Number>, _ b: UnsafePointer<Number>,
        _ out: UnsafeMutablePointer<Int32>, _ count: Int
    ) {
        switch comparison {
        case .equal: for index in 0..<count { out[index] = a[index] == b[index] ? 1 : 0 }
        case .less: for index in 0..<count { out[index] = a[index] < b[index] ? 1 : 0 }
        case .lessOrEqual: for index in 0..<count { out[index] = a[index] <= b[index] ? 1 : 0 }
        }
    }
}

/// Whole numbers or bools as floats.
struct FloatCastStep: DifferentiableStep {
    let x: Operand
    let y: StepResult

    func forward(_ rowCount: Int) {
        let ids = x.ids
        store(y.values, y.count(rowCount), accumulates: false) { Float(ids[$0]) }
    }

    func backward(_ rowCount: Int) {}
}

/// A value repeated to a larger shape; its gradient is the sum over the repetitions.
struct ExpandStep: DifferentiableStep {
    let x: BroadcastOperand
    let y: StepResult

    func forward(_ rowCount: Int) {
        for row in 0..<y.rows(rowCount) {
            (y.values + row * y.width).update(from: x.row(row), count: y.width)
        }
    }

    func backward(_ rowCount: Int) {
        guard let target = x.operand.gradient, let dy = y.gradient else { return }
        clearUnlessAccumulating(target, x.operand.count(rowCount))
        for row in 0..<y.rows(rowCount) {
            x.add(dy + row * y.width, to: target.base + row * x.operand.stride, y.width)
        }
    }
}
