import Glibc

/// When requests of an open loop arrive, whatever the daemon does meanwhile.
struct ArrivalTimes {
    /// How they are spread.
    enum Spread: String, CaseIterable {
        /// At random and independently.
        case poisson
        /// Evenly.
        case constant
        /// Sixteen at once, at random.
        case bursts
    }

    private static let burstSize = 16

    private let spread: Spread
    private let gap: Double
    private var next: Double
    private var leftInBurst = 0

    /// Arrivals from a time on.
    ///
    /// - Parameters:
    ///   - rate: Requests a second, on average.
    ///   - spread: How they are spread.
    ///   - start: Nanoseconds of the monotonic clock.
    init(rate: Double, _ spread: Spread, start: UInt64) {
        self.spread = spread
        gap = 1e9 / rate
        next = Double(start)
    }

    /// The next arrival, nanoseconds of the monotonic clock.
    mutating func take(_ random: inout some RandomNumberGenerator) -> UInt64 {
        switch spread {
        case .constant: next += gap
        case .poisson: next += Self.exponential(gap, &random)
        case .bursts:
            if leftInBurst == 0 {
                leftInBurst = Self.burstSize
                next += Self.exponential(gap * Double(Self.burstSize), &random)
            }
            leftInBurst -= 1
        }
        return UInt64(next)
    }

    private static func exponential(
        _ mean: Double, _ random: inout some RandomNumberGenerator
    ) -> Double {
        -mean * log(1 - Double.random(in: 0..<1, using: &random))
    }
}
