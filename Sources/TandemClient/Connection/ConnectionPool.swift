import TandemWire

/// Connections to one daemon that outlive its restarts.
///
/// Calls are spread over a few connections, each of which pipelines. A connection that broke, or
/// whose server drains, is replaced when it is next needed; calls that can be asked again safely are
/// (see `RetryPolicy`), within their deadline. Nothing connects before the first call.
public final class ConnectionPool: Sendable {
    private struct State {
        var connections: [AsyncConnection?]
        var turn = 0
        var isClosed = false
    }

    private let path: String
    private let options: ConnectionOptions
    private let policy: RetryPolicy
    private let state: Locked<State>

    /// Makes a pool; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - path: The data socket for Predict, metadata and health; the admin socket for the rest.
    ///   - size: Connections, at least 1. Two keep both loops of a small machine busy.
    ///   - options: Timeouts and limits of each connection.
    ///   - policy: How often to ask again.
    public init(
        path: String, size: Int = 2, options: ConnectionOptions = ConnectionOptions(),
        policy: RetryPolicy = RetryPolicy()
    ) {
        precondition(size >= 1, "a pool has at least one connection")
        self.path = path
        self.options = options
        self.policy = policy
        state = Locked(State(connections: [AsyncConnection?](repeating: nil, count: size)))
    }

    /// Scores and ranks candidates; see `AsyncConnection.predict`.
    ///
    /// - Parameter request: What to score; its deadline bounds all attempts together.
    /// - Returns: Every asked task's scores.
    /// - Throws: `ClientError` of the last attempt.
    public func predict(_ request: PredictRequest) async throws(ClientError) -> Prediction {
        try await ask(deadline: request.deadline, isSafe: true) {
            (connection, timeLeft) async throws(ClientError) in
            var request = request
            if let timeLeft { request.deadline = timeLeft }
            return try await connection.predict(request)
        }
    }

    /// Makes a call other than Predict; see `AsyncConnection.call`.
    ///
    /// - Parameters:
    ///   - call: The call.
    ///   - timeout: How long to wait, all attempts together; nil for the connection's option for
    ///     each.
    /// - Returns: The call's answer.
    /// - Throws: `ClientError` of the last attempt.
    public func call<Result>(
        _ call: Call<Result>, timeout: Duration? = nil
    ) async throws(ClientError) -> Result {
        try await ask(deadline: timeout, isSafe: call.changesNothing) {
            (connection, timeLeft) async throws(ClientError) in
            try await connection.call(call, timeout: timeLeft)
        }
    }

    /// Closes all connections; calls that still wait fail, and so do later ones.
    public func close() {
        let open = state.withLock { state in
            let open = state.connections
            state.connections = open.map { _ in nil }
            state.isClosed = true
            return open
        }
        for connection in open { connection?.close() }
    }

    // MARK: Asking

    private func ask<Answer: Sendable>(
        deadline: Duration?, isSafe: Bool,
        _ body: (AsyncConnection, Duration?) async throws(ClientError) -> Answer
    ) async throws(ClientError) -> Answer {
        let end = deadline.map { SocketStream.now.addingDuration($0) }
        var attempt = 0
        while true {
            attempt += 1
            do throws(ClientError) {
                let (slot, connection) = try await connection()
                do throws(ClientError) {
                    return try await body(connection, Self.timeLeft(end))
                } catch {
                    if RetryPolicy.breaksConnection(error) { drop(connection, slot) }
                    throw error
                }
            } catch {
                let wait = policy.wait(
                    after: error, attempt: attempt, isSafe: isSafe, timeLeft: Self.timeLeft(end),
                    jitter: .random(in: 0..<1))
                guard let wait else { throw error }
                do {
                    try await Task.sleep(for: wait)
                } catch {
                    throw ClientError(
                        .cancelled,
                        "the task was cancelled while the call waited to be asked again", path: path
                    )
                }
            }
        }
    }

    private static func timeLeft(_ end: UInt64?) -> Duration? {
        guard let end else { return nil }
        let now = SocketStream.now
        return .nanoseconds(Int64(clamping: end > now ? end - now : 0))
    }

    /// The connection whose turn it is, made if there is none.
    private func connection() async throws(ClientError) -> (Int, AsyncConnection) {
        let (slot, known, isClosed) = state.withLock { state in
            state.turn = (state.turn + 1) % state.connections.count
            return (state.turn, state.connections[state.turn], state.isClosed)
        }
        guard !isClosed else {
            throw ClientError(.connectionClosed, "the pool was closed", path: path)
        }
        if let known { return (slot, known) }
        let made = try await AsyncConnection.connect(path: path, options: options)
        // Several tasks may have connected at once: the first one's stays, the others' ends with
        // its reference.
        let kept = state.withLock { state in
            if state.isClosed { return made }
            if let other = state.connections[slot] { return other }
            state.connections[slot] = made
            return made
        }
        return (slot, kept)
    }

    /// Forgets a connection; calls of others on it go on.
    private func drop(_ connection: AsyncConnection, _ slot: Int) {
        state.withLock { state in
            if state.connections[slot] === connection { state.connections[slot] = nil }
        }
    }
}

extension Call {
    /// Whether asking twice does no more than asking once.
    var changesNothing: Bool {
        switch call {
        case .serverLive, .serverReady, .serverMetadata, .modelReady, .modelMetadata,
            .repositoryIndex, .statistics:
            true
        case .cancel, .modelLoad, .modelUnload, .reload, .label, .drain: false
        }
    }
}
