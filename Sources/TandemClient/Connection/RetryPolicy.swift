// Design: when to ask again, as a value without I/O.
//
// Predict computes and changes nothing, so asking twice is safe whatever became of the first time.
// A call that changes the server is asked again only where it is certain that the server did not
// take it up: nobody was reached, or the server itself said UNAVAILABLE. What the server refuses
// for the request's own sake is never asked again.
//
// The waits double from attempt to attempt, up to a bound, and are drawn from the upper half of
// that, so that clients which failed together do not come back together. A hint of the server's is
// the least that is waited. A deadline ends it all: who could not be answered in time is not asked.

/// How often, and after which waits, a pool asks again.
public struct RetryPolicy: Hashable, Sendable {
    /// Attempts after the first.
    ///
    /// Default 5; 0 for none.
    public var retriesMax = 5
    /// The first wait.
    ///
    /// Default 10 milliseconds.
    public var firstWait: Duration = .milliseconds(10)
    /// The longest wait, a hint of the server's apart.
    ///
    /// Default 1 second.
    public var longestWait: Duration = .seconds(1)

    /// The defaults.
    public init() {}

    /// Decides whether there is another attempt.
    ///
    /// - Parameters:
    ///   - error: Why the last attempt failed.
    ///   - attempt: Attempts so far, from 1.
    ///   - isSafe: Whether the call may be asked twice.
    ///   - timeLeft: Until the call's deadline; nil for none.
    ///   - jitter: 0 to 1, drawn at random.
    /// - Returns: How long to wait before it; nil to give up.
    func wait(
        after error: ClientError, attempt: Int, isSafe: Bool, timeLeft: Duration?, jitter: Double
    ) -> Duration? {
        guard attempt <= retriesMax, Self.mayRetry(error, isSafe: isSafe) else { return nil }
        var wait = firstWait
        for _ in 1..<attempt where wait < longestWait { wait = wait * 2 }
        wait = min(wait, longestWait) * (0.5 + jitter / 2)
        if let hint = error.retryAfter { wait = max(wait, hint) }
        if let timeLeft, wait >= timeLeft { return nil }
        return wait
    }

    /// Whether the next attempt needs another connection.
    static func breaksConnection(_ error: ClientError) -> Bool {
        switch error.code {
        case .connectionLost, .connectionClosed, .protocolViolation, .timedOut: true
        // A server that drains says so; its successor listens on the same path.
        case .unavailable: error.facts.first?.reason != "MODEL_NOT_READY"
        default: false
        }
    }

    private static func mayRetry(_ error: ClientError, isSafe: Bool) -> Bool {
        switch error.code {
        case .connectionRefused, .socketMissing, .unavailable: true
        case .connectionLost, .aborted: isSafe
        case .resourceExhausted: isSafe && error.retryAfter != nil
        default: false
        }
    }
}
