internal import CTandemSystem
internal import Glibc

/// The signals that the daemon takes, read like any other event.
///
/// They are blocked for every thread, so make this before the first one is started: none is then
/// ever interrupted, and nothing runs inside a signal handler.
package struct ServerSignals: Sendable {
    /// What a signal asks for.
    package enum Request: Equatable, Sendable {
        /// SIGTERM or SIGINT: drain, then end.
        ///
        /// The second one: end now.
        case stop
        /// SIGHUP: look at the repository again.
        case reload
    }

    let descriptor: Int32

    /// Blocks SIGTERM, SIGINT and SIGHUP for this thread and those it will start.
    ///
    /// - Throws: `ServerError.loopFailed` at the descriptor limit.
    package init() throws(ServerError) {
        let signals = [SIGTERM, SIGINT, SIGHUP]
        descriptor = tandemsys_signalfd(signals, Int32(signals.count))
        guard descriptor >= 0 else {
            throw ServerError(
                .loopFailed,
                "cannot make a signalfd: \(systemErrorText(Int(descriptor))); raise the "
                    + "descriptor limit (LimitNOFILE=)", errorNumber: -descriptor)
        }
        // A reader of our standard error that went away must not end the daemon.
        signal(SIGPIPE, SIG_IGN)
    }

    /// The next request that waits, or nil.
    package func next() -> Request? {
        switch tandemsys_next_signal(descriptor) {
        case SIGTERM, SIGINT: .stop
        case SIGHUP: .reload
        default: nil
        }
    }
}
