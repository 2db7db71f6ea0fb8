import TandemGraph

extension OperatorTable {
    /// Matrix products.
    static let products: [OperatorEntry] = [
        OperatorEntry("MatMul", inputs: 2...2) { context in
            [try context.matmul(try context.input(0), try context.input(1))]
        },
        OperatorEntry(
            "Gemm", inputs: 2...3, attributes: ["alpha", "beta", "transA", "transB"]
        ) { [try $0.gemm()] },
    ]
}

extension OperatorContext {
    /// NumPy's `matmul`, vectors included.
    func matmul(
        _ left: ImportedValue, _ right: ImportedValue
    ) throws(ImportError) -> ImportedValue {
        guard left.rank >= 1, right.rank >= 1 else {
            throw failure(.wrongShape, "cannot multiply \(left.type) and \(right.type)")
        }
        let a = left.rank == 1 ? try unsqueeze(left, axes: [0]) : left
        let b = right.rank == 1 ? try unsqueeze(right, axes: [1]) : right
        let product = try emit(.matmul, a, b)
        var dropped: [Int] = []
        if left.rank == 1 { dropped.append(product.rank - 2) }
        if right.rank == 1 { dropped.append(product.rank - 1) }
        return dropped.isEmpty ? product : try squeeze(product, axes: dropped)
    }

    /// `alpha * A' * B' + beta * C`, where a mark transposes.
    func gemm() throws(ImportError) -> ImportedValue {
        let alpha = try float("alpha", default: 1)
        let beta = try float("beta", default: 1)
        let a = try flag("transA", default: false) ? transposeLast(try input(0)) : input(0)
        var b = try input(1)
        let isTransposed = try flag("transB", default: false)
        let isLayer = b.constant != nil && b.rank == 2 && a.dtype == .float32
        if isLayer != isTransposed { b = try transposeLast(b) }
        if alpha != 1 { b = try emit(.affine(scale: alpha, offset: 0), b) }
        var c = optional(2)
        if let offset = c, beta != 1 {
            c = try emit(.affine(scale: beta, offset: 0), offset)
        }
        guard isLayer else {
            let product = try emit(.matmul, a, b)
            return try c.map { offset throws(ImportError) in
                try emit(.binary(.add), product, offset)
            } ?? product
        }
        guard let c else { return try emit(.linear, a, b) }
        if c.constant != nil, let bias = try row(c, width: b.shape[0]) {
            return try emit(.linear, a, b, bias)
        }
        return try emit(.binary(.add), try emit(.linear, a, b), c)
    }

    /// The constant as a row of that width, if that is what it broadcasts as.
    private func row(
        _ value: ImportedValue, width: Dimension
    ) throws(ImportError) -> ImportedValue? {
        guard value.shape.dropLast().allSatisfy({ $0 == 1 }), value.shape.last == width else {
            return nil
        }
        return try reshape(value, [width])
    }
}
