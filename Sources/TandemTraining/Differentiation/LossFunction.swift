// Design: losses stand on the heads, before the last function.
//
// A task's output is a sigmoid, a softmax or a scaled number, but its loss is computed from the
// value before it: the derivative is then a plain difference, and nothing overflows for confident
// predictions. A row counts when its label is a number; NaN says that the task has no label there,
// which is also how a conversion without a click stays out. Such a row adds nothing to the sum and
// has a gradient of zero.

import Glibc

/// How far a task's predictions are from its labels.
package enum LossFunction: Hashable, Sendable {
    /// `-y log p - (1 - y) log(1 - p)` with `p = sigmoid(z)`; labels in 0 ... 1, one logit.
    case binaryCrossEntropy
    /// `-y log p - (1 - y) log(1 - p)` with p the product of the sigmoids of all logits: the
    /// probability that a chain of things happens. Source: Ma et al., SIGIR 2018 (ESMM).
    case productCrossEntropy
    /// `-log p_y` with `p = softmax(z)`; labels are class numbers, one logit a class.
    case softmaxCrossEntropy
    /// `(z - y)^2 / 2`; labels and values in the transformed target's unit.
    case squaredError
    /// `(z - y)^2 / 2` up to a distance of `delta`, and linear beyond, so that outliers pull no more.
    /// Source: Huber, "Robust estimation of a location parameter", 1964.
    case huber(delta: Float)

    /// Adds up the losses of rows, and writes the gradient of `scale` times that sum.
    ///
    /// - Parameters:
    ///   - values: The head's values, `width` for each row.
    ///   - width: Elements in one row of the head.
    ///   - labels: One for each row; NaN for none.
    ///   - weights: One for each row, 0 or more; nil for 1.
    ///   - rowCount: Number of rows.
    ///   - scale: What the gradient is multiplied with: the task's weight over its rows.
    ///   - gradient: Overwritten, as `values`; nil when only the loss is wanted.
    /// - Returns: The weighted sum of the losses, and the sum of the weights of labelled rows.
    /// - Precondition: Class numbers are whole and in `0 ..< width`.
    package func evaluate(
        values: UnsafePointer<Float>, width: Int, labels: UnsafePointer<Float>,
        weights: UnsafePointer<Float>?, rowCount: Int, scale: Float = 1,
        gradient: UnsafeMutablePointer<Float>? = nil
    ) -> LossSum {
        var total = LossSum()
        for row in 0..<rowCount {
            let out = gradient.map { $0 + row * width }
            let label = labels[row]
            let weight = weights?[row] ?? 1
            guard !label.isNaN, weight > 0 else {
                out?.update(repeating: 0, count: width)
                continue
            }
            let loss = evaluateRow(values + row * width, width, label, weight * scale, out)
            total.loss += Double(loss) * Double(weight)
            total.weight += Double(weight)
        }
        return total
    }

    @inline(__always)
    private func evaluateRow(
        _ z: UnsafePointer<Float>, _ width: Int, _ label: Float, _ scale: Float,
        _ out: UnsafeMutablePointer<Float>?
    ) -> Float {
        switch self {
        case .binaryCrossEntropy:
            // log(1 + exp(z)) - y z, with the exponential always of a negative number.
            let power = expf(-abs(z[0]))
            let probability = z[0] >= 0 ? 1 / (1 + power) : power / (1 + power)
            out?[0] = scale * (probability - label)
            return max(z[0], 0) + log1pf(power) - label * z[0]
        case .productCrossEntropy: return Self.productRow(z, width, label, scale, out)
        case .softmaxCrossEntropy:
            let position = Int(label)
            precondition((0..<width).contains(position), "a class number is out of range")
            var largest = z[0]
            for index in 1..<max(width, 1) where z[index] > largest { largest = z[index] }
            var total: Float = 0
            for index in 0..<width { total += expf(z[index] - largest) }
            if let out {
                for index in 0..<width {
                    out[index] = scale * expf(z[index] - largest) / total
                }
                out[position] -= scale
            }
            return logf(total) + largest - z[position]
        case .squaredError:
            let difference = z[0] - label
            out?[0] = scale * difference
            return 0.5 * difference * difference
        case .huber(let delta):
            let difference = z[0] - label
            out?[0] = scale * min(max(difference, -delta), delta)
            let distance = abs(difference)
            return distance <= delta
                ? 0.5 * difference * difference : delta * (distance - 0.5 * delta)
        }
    }
}

extension LossFunction {
    /// Whether the loss is that of something happening, whose ranking has an area under the curve.
    var isOfProbability: Bool {
        switch self {
        case .binaryCrossEntropy, .productCrossEntropy: true
        case .softmaxCrossEntropy, .squaredError, .huber: false
        }
    }

    /// What a row is ranked by: it grows with the probability.
    ///
    /// - Precondition: `isOfProbability`; `heads` has the values of `rowCount` rows.
    func score(_ heads: [Float], row: Int, rowCount: Int) -> Float {
        let width = heads.count / rowCount
        let logits = heads[row * width..<(row + 1) * width]
        guard case .productCrossEntropy = self else { return logits.first ?? 0 }
        return Float(logits.reduce(0) { $0 + Self.logSigmoid(Double($1)) })
    }

    private static func logSigmoid(_ z: Double) -> Double { min(z, 0) - log1p(exp(-abs(z))) }

    /// In double precision: `1 - p` is lost in a float as soon as all logits are above 17.
    private static func productRow(
        _ z: UnsafePointer<Float>, _ width: Int, _ label: Float, _ scale: Float,
        _ out: UnsafeMutablePointer<Float>?
    ) -> Float {
        var logarithm = 0.0
        for index in 0..<width { logarithm += logSigmoid(Double(z[index])) }
        // The smallest normal number stands in where even a double has nothing left of 1 - p.
        let rest = max(-expm1(logarithm), .leastNormalMagnitude)
        if let out {
            // d/dz_i log p = 1 - sigmoid(z_i), and d/dp of the loss is -y / p + (1 - y) / (1 - p).
            let slope = (1 - Double(label)) * exp(logarithm) / rest - Double(label)
            for index in 0..<width {
                let own = exp(logSigmoid(-Double(z[index])))
                out[index] = scale * Float(own * slope)
            }
        }
        return Float(-Double(label) * logarithm - (1 - Double(label)) * log(rest))
    }
}

/// A sum of losses and of the weights behind it.
package struct LossSum: Hashable, Sendable {
    /// The weighted sum of losses.
    package var loss: Double
    /// The sum of the weights of the rows that have a label.
    package var weight: Double

    /// Makes a sum.
    package init(loss: Double = 0, weight: Double = 0) {
        self.loss = loss
        self.weight = weight
    }

    /// The mean loss; 0 if no row has a label.
    package var mean: Double { weight > 0 ? loss / weight : 0 }

    /// Adds another sum.
    package static func += (left: inout LossSum, right: LossSum) {
        left.loss += right.loss
        left.weight += right.weight
    }
}
