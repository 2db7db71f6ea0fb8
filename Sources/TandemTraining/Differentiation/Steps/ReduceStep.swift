import TandemGraph

/// Sum or mean along an axis; each element's gradient is the result's, or its share.
struct ReduceStep: DifferentiableStep {
    let reduction: Reduction
    let x: Operand
    let view: AxisView
    let y: StepResult

    private var scale: Float {
        reduction == .sum || view.length == 0 ? 1 : 1 / Float(view.length)
    }

    func forward(_ rowCount: Int) {
        let inner = view.inner
        let scale = scale
        for block in 0..<y.rows(rowCount) * view.outer {
            let out = y.values + block * inner
            let source = x.values + block * view.length * inner
            out.update(repeating: 0, count: inner)
            for position in 0..<view.length { addScaled(out, 1, source + position * inner, inner) }
            for index in 0..<inner { out[index] *= scale }
        }
    }

    func backward(_ rowCount: Int) {
        guard let target = x.gradient, let gradient = y.gradient else { return }
        let inner = view.inner
        let scale = scale
        for block in 0..<y.rows(rowCount) * view.outer {
            let dy = gradient + block * inner
            let out = target.base + block * view.length * inner
            for position in 0..<view.length {
                store(out + position * inner, inner, accumulates: target.accumulates) {
                    dy[$0] * scale
                }
            }
        }
    }
}
