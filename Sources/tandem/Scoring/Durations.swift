import Glibc

/// How long calls took, in microseconds.
struct Durations {
    private var values: [Double] = []

    /// Number of calls.
    var count: Int { values.count }

    /// Calls a second, one after the other.
    var perSecond: Double { Double(values.count) / (values.reduce(0, +) * 1e-6) }

    /// Makes a call and notes how long it took.
    mutating func measure(_ call: () throws -> Void) rethrows {
        let start = Self.now()
        try call()
        values.append(Self.now() - start)
    }

    /// Adds others.
    mutating func add(_ other: Durations) { values += other.values }

    /// The value that so large a share does not exceed (nearest rank); O(n log n).
    func quantile(_ share: Double) -> Double {
        guard !values.isEmpty else { return .nan }
        let sorted = values.sorted()
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank - 1, 0), sorted.count - 1)]
    }

    /// For people.
    var text: String {
        "\(Readable.grouped(count)) requests one after the other: "
            + "p50 \(Readable.fixed(quantile(0.5), 1)) us, p99 \(Readable.fixed(quantile(0.99), 1)) us, "
            + "\(Readable.grouped(Int(perSecond))) a second\n"
    }

    /// For programs.
    var json: JSONText {
        .object([
            ("requests", .integer(count)), ("p50_us", .number(quantile(0.5))),
            ("p99_us", .number(quantile(0.99))), ("rate_per_s", .number(perSecond)),
        ])
    }

    /// Monotonic time.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) * 1e-3
    }
}
