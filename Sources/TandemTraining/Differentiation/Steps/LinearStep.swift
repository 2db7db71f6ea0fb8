import CBLAS

/// `y = x W' + b` as matrix products: `dx = dy W`, `dW = dy' x`, `db = sum dy`.
///
/// The leading dimensions of x join the rows, so there is one product for the whole minibatch. Each
/// thread calls the matrix library on its own rows (see `MatrixLibrary`), and the order of the sums
/// depends on the shapes alone.
struct LinearStep: DifferentiableStep {
    let x: Operand
    let weight: Operand
    let bias: Operand?
    let y: StepResult
    /// Elements of x that one sum runs over.
    let depth: Int
    /// Elements of y that one row of x makes.
    let outputs: Int

    private func productRows(_ rowCount: Int) -> Int { x.count(rowCount) / depth }

    func forward(_ rowCount: Int) {
        let rows = productRows(rowCount)
        if let bias {
            for row in 0..<rows {
                (y.values + row * outputs).update(from: bias.values, count: outputs)
            }
        }
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(outputs), Int32(depth), 1,
            x.values, Int32(depth), weight.values, Int32(depth), bias == nil ? 0 : 1, y.values,
            Int32(outputs))
    }

    func backward(_ rowCount: Int) {
        guard let dy = y.gradient else { return }
        let rows = productRows(rowCount)
        if let target = x.gradient {
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(depth),
                Int32(outputs), 1, dy, Int32(outputs), weight.values, Int32(depth),
                target.accumulates ? 1 : 0, target.base, Int32(depth))
        }
        if let target = weight.gradient {
            cblas_sgemm(
                CblasRowMajor, CblasTrans, CblasNoTrans, Int32(outputs), Int32(depth),
                Int32(rows), 1, dy, Int32(outputs), x.values, Int32(depth),
                target.accumulates ? 1 : 0, target.base, Int32(depth))
        }
        if let target = bias?.gradient {
            clearUnlessAccumulating(target, outputs)
            for row in 0..<rows { addScaled(target.base, 1, dy + row * outputs, outputs) }
        }
    }
}
