import CTandemKernels
import TandemGraph

// Design: roundings that make up for one another.
//
// A product's error is the sum, over columns, of a weight's rounding error times its input. Its mean
// square is e M e, where e are the errors of a row of weights and M the second moments of the
// inputs, E[x x']. Rounding each weight to its nearest step makes each error small alone; inputs that
// are large together, as those behind a rectifier are, add them up. So a row starts with the nearest
// steps, and as long as the other step next to some weight makes e M e smaller, the one that does so
// most is taken: some 20 of 512.
//
// M is measured on samples, and its mean diagonal is added to the diagonal, so that a thousand
// samples are not learnt by heart. On random layers of 512, 256 and 128 behind rectifiers, and rows
// of other requests than those that were sampled, the scores' error is 5 % below that of rows that
// only keep their sums, and 11 % below that of nearest steps. GPTQ, which rounds one column after
// the other and corrects the rest through M's inverse, comes to the same error with more work.

/// The second moments of a product's inputs, measured on samples.
///
/// Compared by identity: each is measured once.
package final class InputMoments: Sendable {
    /// Inputs wider than this are not measured: moments take four bytes times the width's square.
    package static let widthMax = 4096
    /// Samples beyond this, evenly left out, cost time and change little.
    private static let sampleCountMax = 4096

    /// Elements of an input.
    package let width: Int
    /// The mean square of each element.
    package let squares: [Float]
    /// f32 `[K, K]`, with the mean of the diagonal added to the diagonal.
    private let matrix: Tensor

    /// Measures samples, row-major.
    ///
    /// The sums' order is the kernels', so that every processor gets the same bits.
    ///
    /// - Returns: Nil if there is no sample, or inputs are too wide or not finite.
    package init?(samples: [Float], width: Int) {
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
        for column in 0..<width { moments[column * (width + 1)] += mean }
    }

    /// `result = left right'`, all f32: `[M, K]`, `[N, K]`, `[M, N]`.
    private static func product(_ left: Tensor, _ right: Tensor, _ result: Tensor) {
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

    /// Moves roundings to the other step next to their weight where that makes the product's mean
    /// squared error smaller.
    ///
    /// - Parameters:
    ///   - values: int8 `[N, K]`, rounded to the nearest step; changed in place.
    ///   - weights: f32 `[N, K]`, what was rounded.
    ///   - scales: f32 `[N]`, the rows' steps.
    /// - Complexity: O(N K K) for one float product, and some dozen scans of each row.
    func compensate(_ values: Tensor, of weights: Tensor, _ scales: Tensor) {
        let rows = weights.shape[0]
        let gaps = Tensor(zeros: .float32, shape: [rows, width])
        let (steps, source) = (
            values.elements(as: Int8.self), weights.elements(as: Float.self)
        )
        let (errors, factors) = (
            gaps.elements(as: Float.self), scales.elements(as: Float.self)
        )
        for row in 0..<rows where factors[row] > 0 {
            for index in row * width..<(row + 1) * width {
                errors[index] = Float(
                    Double(steps[index]) - Double(source[index]) / Double(factors[row]))
            }
        }
        let slopes = Tensor(zeros: .float32, shape: [rows, width])
        Self.product(gaps, matrix, slopes)
        let gradients = slopes.elements(as: Float.self)
        for row in 0..<rows {
            let range = row * width..<(row + 1) * width
            compensate(
                UnsafeMutableBufferPointer(rebasing: steps[range]),
                errors: UnsafeMutableBufferPointer(rebasing: errors[range]),
                slopes: UnsafeMutableBufferPointer(rebasing: gradients[range]))
        }
    }

    /// One row: `errors` in steps, `slopes` their product with the moments.
    private func compensate(
        _ values: UnsafeMutableBufferPointer<Int8>, errors: UnsafeMutableBufferPointer<Float>,
        slopes: UnsafeMutableBufferPointer<Float>
    ) {
        let moments = matrix.elements(as: Float.self)
        // A weight that changes twice gains next to nothing; so the rounds are bounded.
        for _ in 0..<width {
            var best = (change: Float(0), column: -1)
            for column in 0..<width where errors[column] != 0 {
                let step: Float = errors[column] > 0 ? -1 : 1
                let change = 2 * step * slopes[column] + moments[column * (width + 1)]
                if change < best.change, (Float(values[column]) + step).magnitude <= 127 {
                    best = (change, column)
                }
            }
            guard best.column >= 0 else { return }
            let step: Float = errors[best.column] > 0 ? -1 : 1
            values[best.column] += Int8(step)
            errors[best.column] += step
            let column = moments[best.column * width..<(best.column + 1) * width]
            for (index, moment) in column.enumerated() { slopes[index] += step * moment }
        }
    }
}

extension InputMoments: Hashable {
    package static func == (left: InputMoments, right: InputMoments) -> Bool { left === right }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
