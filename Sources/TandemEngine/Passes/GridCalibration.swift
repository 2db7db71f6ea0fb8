// Design: one grid for all rows, by what was measured.
//
// A row's own grid fits its own ends, and finding them is a pass over the row. One grid for all rows
// must hold the largest of them, so that its steps are coarser: some 1.3 to 2 times behind a
// rectifier. Cutting off what few elements reach makes them finer again; how much is cut off is
// decided by the squared error of the samples' elements. Whether a layer gets it is decided by its
// scores (`tandem quantize`).

package import TandemGraph

extension ActivationGrid {
    /// Shares of the samples' ends that are tried as the grid's, largest first.
    private static let shares: [Float] = [1, 0.9, 0.8, 0.7, 0.6, 0.5]
    /// Elements beyond this, evenly left out, cost time and change little.
    private static let sampleCountMax = 1 << 17

    /// The grid of the least squared error on samples.
    ///
    /// - Parameter samples: Elements of a value, in any order.
    /// - Returns: Nil if they are all 0, or not finite.
    package static func measured(_ samples: [Float]) -> ActivationGrid? {
        var (low, high) = (Float(0), Float(0))
        for sample in samples { (low, high) = (min(low, sample), max(high, sample)) }
        guard low.isFinite, high.isFinite else { return nil }
        // Odd, so that rows of even widths are not sampled in the same columns.
        let every = max(samples.count / sampleCountMax, 1) | 1
        var best: (grid: ActivationGrid, error: Double)?
        for share in shares {
            guard let grid = ActivationGrid(low: low * share, high: high * share) else { break }
            var error = 0.0
            for index in stride(from: 0, to: samples.count, by: every) {
                let gap =
                    Double(samples[index]) - Double(grid.steps(samples[index])) * Double(grid.scale)
                error += gap * gap
            }
            // Of equal ones the first: nothing is cut off without a gain.
            if error < best?.error ?? .infinity { best = (grid, error) }
        }
        return best?.grid
    }
}
