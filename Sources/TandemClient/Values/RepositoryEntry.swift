import TandemWire

/// One version of one model in the daemon's repository, and its state.
public struct RepositoryEntry: Hashable, Sendable {
    /// The states of the Open Inference Protocol's repository extension.
    public enum State: String, Hashable, Sendable {
        /// In the repository, not loaded and not asked for.
        case unavailable = "UNAVAILABLE"
        /// Being loaded.
        case loading = "LOADING"
        /// Answers.
        case ready = "READY"
        /// Finishing its last requests.
        case unloading = "UNLOADING"
        /// Loading failed; what served before still does.
        case failed = "FAILED"
        /// A state that this client does not know.
        case unknown = "UNKNOWN"
    }

    /// The model's name.
    public var model: String
    /// The version.
    public var version: UInt64
    /// Its state.
    public var state: State
    /// Why it is in that state; empty where that is plain.
    public var reason: String
    /// Labels that point to it.
    public var labels: [String]
    /// Whether requests without version and label go to it.
    public var isCurrent: Bool
    /// The executor it runs: `int8` or `float`.
    public var executor: String
    /// Bytes of embedding tables.
    public var tableBytes: UInt64
    /// Bytes of other weights.
    public var denseBytes: UInt64
    /// Bytes of packed weights and plan.
    public var planBytes: UInt64
    /// Bytes of workspaces.
    public var arenaBytes: UInt64
    /// When it became ready, in nanoseconds since 1970 UTC; nil for never.
    public var readyAtUnixNanoseconds: UInt64?
    /// How long loading took.
    public var loadDuration: Duration
    /// While loading: bytes read so far.
    public var loadedBytes: UInt64
    /// While loading: bytes in all.
    public var totalBytes: UInt64
    /// Requests in flight on it.
    public var inFlight: UInt64

    /// All memory it takes, in bytes.
    public var memoryBytes: UInt64 {
        [tableBytes, denseBytes, planBytes, arenaBytes].reduce(0) { sum, bytes in
            let (sum, overflow) = sum.addingReportingOverflow(bytes)
            return overflow ? .max : sum
        }
    }

    init(_ state: ModelVersionState) {
        model = state.name
        version = state.version
        self.state = State(rawValue: state.state.name) ?? .unknown
        reason = state.reason
        labels = state.labels
        isCurrent = state.isCurrent
        executor = state.executor
        tableBytes = state.tableBytes
        denseBytes = state.denseBytes
        planBytes = state.planBytes
        arenaBytes = state.arenaBytes
        readyAtUnixNanoseconds =
            state.readyAtUnixNanoseconds == 0 ? nil : state.readyAtUnixNanoseconds
        loadDuration = .nanoseconds(state.loadDurationNanoseconds)
        loadedBytes = state.loadedBytes
        totalBytes = state.totalBytes
        inFlight = state.inFlight
    }
}

/// What a reload did.
public struct ReloadOutcome: Hashable, Sendable {
    /// Versions whose state changed.
    public var changed: [RepositoryEntry]
    /// Settings that were applied.
    public var appliedSettings: [String]
    /// Settings whose change needs a restart.
    public var restartSettings: [String]
}

/// What a drain found.
public struct DrainOutcome: Hashable, Sendable {
    /// Requests in flight when it began.
    public var inFlight: UInt64
    /// Connections open when it began.
    public var connections: UInt64
}
