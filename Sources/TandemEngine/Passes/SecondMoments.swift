import CTandemKernels
import TandemGraph

// Design: what roundings know of the numbers around them.
//
// M = E[x x'] of a layer's inputs says which errors of its weights meet large inputs, and which
// inputs are large together; G = E[g g'] of the scores' derivatives by a layer's results says which
// of its results matter to the scores, and which make up for one another there
// (RoundingCompensation). Both are measured on samples. The mean diagonal is added to the diagonal,
// so that a thousand samples are not learnt by heart.

/// The second moments of a vector, measured on samples.
///
/// Compared by identity: each is measured once.
package final class SecondMoments: Sendable {
    /// Vectors wider than this are not measured: moments take four bytes times the width's square.
    package static let widthMax = 4096
    /// Samples beyond this, evenly left out, cost time and change little.
    private static let sampleCountMax = 4096

    /// Elements of the vector.
    package let width: Int
    /// The mean square of each element.
    package let squares: [Float]
    /// f32 `[K, K]`, with the mean of the diagonal added to the diagonal.
    let matrix: Tensor

    /// Measures samples, row-major; nil if there is none, or vectors are too wide or not finite.
    ///
    /// The sums' order is the kernels', so that every processor gets the same bits.
    ///
    /// - Parameters:
    ///   - samples: A vector after the other.
    ///   - width: Elements of a vector.
    ///   - ofEachAlone: Whether elements are taken not to depend on one another: where there are too
    ///     few samples to tell.
    package init?(samples: [Float], width: Int, ofEachAlone: Bool = false) {
        let available = width > 0 ? samples.count / width : 0
        guard available > 0, width <= Self.widthMax else { return nil }
        let every = (available + Self.sampleCountMax - 1) / Self.sampleCountMax
        let count = (available + every - 1) / every
        self.width = width
        matrix = Tensor(zeros: .float32, shape: [width, width])
        // Columns of the samples as rows: both sides of their product with themselves.
        let columns = Tensor(zeros: .float32, shape: [width, count])
        let target = columns.elements(as: Float.self)
        for sample in 0..<count {
            for column in 0..<width {
                target[column * count + sample] = samples[sample * every * width + column]
            }
        }
        Self.product(columns, columns, matrix)
        let moments = matrix.elements(as: Float.self)
        for index in moments.indices { moments[index] /= Float(count) }
        squares = (0..<width).map { moments[$0 * (width + 1)] }
        let mean = squares.reduce(0, +) / Float(width)
        guard mean.isFinite else { return nil }
        if ofEachAlone { moments.update(repeating: 0) }
        for column in 0..<width {
            moments[column * (width + 1)] = squares[column] + mean
        }
    }

    /// `result = left right'`, all f32: `[M, K]`, `[N, K]`, `[M, N]`.
    static func product(_ left: Tensor, _ right: Tensor, _ result: Tensor) {
        let (rows, columns, depth) = (left.shape[0], right.shape[0], left.shape[1])
        var byteCount = 0
        let fits = tandemk_f32_gemm_packed_bytes(columns, depth, &byteCount)
        precondition(fits, "moments are of at most \(widthMax) columns and their samples")
        let packed = TensorStorage(byteCount: byteCount)
        withExtendedLifetime(packed) {
            tandemk_f32_gemm_pack(
                columns, depth, right.base.assumingMemoryBound(to: Float.self), packed.base)
            tandemk_f32_gemm(
                rows, columns, depth, left.base.assumingMemoryBound(to: Float.self), depth,
                packed.base, nil, result.base.assumingMemoryBound(to: Float.self), columns,
                TANDEMK_ACTIVATION_NONE)
        }
    }
}

extension SecondMoments: Hashable {
    package static func == (left: SecondMoments, right: SecondMoments) -> Bool { left === right }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
