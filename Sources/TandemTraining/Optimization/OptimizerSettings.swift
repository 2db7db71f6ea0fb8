import Glibc

/// How parameters follow their gradients.
package struct OptimizerSettings: Hashable, Sendable {
    /// The rule that turns a gradient `g` into a step.
    package enum Algorithm: Hashable, Sendable {
        /// `b = momentum * b + g; w -= rate * b`. Stochastic gradient descent.
        case sgd(momentum: Float)
        /// `v = decay * v + (1 - decay) * g^2; w -= rate * g / (sqrt v + epsilon)`.
        /// Source: Tieleman and Hinton, Coursera lecture 6.5, 2012.
        case rmsProp(decay: Float, epsilon: Float)
        /// `m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g^2;`
        /// `w -= rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)`.
        /// Source: Kingma and Ba, "Adam", ICLR 2015, algorithm 1.
        case adam(beta1: Float, beta2: Float, epsilon: Float)

        /// Adam with its authors' settings.
        package static let adam = Algorithm.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
        /// RMSProp with its authors' settings.
        package static let rmsProp = Algorithm.rmsProp(decay: 0.9, epsilon: 1e-8)
    }

    /// The rule.
    package var algorithm: Algorithm
    /// The first step's rate, above 0.
    package var learningRate: Float
    /// How the rate changes over the run.
    package var schedule: LearningRateSchedule
    /// Decoupled from the gradient: `w -= rate * weightDecay * w`, for matrices and tables only.
    ///
    /// With SGD without momentum it is the same as an L2 penalty of `weightDecay / 2 * |w|^2`. Of a
    /// sparsely trained table only the rows that a minibatch read decay.
    /// Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    package var weightDecay: Float
    /// If the gradient's Euclidean norm over all parameters is longer, it is scaled down to this.
    package var gradientNormMax: Float?
    /// What is measured and kept is an exponential moving average of the weights with this decay, at
    /// least 0 and below 1; 0: the weights themselves.
    package var averaging: Float

    /// Makes settings; the default is plain Adam.
    package init(
        algorithm: Algorithm = .adam, learningRate: Float = 1e-3,
        schedule: LearningRateSchedule = .constant, weightDecay: Float = 0,
        gradientNormMax: Float? = nil, averaging: Float = 0
    ) {
        self.algorithm = algorithm
        self.learningRate = learningRate
        self.schedule = schedule
        self.weightDecay = weightDecay
        self.gradientNormMax = gradientNormMax
        self.averaging = averaging
    }

    /// The rate of a step.
    ///
    /// - Parameters:
    ///   - step: Steps taken before.
    ///   - stepsPerEpoch: Steps of one pass over the rows, at least 1.
    ///   - epochCount: Passes that the run has at most.
    /// - Returns: The learning rate, above 0 unless the schedule ends at 0.
    package func rate(step: Int, stepsPerEpoch: Int, epochCount: Int) -> Float {
        let epoch = Float(step) / Float(stepsPerEpoch)
        switch schedule {
        case .constant: return learningRate
        case .exponential(let factor): return learningRate * powf(factor, epoch)
        case .cosine(let last):
            let progress = min(epoch / Float(max(epochCount, 1)), 1)
            let fraction = last + (1 - last) * 0.5 * (1 + cosf(progress * .pi))
            return learningRate * fraction
        }
    }
}

/// How the learning rate changes over a run.
package enum LearningRateSchedule: Hashable, Sendable {
    /// Stays.
    case constant
    /// Is multiplied by `factor` over each epoch, step by step.
    case exponential(factor: Float)
    /// Falls along half a cosine to the fraction `last` at the end of the last epoch.
    /// Source: Loshchilov and Hutter, "SGDR", ICLR 2017.
    case cosine(last: Float)
}
