/// Elements `start ..< end` along an axis; the gradient of all others is zero.
struct SliceStep: DifferentiableStep {
    let x: Operand
    let view: AxisView
    let start: Int
    let end: Int
    let y: StepResult

    func forward(_ rowCount: Int) {
        let run = (end - start) * view.inner
        let step = view.length * view.inner
        for block in 0..<y.rows(rowCount) * view.outer {
            let source = x.values + block * step + start * view.inner
            (y.values + block * run).update(from: source, count: run)
        }
    }

    func backward(_ rowCount: Int) {
        guard let target = x.gradient, let dy = y.gradient else { return }
        clearUnlessAccumulating(target, x.count(rowCount))
        let run = (end - start) * view.inner
        let step = view.length * view.inner
        for block in 0..<y.rows(rowCount) * view.outer {
            let out = target.base + block * step + start * view.inner
            addScaled(out, 1, dy + block * run, run)
        }
    }
}

/// The same elements under another shape: the result shares the operand's memory.
struct ReshapeStep: DifferentiableStep {
    let x: Operand
    let y: StepResult

    func forward(_ rowCount: Int) {}

    func backward(_ rowCount: Int) {
        guard let target = x.gradient, let dy = y.gradient else { return }
        store(target.base, y.count(rowCount), accumulates: target.accumulates) { dy[$0] }
    }
}
