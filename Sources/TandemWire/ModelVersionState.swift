/// The states of the Open Inference Protocol's repository extension, as the wire numbers them.
package enum ModelState: UInt32, CaseIterable, Sendable {
    /// Not said.
    case unspecified = 0
    /// In the repository, not loaded and not asked for.
    case unavailable = 1
    /// Being loaded.
    case loading = 2
    /// Answers.
    case ready = 3
    /// Finishing its last requests.
    case unloading = 4
    /// Loading failed.
    case failed = 5

    /// The name in messages, as the Open Inference Protocol has it where it has one.
    package var name: String {
        switch self {
        case .unspecified: "UNSPECIFIED"
        case .unavailable: "UNAVAILABLE"
        case .loading: "LOADING"
        case .ready: "READY"
        case .unloading: "UNLOADING"
        case .failed: "FAILED"
        }
    }
}

/// One version of one model and its state.
///
/// Fields as in the schema.
package struct ModelVersionState: Hashable, Sendable {
    /// The model's name.
    package var name = ""
    /// The version.
    package var version: UInt64 = 0
    /// Its state.
    package var state = ModelState.unspecified
    /// Why it is in that state; empty where that is plain.
    package var reason = ""
    /// Labels that point to it.
    package var labels: [String] = []
    /// Whether requests without version and label go to it.
    package var isCurrent = false
    /// The executor it runs.
    package var executor = ""
    /// Bytes of embedding tables.
    package var tableBytes: UInt64 = 0
    /// Bytes of other weights.
    package var denseBytes: UInt64 = 0
    /// Bytes of packed weights and plan.
    package var planBytes: UInt64 = 0
    /// Bytes of workspaces.
    package var arenaBytes: UInt64 = 0
    /// When it became ready, nanoseconds since 1970 UTC; 0 for never.
    package var readyAtUnixNanoseconds: UInt64 = 0
    /// How long loading took.
    package var loadDurationNanoseconds: UInt64 = 0
    /// While loading: bytes read so far.
    package var loadedBytes: UInt64 = 0
    /// While loading: bytes in all.
    package var totalBytes: UInt64 = 0
    /// Requests in flight on it.
    package var inFlight: UInt64 = 0

    /// A state with nothing set.
    package init() {}
}
