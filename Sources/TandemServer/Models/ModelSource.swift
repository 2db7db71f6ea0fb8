package import TandemRequest
package import TandemWire

/// Where models come from; off the hot path.
///
/// The daemon's is a repository on disk; tests have one in memory.
package protocol ModelSource: Sendable {
    /// The versions that can be loaded, by model, ascending.
    ///
    /// - Throws: `ServerError.repositoryUnreadable`.
    func list() throws(ServerError) -> [String: [UInt64]]

    /// Reads a version and makes it ready to serve.
    ///
    /// Called on a thread of its own, which may have a low priority; threads that it starts inherit
    /// that.
    ///
    /// - Throws: `RequestError` with code `loadFailed`, `dataDamaged` or `versionUnknown`.
    func load(_ name: String, version: UInt64, _ terms: LoadTerms) throws(RequestError)
        -> LoadedModel
}

/// What a model is loaded for.
package struct LoadTerms: Sendable {
    /// Loops that will serve it.
    package let loopCount: Int
    /// Threads that loading may use.
    package let threadCount: Int
    /// The wire's limits in force.
    package let limits: WireLimits
    /// CLOCK_MONOTONIC in nanoseconds.
    package let clock: @Sendable () -> UInt64

    /// Makes terms.
    package init(
        loopCount: Int, threadCount: Int, limits: WireLimits,
        clock: @escaping @Sendable () -> UInt64
    ) {
        self.loopCount = loopCount
        self.threadCount = threadCount
        self.limits = limits
        self.clock = clock
    }
}
