import Glibc
package import TandemGraph

extension TargetTransform {
    /// Learns mean and deviation of a label from the training rows.
    ///
    /// - Parameters:
    ///   - target: What the spec wants of the target.
    ///   - labels: One a row of the data set; NaN for none.
    ///   - rows: The training rows.
    package init(_ target: TargetSpec, labels: [Float], rows: [Int32]) {
        self.init(usesLog1p: target.usesLog1p)
        guard target.isStandardized else { return }
        // Welford's recurrence: no cancellation for labels far from zero.
        var count = 0.0
        var mean = 0.0
        var squares = 0.0
        for row in rows {
            let label = labels[Int(row)]
            guard !label.isNaN else { continue }
            let value = flattened(Double(label))
            count += 1
            let difference = value - mean
            mean += difference / count
            squares += difference * (value - mean)
        }
        let deviation = count > 0 ? (squares / count).squareRoot() : 0
        self.mean = Float(mean)
        // A constant label has no deviation to divide out.
        self.deviation = deviation > 0 ? Float(deviation) : 1
    }

    /// The target that the loss sees; NaN stays NaN.
    package func apply(_ label: Float) -> Float {
        Float((flattened(Double(label)) - Double(mean)) / Double(deviation))
    }

    private func flattened(_ label: Double) -> Double { usesLog1p ? log1p(label) : label }
}
