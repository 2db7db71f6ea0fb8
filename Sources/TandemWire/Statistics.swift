/// Counters and histograms since the start: the answer to `statistics`.
package struct Statistics: Hashable, Sendable {
    /// The server as a whole.
    package var server = ServerStatistics()
    /// By model and version.
    package var models: [ModelStatistics] = []

    /// An answer with nothing set.
    package init() {}
}

/// The server as a whole.
///
/// Fields as in the schema.
package struct ServerStatistics: Hashable, Sendable {
    /// Process id.
    package var pid: UInt32 = 0
    /// Nanoseconds since the start.
    package var uptimeNanoseconds: UInt64 = 0
    /// Event loops.
    package var loops: UInt32 = 0
    /// Connections open now.
    package var openConnections: UInt64 = 0
    /// Requests in flight now.
    package var inFlight: UInt64 = 0
    /// Estimated microseconds of work that waits now.
    package var queuedWorkMicroseconds: UInt64 = 0
    /// Connections accepted.
    package var acceptedConnections: UInt64 = 0
    /// Requests received.
    package var requests: UInt64 = 0
    /// Bytes received.
    package var receivedBytes: UInt64 = 0
    /// Bytes sent.
    package var sentBytes: UInt64 = 0
    /// Calls refused before a model was known.
    package var refusals: [CodeCount] = []
    /// Resident memory.
    package var residentBytes: UInt64 = 0
    /// Memory for models.
    package var modelBytes: UInt64 = 0
    /// The budget for models.
    package var modelBytesMax: UInt64 = 0
    /// Whether draining began.
    package var isDraining = false
    /// Loads that succeeded.
    package var loads: UInt64 = 0
    /// Loads that failed.
    package var failedLoads: UInt64 = 0

    /// Statistics of nothing.
    package init() {}
}

/// How often a failure was answered.
package struct CodeCount: Hashable, Sendable {
    /// The failure's code.
    package var code: StatusCode
    /// The detail's reason; empty for none.
    package var reason: String
    /// How often.
    package var count: UInt64

    /// Makes a count.
    package init(_ code: StatusCode, reason: String = "", count: UInt64) {
        self.code = code
        self.reason = reason
        self.count = count
    }
}

/// One version of one model.
///
/// Fields as in the schema.
package struct ModelStatistics: Hashable, Sendable {
    /// The model's name.
    package var name = ""
    /// The version.
    package var version: UInt64 = 0
    /// Predict calls answered with scores.
    package var successes: UInt64 = 0
    /// Rows scored in them.
    package var rows: UInt64 = 0
    /// Predict calls answered with a status.
    package var failures: [CodeCount] = []
    /// Bytes of request frames.
    package var receivedBytes: UInt64 = 0
    /// Bytes of answer frames.
    package var sentBytes: UInt64 = 0
    /// Calls whose deadline passed after compute began.
    package var expired: UInt64 = 0
    /// Calls answered with scores more than a millisecond after their deadline.
    package var late: UInt64 = 0
    /// When the last call came, nanoseconds since 1970 UTC; 0 for never.
    package var lastRequestUnixNanoseconds: UInt64 = 0
    /// By stage.
    package var stages: [StageStatistics] = []
    /// By task.
    package var tasks: [TaskStatistics] = []
    /// By feature.
    package var features: [FeatureStatistics] = []
    /// Rows per call.
    package var rowsPerRequest = Histogram()

    /// Statistics of nothing.
    package init() {}
}

/// The time one stage took.
package struct StageStatistics: Hashable, Sendable {
    /// The stage.
    package var stage: Stage
    /// Nanoseconds.
    package var durations: Histogram

    /// Makes statistics.
    package init(_ stage: Stage, _ durations: Histogram) {
        self.stage = stage
        self.durations = durations
    }
}

/// The scores of one task.
package struct TaskStatistics: Hashable, Sendable {
    /// The task's name.
    package var name = ""
    /// Scores given.
    package var scores = Histogram()
    /// Scores that were not finite.
    package var notFinite: UInt64 = 0

    /// Statistics of nothing.
    package init() {}
}

/// What one feature's values were like.
///
/// Fields as in the schema.
package struct FeatureStatistics: Hashable, Sendable {
    /// The feature's name.
    package var name = ""
    /// Rows seen.
    package var rows: UInt64 = 0
    /// Rows missing.
    package var missingRows: UInt64 = 0
    /// Values that the vocabulary does not hold.
    package var unknownValues: UInt64 = 0
    /// Values clipped or cut.
    package var clippedValues: UInt64 = 0
    /// Values seen.
    package var values: UInt64 = 0

    /// Statistics of nothing.
    package init() {}
}

/// Counts by upper bound; the last bucket has none.
package struct Histogram: Hashable, Sendable {
    /// Upper bounds (inclusive), ascending, of all buckets but the last.
    package var bounds: [Double] = []
    /// One more entry than `bounds`, or empty.
    package var counts: [UInt64] = []
    /// Sum of the values.
    package var sum = 0.0
    /// Number of values.
    package var count: UInt64 = 0
    /// Smallest value; 0 where there is none.
    package var minimum = 0.0
    /// Largest value; 0 where there is none.
    package var maximum = 0.0

    /// A histogram of nothing.
    package init() {}
}
