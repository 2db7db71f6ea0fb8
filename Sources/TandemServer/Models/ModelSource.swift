package import TandemPackage
package import TandemRequest
package import TandemWire

/// Where models come from; off the hot path.
///
/// The daemon's is a repository on disk; tests have one in memory.
package protocol ModelSource: Sendable {
    /// What there is to load.
    ///
    /// - Throws: `ServerError.repositoryUnreadable`.
    func list() throws(ServerError) -> RepositoryListing

    /// A number that changes when anything about a version's files does.
    ///
    /// A version that could not be loaded is tried again when it has changed.
    func stamp(_ name: String, version: UInt64) -> UInt64

    /// Reads a version and makes it ready to serve.
    ///
    /// Called on a thread of its own, which may have a low priority; threads that it starts inherit
    /// that.
    ///
    /// - Parameters:
    ///   - name: The model.
    ///   - version: The version.
    ///   - terms: What it is loaded for.
    ///   - progress: Told how far it is.
    /// - Returns: The version, warm and checked.
    /// - Throws: `RequestError` with code `modelNotReady` for a version that is still being copied,
    ///   `loadFailed`, `dataDamaged` or `versionUnknown`.
    func load(
        _ name: String, version: UInt64, _ terms: LoadTerms, _ progress: LoadProgress
    ) throws(RequestError) -> LoadedModel

    /// What a version says of itself, without loading it; nil if that cannot be read.
    func metadata(_ name: String, version: UInt64) -> ModelMetadata?

    /// Bytes of memory that models take now, and may take; nil where nobody counts.
    var memory: (used: Int, max: Int)? { get }
}

extension ModelSource {
    /// Nobody counts.
    package var memory: (used: Int, max: Int)? { nil }
}

/// What a source has, as of one look.
package struct RepositoryListing: Sendable {
    /// One model's versions and labels.
    package struct Model: Hashable, Sendable {
        /// Ascending.
        package var versions: [UInt64]
        /// The version of each label; nil if they could not be read, and stay as they were.
        package var labels: [String: UInt64]?

        /// Makes an entry.
        package init(versions: [UInt64], labels: [String: UInt64]? = [:]) {
            self.versions = versions
            self.labels = labels
        }
    }

    /// Models that have a version, by name.
    package var models: [String: Model] = [:]
    /// Models that could not be looked at, and stay as they were.
    package var unreadable: Set<String> = []
    /// What is wrong there, a line each; for the log.
    package var problems: [String] = []

    /// Nothing.
    package init() {}
}

/// Which versions of a model are loaded without being asked for by number.
package enum VersionPolicy: String, CaseIterable, Sendable {
    /// The highest, and those that a label names.
    case latest
    /// Every one.
    case all
    /// Those that a label names.
    case listed
}

/// How threads that load are scheduled.
package enum LoadPriority: String, CaseIterable, Sendable {
    /// Only where nothing else runs, once something is served.
    case idle
    /// As threads that serve.
    case normal
}

/// What a model is loaded for.
package struct LoadTerms: Sendable {
    /// Loops that will serve it.
    package let loopCount: Int
    /// Threads that loading may use.
    package let threadCount: Int
    /// When they give way to threads that serve.
    package let priority: LoadPriority
    /// The wire's limits in force.
    package let limits: WireLimits
    /// CLOCK_MONOTONIC in nanoseconds.
    package let clock: @Sendable () -> UInt64

    /// Makes terms.
    package init(
        loopCount: Int, threadCount: Int, priority: LoadPriority = .idle, limits: WireLimits,
        clock: @escaping @Sendable () -> UInt64
    ) {
        self.loopCount = loopCount
        self.threadCount = threadCount
        self.priority = priority
        self.limits = limits
        self.clock = clock
    }
}
