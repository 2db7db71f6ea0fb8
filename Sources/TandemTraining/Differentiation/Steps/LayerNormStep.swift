/// Layer normalisation along the last axis.
///
/// With `n = (x - mean) / deviation` and `g = dy * gamma`:
/// `dx = (g - mean(g) - n * mean(g * n)) / deviation`, `dgamma = sum dy * n`, `dbeta = sum dy`.
/// Mean and deviation are computed again on the way back, which is cheaper than keeping `n`.
struct LayerNormStep: DifferentiableStep {
    let x: Operand
    let gamma: Operand
    let beta: Operand
    let y: StepResult
    /// Elements of the last axis.
    let length: Int
    let epsilon: Float

    func forward(_ rowCount: Int) {
        guard length > 0 else { return }
        for run in 0..<y.count(rowCount) / length {
            let x = x.values + run * length
            let (mean, scale) = moments(x)
            let gamma = gamma.values
            let beta = beta.values
            store(y.values + run * length, length, accumulates: false) {
                (x[$0] - mean) * scale * gamma[$0] + beta[$0]
            }
        }
    }

    func backward(_ rowCount: Int) {
        guard length > 0, let gradient = y.gradient else { return }
        if let target = gamma.gradient { clearUnlessAccumulating(target, length) }
        if let target = beta.gradient { clearUnlessAccumulating(target, length) }
        for run in 0..<y.count(rowCount) / length {
            let x = x.values + run * length
            let dy = gradient + run * length
            let (mean, scale) = moments(x)
            if let target = beta.gradient { addScaled(target.base, 1, dy, length) }
            if let target = gamma.gradient {
                store(target.base, length, accumulates: true) { dy[$0] * (x[$0] - mean) * scale }
            }
            guard let target = self.x.gradient else { continue }
            let gamma = gamma.values
            let count = Float(length)
            let mean1 = sum(length) { dy[$0] * gamma[$0] } / count
            let mean2 = sum(length) { dy[$0] * gamma[$0] * (x[$0] - mean) * scale } / count
            store(target.base + run * length, length, accumulates: target.accumulates) {
                (dy[$0] * gamma[$0] - mean1 - (x[$0] - mean) * scale * mean2) * scale
            }
        }
    }

    private func moments(_ x: UnsafePointer<Float>) -> (mean: Float, scale: Float) {
        let mean = sum(length) { x[$0] } / Float(length)
        let variance = sum(length) { (x[$0] - mean) * (x[$0] - mean) } / Float(length)
        return (mean, 1 / (variance + epsilon).squareRoot())
    }
}
