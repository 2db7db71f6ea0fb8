import CBLAS
import TandemGraph

/// Scaled dot-product attention, and its derivative, one row and one head at a time.
///
/// With `P = softmax(scale * Q K' + mask)` and `O = P V`:
/// `dV = P' dO`, `dP = dO V'`, `dS = P * (dP - sum(P * dP))`, `dQ = scale * dS K`,
/// `dK = scale * dS' Q`, and the mask's is dS. P is kept for the way back.
struct AttentionStep: DifferentiableStep {
    let query: Operand
    let key: Operand
    let value: Operand
    let mask: BroadcastOperand?
    let y: StepResult
    let shape: AttentionShape
    private let memory: TensorStorage
    private let weights: UnsafeMutablePointer<Float>
    /// One head's gradient of the weights, then of the scores.
    private let scratch: UnsafeMutablePointer<Float>

    init(
        query: Operand, key: Operand, value: Operand, mask: BroadcastOperand?, y: StepResult,
        shape: AttentionShape, rowCountMax: Int
    ) {
        self.query = query
        self.key = key
        self.value = value
        self.mask = mask
        self.y = y
        self.shape = shape
        let count = shape.queries * shape.keys
        let rows = y.rows(rowCountMax)
        memory = TensorStorage(
            byteCount: (rows * shape.heads + 1) * count * MemoryLayout<Float>.size)
        weights = memory.base.assumingMemoryBound(to: Float.self)
        scratch = weights + rows * shape.heads * count
    }

    func forward(_ rowCount: Int) {
        let count = shape.queries * shape.keys
        for row in 0..<y.rows(rowCount) {
            let added = mask?.row(row)
            for head in 0..<shape.heads {
                let weights = weights + (row * shape.heads + head) * count
                product(
                    shape.keyHead(query.values, query, row, head),
                    shape.keyHead(key.values, key, row, head), to: weights, shape.scale)
                if let added = added.map({ $0 + head * count }) {
                    for index in 0..<count { weights[index] += added[index] }
                }
                for line in 0..<shape.queries {
                    softmax(
                        weights + line * shape.keys, weights + line * shape.keys, shape.keys)
                }
                cblas_sgemm(
                    CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(shape.queries),
                    Int32(shape.valueWidth), Int32(shape.keys), 1, weights, Int32(shape.keys),
                    shape.valueHead(value.values, value, row, head), Int32(shape.valueStride), 0,
                    y.values + row * y.width + head * shape.valueWidth, Int32(shape.valueStride))
            }
        }
    }

    func backward(_ rowCount: Int) {
        guard let dy = y.gradient else { return }
        // All are made ready before any is added to: two of them may be one value.
        for operand in [query, key, value] {
            if let target = operand.gradient {
                clearUnlessAccumulating(target, operand.count(rowCount))
            }
        }
        if let mask, let target = mask.operand.gradient {
            clearUnlessAccumulating(target, mask.operand.count(rowCount))
        }
        for row in 0..<y.rows(rowCount) {
            for head in 0..<shape.heads {
                let out = dy + row * y.width + head * shape.valueWidth
                backward(row, head, UnsafePointer(out))
            }
        }
    }

    private func backward(_ row: Int, _ head: Int, _ dy: UnsafePointer<Float>) {
        let (queries, keys) = (Int32(shape.queries), Int32(shape.keys))
        let count = shape.queries * shape.keys
        let weights = weights + (row * shape.heads + head) * count
        let (width, stride) = (Int32(shape.valueWidth), Int32(shape.valueStride))
        if let target = value.gradient {
            cblas_sgemm(
                CblasRowMajor, CblasTrans, CblasNoTrans, keys, width, queries, 1, weights, keys,
                dy, stride, 1, shape.valueHead(target.base, value, row, head), stride)
        }
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, queries, keys, width, 1, dy, stride,
            shape.valueHead(value.values, value, row, head), stride, 0, scratch, keys)
        for line in 0..<shape.queries {
            let weights = weights + line * shape.keys
            let slopes = scratch + line * shape.keys
            let total = dot(weights, slopes, shape.keys)
            for index in 0..<shape.keys { slopes[index] = weights[index] * (slopes[index] - total) }
        }
        if let mask, let target = mask.operand.gradient {
            mask.add(
                scratch, at: head * count, count,
                to: target.base + row * mask.operand.stride)
        }
        let (depth, ld) = (Int32(shape.depth), Int32(shape.queryStride))
        if let target = query.gradient {
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, queries, depth, keys, shape.scale,
                scratch, keys, shape.keyHead(key.values, key, row, head), ld, 1,
                shape.keyHead(target.base, query, row, head), ld)
        }
        if let target = key.gradient {
            cblas_sgemm(
                CblasRowMajor, CblasTrans, CblasNoTrans, keys, depth, queries, shape.scale,
                scratch, keys, shape.keyHead(query.values, query, row, head), ld, 1,
                shape.keyHead(target.base, key, row, head), ld)
        }
    }

    private func product(
        _ query: UnsafePointer<Float>, _ key: UnsafePointer<Float>,
        to scores: UnsafeMutablePointer<Float>, _ scale: Float
    ) {
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(shape.queries), Int32(shape.keys),
            Int32(shape.depth), scale, query, Int32(shape.queryStride), key,
            Int32(shape.queryStride), 0, scores, Int32(shape.keys))
    }
}

/// The sizes of an attention over one row: queries `[S, H * d]`, keys `[T, H * d]`, values
/// `[T, H * e]`.
struct AttentionShape {
    let heads: Int
    let scale: Float
    /// S.
    let queries: Int
    /// T.
    let keys: Int
    /// H * d, from one position's queries or keys to the next's.
    let queryStride: Int
    /// H * e.
    let valueStride: Int

    /// d.
    var depth: Int { queryStride / heads }
    /// e.
    var valueWidth: Int { valueStride / heads }

    /// One row's share of one head in the queries or keys, or their gradient.
    func keyHead(
        _ base: UnsafeMutablePointer<Float>, _ operand: Operand, _ row: Int, _ head: Int
    ) -> UnsafeMutablePointer<Float> { base + row * operand.stride + head * depth }

    /// One row's share of one head in the values, or their gradient.
    func valueHead(
        _ base: UnsafeMutablePointer<Float>, _ operand: Operand, _ row: Int, _ head: Int
    ) -> UnsafeMutablePointer<Float> { base + row * operand.stride + head * valueWidth }
}
