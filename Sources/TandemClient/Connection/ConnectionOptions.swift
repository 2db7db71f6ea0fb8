/// How a connection behaves.
///
/// The defaults suit a service beside its daemon.
public struct ConnectionOptions: Sendable {
    /// How long connecting may take, a daemon that is just starting included.
    ///
    /// Default 5 seconds.
    public var connectTimeout: Duration = .seconds(5)
    /// How long a call without a deadline of its own waits for its answer.
    ///
    /// Default 30 seconds.
    ///
    /// Calls that load, unload or drain wait 10 minutes instead.
    public var callTimeout: Duration = .seconds(30)
    /// Largest answer in bytes.
    ///
    /// Default 16 MiB; the server's `frame_bytes_max` is its own.
    public var frameBytesMax: Int = 16 << 20

    /// The defaults.
    public init() {}
}
