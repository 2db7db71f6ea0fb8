import TandemWire

/// A connection on which calls suspend, as many at a time as there are tasks.
///
/// Calls are pipelined: each is sent at once, and answers come in the order in which the server
/// finishes. One thread of the connection's own receives; callers send by themselves. Cancelling a
/// task gives its call up here and at the server. After a failure of the connection itself every
/// call fails with the same error: make another. It ends with its last reference, or by `close`.
public final class AsyncConnection: Sendable {
    private let core: ConnectionCore
    private let options: ConnectionOptions

    private init(core: ConnectionCore, options: ConnectionOptions) {
        self.core = core
        self.options = options
    }

    deinit { core.close() }

    /// Connects to a daemon's socket.
    ///
    /// - Parameters:
    ///   - path: The data socket for Predict, metadata and health; the admin socket for the rest.
    ///   - options: Timeouts and limits.
    /// - Returns: The connection.
    /// - Throws: `ClientError`: `socketMissing`, `connectionRefused`, `permissionDenied`,
    ///   `socketPathInvalid`, `timedOut`, each with what to do.
    public static func connect(
        path: String, options: ConnectionOptions = ConnectionOptions()
    ) async throws(ClientError) -> AsyncConnection {
        // Handed over under a lock: the thread sanitizer does not see a continuation's own order
        // where it is resumed before it is awaited.
        let connected = Locked<Result<ConnectionCore, ClientError>?>(nil)
        await withCheckedContinuation { continuation in
            ConnectionCore.start(path: path, options: options) { result in
                connected.withLock { $0 = result }
                continuation.resume()
            }
        }
        guard let result = connected.withLock({ $0 }) else {
            preconditionFailure("resumed without a result")
        }
        return AsyncConnection(core: try result.get(), options: options)
    }

    /// Scores and ranks candidates.
    ///
    /// - Parameter request: What to score.
    /// - Returns: Every asked task's scores.
    /// - Throws: `ClientError`: what the server refuses and why, or what happened to the
    ///   connection; `cancelled` where the task was.
    public func predict(_ request: PredictRequest) async throws(ClientError) -> Prediction {
        let now = SocketStream.now
        let message = try request.message(now: now, path: core.path)
        let answer = try await core.ask(
            .predict(message), deadline: request.waitUntil(now: now, options))
        return try answer.prediction(path: core.path)
    }

    /// Makes a call other than Predict, such as `.modelMetadata("shop")`.
    ///
    /// - Parameters:
    ///   - call: The call.
    ///   - timeout: How long to wait; nil for the connection's option.
    /// - Returns: The call's answer.
    /// - Throws: `ClientError`, as `predict` does.
    public func call<Result>(
        _ call: Call<Result>, timeout: Duration? = nil
    ) async throws(ClientError) -> Result {
        let wait = timeout ?? call.patience ?? options.callTimeout
        let answer = try await core.ask(
            .control(call.call), deadline: SocketStream.now.addingDuration(wait))
        return try call.result(of: answer, path: core.path)
    }

    /// Closes the connection; calls that still wait fail with `connectionClosed`.
    public func close() { core.close() }
}
