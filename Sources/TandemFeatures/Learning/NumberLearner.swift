import TandemGraph

/// Learns the moments and quantiles of one feature's numbers.
struct NumberLearner: Sendable {
    private let clip: ClosedRange<Double>?
    private let usesLogarithm: Bool
    private var raw = Moments()
    private var transformed = Moments()
    private var sample: QuantileSample?

    /// Starts without having seen a number; `number` is the transform that is wanted, nil for buckets.
    init(_ declaration: FeatureDeclaration, _ number: NumberDeclaration?) {
        var clip: ClosedRange<Double>?
        var needsSample = number == nil
        switch number?.clip {
        case .range(let minimum, let maximum)?: clip = Double(minimum)...Double(maximum)
        case .quantiles?: needsSample = true
        case nil: break
        }
        self.clip = clip
        usesLogarithm = number?.usesLogarithm ?? false
        sample = needsSample ? QuantileSample(name: declaration.name) : nil
    }

    /// Whether no number was seen.
    var isEmpty: Bool { raw.count == 0 }

    /// Looks at a finite number.
    mutating func add(_ number: Double) {
        raw.add(number)
        if sample != nil {
            sample?.add(Float(number))
        } else {
            transformed.add(clippedLogarithm(number, clip))
        }
    }

    /// Adds what the raw numbers were like.
    func describe(_ statistics: inout LearningStatistics) {
        statistics.mean = raw.mean
        statistics.deviation = raw.deviation
        statistics.minimum = raw.minimum
        statistics.maximum = raw.maximum
    }

    /// The transform, from at least one number.
    func encoding(_ declaration: NumberDeclaration) -> NumberEncoding {
        var transforms: [NumberTransform] = []
        var moments = transformed
        switch declaration.clip {
        case .range(let minimum, let maximum)?:
            transforms.append(.clip(minimum: minimum, maximum: maximum))
        case .quantiles(let low, let high)?:
            guard let ordered = sample?.ordered() else { break }
            let range = ordered.quantile(low)...ordered.quantile(high)
            transforms.append(.clip(minimum: range.lowerBound, maximum: range.upperBound))
            let bounds = Double(range.lowerBound)...Double(range.upperBound)
            moments = Moments()
            for number in ordered.values { moments.add(clippedLogarithm(Double(number), bounds)) }
        case nil: break
        }
        if declaration.usesLogarithm { transforms.append(.signedLog1p) }
        if declaration.isStandardized {
            // A constant has no deviation to divide out.
            let deviation = Float(moments.deviation)
            transforms.append(
                .standardize(mean: Float(moments.mean), deviation: deviation > 0 ? deviation : 1))
        }
        switch declaration.missing {
        case .mean:
            return NumberEncoding(
                transforms: transforms,
                missingValue: declaration.isStandardized ? 0 : Float(moments.mean))
        case .value(let value):
            return NumberEncoding(
                transforms: transforms, missingValue: NumberEncoding.apply(transforms, to: value))
        }
    }

    /// Boundaries that cut the sample into equally full buckets, without empty ones.
    func buckets(_ count: Int) -> BucketEncoding {
        guard let ordered = sample?.ordered(), let least = ordered.values.first else {
            return BucketEncoding(boundaries: [])
        }
        var boundaries: [Float] = []
        for index in 1..<count {
            let boundary = ordered.quantile(Double(index) / Double(count))
            // At the least value, or twice, a boundary would leave a bucket empty.
            if boundary > boundaries.last ?? least { boundaries.append(boundary) }
        }
        return BucketEncoding(boundaries: boundaries)
    }

    private func clippedLogarithm(_ number: Double, _ clip: ClosedRange<Double>?) -> Double {
        let clipped = clip.map { min(max(number, $0.lowerBound), $0.upperBound) } ?? number
        return usesLogarithm ? Logarithm.signed1p(clipped) : clipped
    }
}

extension NumberEncoding {
    /// One number's transform, as `NumberRows` computes it.
    static func apply(_ transforms: [NumberTransform], to value: Float) -> Float {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 1) { number in
            number[0] = Double(value)
            for transform in transforms { _ = transform.apply(number) }
            return NumberRows.rounded(number[0])
        }
    }
}

/// Running mean and variance of numbers.
///
/// Source: Welford, "Note on a method for calculating corrected sums of squares and products",
/// Technometrics 1962; exact for constants, and without the cancellation of a sum of squares.
struct Moments: Sendable {
    private(set) var count = 0
    private(set) var mean = 0.0
    private(set) var minimum = Double.infinity
    private(set) var maximum = -Double.infinity
    private var squares = 0.0

    /// Takes a number in.
    mutating func add(_ number: Double) {
        count += 1
        let difference = number - mean
        mean += difference / Double(count)
        squares += difference * (number - mean)
        minimum = min(minimum, number)
        maximum = max(maximum, number)
    }

    /// The square root of the mean squared difference from the mean.
    var deviation: Double { count > 0 ? (squares / Double(count)).squareRoot() : 0 }
}

/// A bounded sample of numbers: all of them up to its size, then each equally likely.
///
/// Source: Vitter, "Random sampling with a reservoir", ACM TOMS 1985, algorithm R. The sequence of
/// random numbers belongs to the feature's name, so the same rows give the same sample.
struct QuantileSample: Sendable {
    /// Numbers kept: quantiles are then within about 0.2 % of their place in the order.
    static let countMax = 1 << 18

    private var values: [Float] = []
    private var seen: UInt64 = 0
    private var random: RandomSource

    init(name: String) { random = RandomSource(seed: 0, name: name) }

    /// Takes a number in.
    mutating func add(_ value: Float) {
        seen += 1
        if values.count < Self.countMax {
            values.append(value)
        } else {
            let place = random.next() % seen
            if place < UInt64(Self.countMax) { values[Int(place)] = value }
        }
    }

    /// The sample in ascending order; nil if it is empty.
    func ordered() -> Ordered? {
        values.isEmpty ? nil : Ordered(values: values.sorted())
    }

    /// Numbers in ascending order, at least one.
    struct Ordered {
        let values: [Float]

        /// The value at a share of the order, 0 the least and 1 the greatest; always one of them.
        func quantile(_ share: Double) -> Float {
            values[Int((share * Double(values.count - 1)).rounded())]
        }
    }
}
