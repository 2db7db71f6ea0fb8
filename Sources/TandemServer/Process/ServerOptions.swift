package import TandemWire

/// What a daemon is started with.
package struct ServerOptions: Sendable {
    /// The repository's directory; empty where nobody said.
    package var repository: String
    /// Where to bind the data socket; nil where the service manager passes it.
    package var socketPath: String?
    /// Where to bind the admin socket; nil for none, or where the service manager passes it.
    package var adminSocketPath: String?
    /// Permission bits of the data socket's file.
    package var socketMode: UInt32 = 0o660
    /// Permission bits of the admin socket's file.
    package var adminSocketMode: UInt32 = 0o600
    /// Event loops; 0 for one per allowed core.
    package var threads = 0
    /// Which program of a package runs.
    package var executor = ExecutorChoice.best
    /// Which versions of a model are loaded.
    package var versionPolicy = VersionPolicy.latest
    /// Whether changes of the repository are followed as they happen.
    package var watchesRepository = true
    /// Whether each loop keeps to a core of its own, if there are as many loops as cores.
    package var pinsLoops = true
    /// Threads that a load may use; 0 for one per allowed core.
    package var loadThreads = 0
    /// How they are scheduled.
    package var loadPriority = LoadPriority.idle
    /// Bytes of memory that all models may take; 0 for four fifths of what we may use.
    package var modelBytesMax = 0
    /// Thousandths by which a version's figures may be worse than the serving one's; 0: not compared.
    package var qualityDropMax = 0
    /// Nanoseconds that a request without deadline gets; 0 for no deadline.
    package var defaultDeadline: UInt64 = 0
    /// Who may make which call; no rule allows everything.
    package var access = AccessRules()
    /// The wire's limits.
    package var wireLimits = WireLimits()
    /// The daemon's limits.
    package var limits = ServerLimits()

    /// Defaults for a repository.
    package init(repository: String) { self.repository = repository }

    /// The most event loops: more than any machine's cores help nobody.
    package static let loopCountMax = 1_024
}
