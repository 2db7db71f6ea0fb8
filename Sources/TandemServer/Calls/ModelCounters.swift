internal import TandemRequest
internal import TandemWire

/// How often each failure was answered.
package struct FailureCounts: Equatable, Sendable {
    private struct Key: Hashable, Sendable {
        let code: StatusCode
        let reason: String
    }

    private var counts: [Key: UInt64] = [:]

    /// Nothing failed.
    package init() {}

    /// Counts a failure.
    mutating func add(_ status: WireStatus) {
        let key = Key(code: status.code, reason: status.details.first?.reason ?? "")
        counts[key, default: 0] += 1
    }

    static func += (left: inout FailureCounts, right: FailureCounts) {
        left.counts.merge(right.counts, uniquingKeysWith: +)
    }

    /// As the wire has it, by code and reason.
    var wire: [CodeCount] {
        counts.map { CodeCount($0.key.code, reason: $0.key.reason, count: $0.value) }
            .sorted { ($0.code.rawValue, $0.reason) < ($1.code.rawValue, $1.reason) }
    }
}

/// What one loop counted of one version of a model.
package struct ModelCounters: Equatable, Sendable {
    var successes: UInt64 = 0
    var rows: UInt64 = 0
    var failures = FailureCounts()
    var receivedBytes: UInt64 = 0
    var sentBytes: UInt64 = 0
    var expired: UInt64 = 0
    /// Answered with scores more than a millisecond after the deadline.
    var late: UInt64 = 0
    /// CLOCK_MONOTONIC nanoseconds; 0 for never.
    var lastRequest: UInt64 = 0
    var rowsPerRequest = DurationHistogram()
    var wait = DurationHistogram()
    var decode = DurationHistogram()
    var features = DurationHistogram()
    var compute = DurationHistogram()
    var rank = DurationHistogram()
    var encode = DurationHistogram()
    var total = DurationHistogram()
    /// What requests of so many rows take on this loop; not part of any sum.
    var estimate = WorkEstimate()

    /// Nothing counted.
    package init() {}

    static func += (left: inout ModelCounters, right: ModelCounters) {
        left.successes += right.successes
        left.rows += right.rows
        left.failures += right.failures
        left.receivedBytes += right.receivedBytes
        left.sentBytes += right.sentBytes
        left.expired += right.expired
        left.late += right.late
        left.lastRequest = max(left.lastRequest, right.lastRequest)
        left.rowsPerRequest += right.rowsPerRequest
        left.wait += right.wait
        left.decode += right.decode
        left.features += right.features
        left.compute += right.compute
        left.rank += right.rank
        left.encode += right.encode
        left.total += right.total
    }
}
