import Glibc
import TandemGraph

/// `y = f(x)`, and `dx = dy * f'(x)`.
///
/// Where the derivative jumps (relu and abs at 0) it is 0.
struct UnaryStep: DifferentiableStep {
    let function: UnaryFunction
    let x: Operand
    let y: StepResult

    func forward(_ rowCount: Int) {
        let x = x.values
        let out = y.values
        let count = y.count(rowCount)
        switch function {
        case .relu: store(out, count, accumulates: false) { x[$0] > 0 ? x[$0] : 0 }
        case .sigmoid: store(out, count, accumulates: false) { 1 / (1 + expf(-x[$0])) }
        case .tanh: store(out, count, accumulates: false) { tanhf(x[$0]) }
        case .exp: store(out, count, accumulates: false) { expf(x[$0]) }
        case .log: store(out, count, accumulates: false) { logf(x[$0]) }
        case .negate: store(out, count, accumulates: false) { -x[$0] }
        case .abs: store(out, count, accumulates: false) { Swift.abs(x[$0]) }
        case .sqrt: store(out, count, accumulates: false) { x[$0].squareRoot() }
        case .erf: store(out, count, accumulates: false) { erff(x[$0]) }
        case .gelu: store(out, count, accumulates: false) { x[$0] * normalDistribution(x[$0]) }
        case .geluTanh, .sin, .cos, .floor, .ceil, .round, .sign, .reciprocal:
            preconditionFailure("a plan has only nodes that it can differentiate")
        }
    }

    func backward(_ rowCount: Int) {
        guard let target = x.gradient, let dy = y.gradient else { return }
        let x = x.values
        let y = y.values
        let dx = target.base
        let count = self.y.count(rowCount)
        let adds = target.accumulates
        switch function {
        case .relu: store(dx, count, accumulates: adds) { select(y[$0] > 0, dy[$0], 0) }
        case .sigmoid: store(dx, count, accumulates: adds) { dy[$0] * y[$0] * (1 - y[$0]) }
        case .tanh: store(dx, count, accumulates: adds) { dy[$0] * (1 - y[$0] * y[$0]) }
        case .exp: store(dx, count, accumulates: adds) { dy[$0] * y[$0] }
        case .log: store(dx, count, accumulates: adds) { dy[$0] / x[$0] }
        case .negate: store(dx, count, accumulates: adds) { -dy[$0] }
        case .abs:
            store(dx, count, accumulates: adds) {
                select(x[$0] > 0, dy[$0], select(x[$0] < 0, -dy[$0], 0))
            }
        case .sqrt: store(dx, count, accumulates: adds) { dy[$0] * 0.5 / y[$0] }
        case .erf:
            // 2 / sqrt(pi) is twice the constant M_2_SQRTPI halved; written out to stay in float.
            store(dx, count, accumulates: adds) {
                dy[$0] * 1.128_379_2 * expf(-x[$0] * x[$0])
            }
        case .gelu:
            // The density of the normal distribution: exp(-x * x / 2) / sqrt(2 * pi).
            store(dx, count, accumulates: adds) {
                let density = 0.398_942_3 * expf(-0.5 * x[$0] * x[$0])
                return dy[$0] * (normalDistribution(x[$0]) + x[$0] * density)
            }
        case .geluTanh, .sin, .cos, .floor, .ceil, .round, .sign, .reciprocal:
            preconditionFailure("a plan has only nodes that it can differentiate")
        }
    }
}

/// The distribution function of the normal distribution.
@inline(__always)
private func normalDistribution(_ x: Float) -> Float { 0.5 * (1 + erff(x * 0.707_106_8)) }

/// `y = x * scale + offset`, and `dx = dy * scale`.
struct AffineStep: DifferentiableStep {
    let scale: Float
    let offset: Float
    let x: Operand
    let y: StepResult

    func forward(_ rowCount: Int) {
        let x = x.values
        store(y.values, y.count(rowCount), accumulates: false) { x[$0] * scale + offset }
    }

    func backward(_ rowCount: Int) {
        guard let target = x.gradient, let dy = y.gradient else { return }
        store(target.base, y.count(rowCount), accumulates: target.accumulates) { dy[$0] * scale }
    }
}
