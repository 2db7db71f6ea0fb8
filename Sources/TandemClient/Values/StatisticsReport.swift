import TandemWire

/// Counters and histograms since the daemon's start.
public struct StatisticsReport: Hashable, Sendable {
    /// Counts by upper bound; the last bucket has none.
    public struct Distribution: Hashable, Sendable {
        /// Upper bounds (inclusive), ascending, of all buckets but the last.
        public var bounds: [Double]
        /// One more entry than `bounds`, or empty.
        public var counts: [UInt64]
        /// Sum of the values.
        public var sum: Double
        /// Number of values.
        public var count: UInt64
        /// Smallest value; 0 where there is none.
        public var minimum: Double
        /// Largest value; 0 where there is none.
        public var maximum: Double
    }

    /// How often a failure was answered.
    public struct FailureCount: Hashable, Sendable {
        /// The failure's code.
        public var code: ClientError.Code
        /// The fact's reason; empty for none.
        public var reason: String
        /// How often.
        public var count: UInt64
    }

    /// The server as a whole.
    public struct Server: Hashable, Sendable {
        /// Process id.
        public var pid: Int
        /// Time since the start.
        public var uptime: Duration
        /// Event loops.
        public var loops: Int
        /// Connections open now.
        public var openConnections: UInt64
        /// Requests in flight now.
        public var inFlight: UInt64
        /// Estimated microseconds of work that waits now.
        public var queuedWorkMicroseconds: UInt64
        /// Connections accepted.
        public var acceptedConnections: UInt64
        /// Requests received.
        public var requests: UInt64
        /// Bytes received.
        public var receivedBytes: UInt64
        /// Bytes sent.
        public var sentBytes: UInt64
        /// Calls refused before a model was known.
        public var refusals: [FailureCount]
        /// Resident memory in bytes.
        public var residentBytes: UInt64
        /// Memory for models in bytes.
        public var modelBytes: UInt64
        /// The budget for models in bytes.
        public var modelBytesMax: UInt64
        /// Whether it drains.
        public var isDraining: Bool
        /// Loads that succeeded.
        public var loads: UInt64
        /// Loads that failed.
        public var failedLoads: UInt64
    }

    /// One stage of requests.
    public struct Stage: Hashable, Sendable {
        /// The stage's name, such as `compute`.
        public var name: String
        /// Nanoseconds.
        public var durations: Distribution
    }

    /// One task.
    public struct Task: Hashable, Sendable {
        /// The task's name.
        public var name: String
        /// Scores given.
        public var scores: Distribution
        /// Scores that were not finite.
        public var notFinite: UInt64
    }

    /// One feature.
    public struct Feature: Hashable, Sendable {
        /// The feature's name.
        public var name: String
        /// Rows seen.
        public var rows: UInt64
        /// Rows missing.
        public var missingRows: UInt64
        /// Values seen.
        public var values: UInt64
        /// Values that the vocabulary does not hold.
        public var unknownValues: UInt64
        /// Values clipped or cut.
        public var clippedValues: UInt64
    }

    /// One version of one model.
    public struct Model: Hashable, Sendable {
        /// The model's name.
        public var name: String
        /// The version.
        public var version: UInt64
        /// Predict calls answered with scores.
        public var successes: UInt64
        /// Rows scored in them.
        public var rows: UInt64
        /// Predict calls answered with a failure.
        public var failures: [FailureCount]
        /// Bytes of request frames.
        public var receivedBytes: UInt64
        /// Bytes of answer frames.
        public var sentBytes: UInt64
        /// Calls whose deadline passed after compute began.
        public var expired: UInt64
        /// Calls answered with scores more than a millisecond after their deadline.
        public var late: UInt64
        /// When the last call came, in nanoseconds since 1970 UTC; nil for never.
        public var lastRequestUnixNanoseconds: UInt64?
        /// By stage.
        public var stages: [Stage]
        /// By task.
        public var tasks: [Task]
        /// By feature.
        public var features: [Feature]
        /// Rows per call.
        public var rowsPerRequest: Distribution
    }

    /// The server as a whole.
    public var server: Server
    /// By model and version.
    public var models: [Model]

    init(_ statistics: Statistics) {
        server = Server(statistics.server)
        models = statistics.models.map { Model($0) }
    }
}

extension StatisticsReport.Distribution {
    fileprivate init(_ histogram: Histogram) {
        bounds = histogram.bounds
        counts = histogram.counts
        sum = histogram.sum
        count = histogram.count
        minimum = histogram.minimum
        maximum = histogram.maximum
    }
}

extension StatisticsReport.FailureCount {
    fileprivate init(_ count: CodeCount) {
        code = ClientError.Code(count.code)
        reason = count.reason
        self.count = count.count
    }
}

extension StatisticsReport.Server {
    fileprivate init(_ server: ServerStatistics) {
        pid = Int(server.pid)
        uptime = .nanoseconds(server.uptimeNanoseconds)
        loops = Int(server.loops)
        openConnections = server.openConnections
        inFlight = server.inFlight
        queuedWorkMicroseconds = server.queuedWorkMicroseconds
        acceptedConnections = server.acceptedConnections
        requests = server.requests
        receivedBytes = server.receivedBytes
        sentBytes = server.sentBytes
        refusals = server.refusals.map { StatisticsReport.FailureCount($0) }
        residentBytes = server.residentBytes
        modelBytes = server.modelBytes
        modelBytesMax = server.modelBytesMax
        isDraining = server.isDraining
        loads = server.loads
        failedLoads = server.failedLoads
    }
}

extension StatisticsReport.Model {
    fileprivate init(_ model: ModelStatistics) {
        name = model.name
        version = model.version
        successes = model.successes
        rows = model.rows
        failures = model.failures.map { StatisticsReport.FailureCount($0) }
        receivedBytes = model.receivedBytes
        sentBytes = model.sentBytes
        expired = model.expired
        late = model.late
        lastRequestUnixNanoseconds =
            model.lastRequestUnixNanoseconds == 0 ? nil : model.lastRequestUnixNanoseconds
        stages = model.stages.map {
            StatisticsReport.Stage(
                name: $0.stage.name, durations: StatisticsReport.Distribution($0.durations))
        }
        tasks = model.tasks.map {
            StatisticsReport.Task(
                name: $0.name, scores: StatisticsReport.Distribution($0.scores),
                notFinite: $0.notFinite)
        }
        features = model.features.map {
            StatisticsReport.Feature(
                name: $0.name, rows: $0.rows, missingRows: $0.missingRows, values: $0.values,
                unknownValues: $0.unknownValues, clippedValues: $0.clippedValues)
        }
        rowsPerRequest = StatisticsReport.Distribution(model.rowsPerRequest)
    }
}
