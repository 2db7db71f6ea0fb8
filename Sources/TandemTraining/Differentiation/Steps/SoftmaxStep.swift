import Glibc

/// Softmax along the last axis, and `dx = y * (dy - sum(y * dy))`.
struct SoftmaxStep: DifferentiableStep {
    let x: Operand
    let y: StepResult
    /// Elements of the last axis.
    let length: Int

    func forward(_ rowCount: Int) {
        guard length > 0 else { return }
        for run in 0..<y.count(rowCount) / length {
            softmax(x.values + run * length, y.values + run * length, length)
        }
    }

    func backward(_ rowCount: Int) {
        guard length > 0, let target = x.gradient, let gradient = y.gradient else { return }
        for run in 0..<y.count(rowCount) / length {
            let y = y.values + run * length
            let dy = gradient + run * length
            let total = dot(y, dy, length)
            store(target.base + run * length, length, accumulates: target.accumulates) {
                y[$0] * (dy[$0] - total)
            }
        }
    }
}

/// `out_i = exp(x_i - max x) / sum_j exp(x_j - max x)`.
///
/// - Precondition: `count` is at least 1.
func softmax(_ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ count: Int) {
    var largest = x[0]
    for index in 1..<max(count, 1) where x[index] > largest { largest = x[index] }
    var total: Float = 0
    for index in 0..<count {
        let power = expf(x[index] - largest)
        out[index] = power
        total += power
    }
    let scale = 1 / total
    for index in 0..<count { out[index] *= scale }
}
