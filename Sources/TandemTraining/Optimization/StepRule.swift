/// One optimiser step over a run of parameters: the loops behind `OptimizerSettings.Algorithm`.
struct StepRule {
    let algorithm: OptimizerSettings.Algorithm
    let rate: Float
    /// What the gradient is multiplied with, to keep its norm.
    let gradientScale: Float
    let weightDecay: Float
    // The factors that undo Adam's start from zero.
    private let firstCorrection: Float
    private let secondCorrection: Float

    /// Prepares a step, whose number counts from 1.
    init(_ settings: OptimizerSettings, rate: Float, step: Int, gradientScale: Float) {
        algorithm = settings.algorithm
        self.rate = rate
        self.gradientScale = gradientScale
        weightDecay = settings.weightDecay
        if case .adam(let beta1, let beta2, _) = settings.algorithm {
            firstCorrection = Float(1 / (1 - Self.power(Double(beta1), step)))
            secondCorrection = Float(1 / (1 - Self.power(Double(beta2), step)))
        } else {
            firstCorrection = 1
            secondCorrection = 1
        }
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var result = 1.0
        var square = base
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }

    /// Steps `count` parameters.
    ///
    /// - Parameters:
    ///   - weights: What is stepped.
    ///   - gradient: As long as the weights.
    ///   - first: The rule's first state (momentum), as long as the parameters.
    ///   - second: The rule's second state (mean square), as long as the parameters.
    ///   - count: How many weights.
    ///   - decays: Whether weight decay applies.
    func apply(
        _ weights: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
        first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>, count: Int,
        decays: Bool
    ) {
        let rate = rate
        let scale = gradientScale
        let keep = decays ? 1 - rate * weightDecay : 1
        switch algorithm {
        case .sgd(let momentum):
            for index in 0..<count {
                let velocity = momentum * first[index] + scale * gradient[index]
                first[index] = velocity
                weights[index] = keep * weights[index] - rate * velocity
            }
        case .rmsProp(let decay, let epsilon):
            for index in 0..<count {
                let slope = scale * gradient[index]
                let square = decay * second[index] + (1 - decay) * slope * slope
                second[index] = square
                weights[index] =
                    keep * weights[index] - rate * slope / (squareRoot(square) + epsilon)
            }
        case .adam(let beta1, let beta2, let epsilon):
            let meanRate = rate * firstCorrection
            let correction = secondCorrection
            for index in 0..<count {
                let slope = scale * gradient[index]
                let mean = beta1 * first[index] + (1 - beta1) * slope
                let square = beta2 * second[index] + (1 - beta2) * slope * slope
                first[index] = mean
                second[index] = square
                let distance = squareRoot(square * correction) + epsilon
                weights[index] = keep * weights[index] - meanRate * mean / distance
            }
        }
    }
}

/// The square root of a number that is 0 or more, by Newton's iteration for `1 / sqrt x`.
///
/// The library's root sets `errno`, so a loop with it is not turned into vectors, and an Adam step
/// took four times as long. The first guess halves the exponent by the bits and is off by at most
/// 3.5 %; each iteration squares the error (times 1.5): 1.8e-3, 4.7e-6, and after the third only
/// the rounding of some 1e-7 is left. 0 gives 0.
/// Source: Lomont, "Fast inverse square root", 2003.
@inline(__always)
private func squareRoot(_ x: Float) -> Float {
    var y = Float(bitPattern: 0x5F37_59DF &- (x.bitPattern >> 1))
    y = y * (1.5 - 0.5 * x * y * y)
    y = y * (1.5 - 0.5 * x * y * y)
    y = y * (1.5 - 0.5 * x * y * y)
    return x * y
}
