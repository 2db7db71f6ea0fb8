package import TandemRequest

/// The daemon's named limits.
///
/// What breaks one is answered with a status that names it; nothing is dropped in silence.
///
/// The limits of the wire itself (frame bytes, rows, columns) are `WireLimits`; these are about
/// connections and time.
package struct ServerLimits: Hashable, Sendable {
    /// Open connections on the data socket.
    ///
    /// Each idle one costs the kernel's socket and some 200 bytes here, so the default is set by
    /// what a service's descriptor limit usually grants.
    package var connectionsMax = 4_096
    /// Open connections on the admin socket: a few people and a metrics collector.
    package var adminConnectionsMax = 64
    /// Calls in flight on one connection, past which no further ones are read.
    ///
    /// A Predict that is answered at once is never in flight.
    package var inFlightPerConnectionMax = 64
    /// Bytes of requests in flight on one connection, past which no further ones are read; one
    /// call may go over it.
    package var inFlightBytesPerConnectionMax = 64 << 20
    /// Calls in flight of one user, over all its connections.
    package var inFlightPerUserMax = 1_024
    /// Bytes of requests in flight of one user, over all its connections.
    package var inFlightBytesPerUserMax = 256 << 20
    /// What may wait on one loop.
    package var queue = QueueBounds()
    /// Answers waiting for a slow reader, in bytes, past which its requests are no longer read.
    ///
    /// One answer may go over it, because it is checked before a request is taken up.
    package var unsentBytesMax = 4 << 20
    /// How long a reader may leave answers unread without taking a byte before it is cut,
    /// nanoseconds.
    ///
    /// Long, because a client stopped in a debugger should survive; bounded, because it holds
    /// memory.
    package var sendStallNanoseconds: UInt64 = 30_000_000_000
    /// How long a frame may take from its first byte to its last, nanoseconds.
    ///
    /// Half a frame and then silence is a broken client: on a local socket a frame arrives in
    /// microseconds.
    package var frameStallNanoseconds: UInt64 = 30_000_000_000
    /// How long a loop polls its sockets before it sleeps, where requests come that densely;
    /// nanoseconds, 0 for never.
    ///
    /// Waking an idle core costs more than the socket itself.
    package var spinNanoseconds: UInt64 = 50_000
    /// Frames taken from one connection before others have their turn.
    package var framesPerTurn = 16
    /// How long connections may take to finish once the daemon drains, nanoseconds.
    package var drainNanoseconds: UInt64 = 5_000_000_000
    /// How long accepting rests after the process ran out of descriptors, nanoseconds.
    package var acceptPauseNanoseconds: UInt64 = 100_000_000

    /// The defaults.
    package init() {}
}

extension ServerLimits {
    /// Open connections behind a door.
    func connectionsMax(_ door: Door) -> Int {
        door == .data ? connectionsMax : adminConnectionsMax
    }
}
