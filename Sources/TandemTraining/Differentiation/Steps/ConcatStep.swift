/// Joins operands along an axis; the gradient is cut at the same places.
struct ConcatStep: DifferentiableStep {
    let parts: [Operand]
    /// Run length of each part: its size along the axis times everything inside.
    let runs: [Int]
    /// Blocks outside the axis.
    let outer: Int
    let y: StepResult

    func forward(_ rowCount: Int) {
        let rows = y.rows(rowCount)
        let step = y.width / max(outer, 1)
        var column = 0
        for (part, run) in zip(parts, runs) {
            for row in 0..<rows {
                let source = part.values + row * part.stride
                let out = y.values + row * y.width + column
                for block in 0..<outer {
                    (out + block * step).update(from: source + block * run, count: run)
                }
            }
            column += run
        }
    }

    func backward(_ rowCount: Int) {
        guard let dy = y.gradient else { return }
        let rows = y.rows(rowCount)
        let step = y.width / max(outer, 1)
        var column = 0
        for (part, run) in zip(parts, runs) {
            defer { column += run }
            guard let target = part.gradient else { continue }
            // A part without rows is read by all of them: its gradient is a sum from the start.
            let adds = target.accumulates || !part.isPerRow
            if !part.isPerRow { clearUnlessAccumulating(target, part.width) }
            for row in 0..<rows {
                let out = target.base + row * part.stride
                let source = dy + row * y.width + column
                for block in 0..<outer {
                    let from = source + block * step
                    store(out + block * run, run, accumulates: adds) { from[$0] }
                }
            }
        }
    }
}
