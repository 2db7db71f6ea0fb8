import TandemWire

/// What a server is.
public struct ServerDescription: Hashable, Sendable {
    /// The program's name.
    public var name: String
    /// Its version.
    public var version: String
    /// What it can do beyond the Open Inference Protocol's calls.
    public var extensions: [String]
    /// The limits in force by name, each in the unit that ends its name.
    public var limits: [String: Int64]
    /// The instruction set of its kernels.
    public var instructionSet: String
    /// Event loops, one per allowed core.
    public var loops: Int
    /// Process id.
    public var pid: Int
    /// Time since it started.
    public var uptime: Duration

    init(_ metadata: ServerMetadata) {
        name = metadata.name
        version = metadata.version
        extensions = metadata.extensions
        limits = Dictionary(metadata.limits.map { ($0.name, $0.value) }) { $1 }
        instructionSet = metadata.instructionSet
        loops = Int(metadata.loops)
        pid = Int(metadata.pid)
        uptime = .nanoseconds(metadata.uptimeNanoseconds)
    }
}

/// Whether something can answer, and if not, why.
public struct Readiness: Hashable, Sendable {
    /// Whether it can.
    public var isReady: Bool
    /// The version of the model that would answer; nil of a server, or where there is none.
    public var version: UInt64?
    /// One line: why not.
    ///
    /// Empty when ready.
    public var reason: String
}
