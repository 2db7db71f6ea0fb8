internal import CTandemSystem
internal import Glibc

// Design: a thread that waits for signals, and no signalfd.
//
// Whoever polls a signalfd is woken by every signal that any thread of the process gets, whatever the
// signalfd is for. Loads beside serving give way by timers that signal their own threads 7,000 times
// a second (`GivingWay`): each woke the main thread for nothing, which took 8 % of a core at full
// priority, and the cores from loops that were answering.

/// The signals that the daemon takes, read like any other event.
///
/// They are blocked for every thread, so make this before the first one is started: none is then
/// ever interrupted by them, and nothing runs inside a signal handler.
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

    private static let numbers = [SIGTERM, SIGINT, SIGHUP]

    /// Blocks SIGTERM, SIGINT and SIGHUP for this thread and those it will start.
    ///
    /// - Throws: `ServerError.threadFailed` where the system refuses.
    package init() throws(ServerError) {
        let result = tandemsys_block_signals(Self.numbers, Int32(Self.numbers.count))
        guard result >= 0 else {
            throw ServerError(
                .threadFailed, "cannot block signals: \(systemErrorText(Int(result)))",
                errorNumber: -result)
        }
        // A reader of our standard error that went away must not end the daemon.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Starts a thread that hands on each request, those too that came before.
    ///
    /// - Throws: `ServerError.threadFailed` at the process's thread limit.
    func start(_ take: @escaping @Sendable (Request) -> Void) throws(ServerError) {
        let thread = try ServerThread(name: "tandem-signals") {
            while true {
                switch tandemsys_wait_signal(Self.numbers, Int32(Self.numbers.count)) {
                case SIGTERM, SIGINT: take(.stop)
                case SIGHUP: take(.reload)
                default: return
                }
            }
        }
        thread.detach()
    }
}
