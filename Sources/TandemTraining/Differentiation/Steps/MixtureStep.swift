/// `y = sum_e gate[e] * x_e`: `dgate[e] = dy . x_e`, and `dx_e = gate[e] * dy`.
struct MixtureStep: DifferentiableStep {
    let gates: Operand
    let experts: [Operand]
    let y: StepResult

    func forward(_ rowCount: Int) {
        let width = y.width
        for row in 0..<y.rows(rowCount) {
            let out = y.values + row * width
            let gate = gates.values + row * gates.stride
            out.update(repeating: 0, count: width)
            for index in experts.indices {
                let expert = experts[index].values + row * experts[index].stride
                addScaled(out, gate[index], expert, width)
            }
        }
    }

    func backward(_ rowCount: Int) {
        guard let dy = y.gradient else { return }
        let width = y.width
        let rows = y.rows(rowCount)
        if let target = gates.gradient {
            clearUnlessAccumulating(target, gates.count(rowCount))
            for row in 0..<rows {
                let out = target.base + row * gates.stride
                for index in experts.indices {
                    let expert = experts[index].values + row * experts[index].stride
                    out[index] += dot(dy + row * width, expert, width)
                }
            }
        }
        for index in experts.indices {
            let expert = experts[index]
            guard let target = expert.gradient else { continue }
            let adds = target.accumulates || !expert.isPerRow
            if !expert.isPerRow { clearUnlessAccumulating(target, width) }
            for row in 0..<rows {
                let scale = gates.values[row * gates.stride + index]
                let from = dy + row * width
                store(target.base + row * expert.stride, width, accumulates: adds) {
                    scale * from[$0]
                }
            }
        }
    }
}
