import Glibc
import TandemWire

/// A connection on which each call blocks its thread until the answer is there.
///
/// The simplest and, for one call at a time, the fastest way to ask. Threads that share one take
/// turns; give each its own to ask in parallel. After a failure of the connection itself every call
/// fails with the same error: make another.
public final class BlockingConnection: Sendable {
    private let exchange: Locked<Exchange>
    private let options: ConnectionOptions

    /// Connects to a daemon's socket.
    ///
    /// - Parameters:
    ///   - path: The data socket for Predict, metadata and health; the admin socket for the rest.
    ///   - options: Timeouts and limits.
    /// - Throws: `ClientError`: `socketMissing`, `connectionRefused`, `permissionDenied`,
    ///   `socketPathInvalid`, `timedOut`, each with what to do.
    public init(
        path: String, options: ConnectionOptions = ConnectionOptions()
    ) throws(ClientError) {
        let deadline = SocketStream.now.addingDuration(options.connectTimeout)
        let stream = try SocketStream(path: path, deadline: deadline)
        self.options = options
        exchange = Locked(try Exchange(stream: stream, frameBytesMax: options.frameBytesMax))
    }

    /// Scores and ranks candidates.
    ///
    /// - Parameter request: What to score.
    /// - Returns: Every asked task's scores.
    /// - Throws: `ClientError`: what the server refuses and why, or what happened to the
    ///   connection. After `timedOut` the connection is still of use, unless the request could not
    ///   be sent whole: a late answer is passed over.
    public func predict(_ request: PredictRequest) throws(ClientError) -> Prediction {
        let now = SocketStream.now
        return try exchange.withLock { (exchange) throws(ClientError) in
            let message = try request.message(now: now, path: exchange.stream.path)
            let answer = try exchange.ask(
                .predict(message), deadline: request.waitUntil(now: now, options))
            return try answer.prediction(path: exchange.stream.path)
        }
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
    ) throws(ClientError) -> Result {
        let wait = timeout ?? call.patience ?? options.callTimeout
        return try exchange.withLock { (exchange) throws(ClientError) in
            let answer = try exchange.ask(
                .control(call.call), deadline: SocketStream.now.addingDuration(wait))
            return try call.result(of: answer, path: exchange.stream.path)
        }
    }
}

/// One question and its answer at a time over one stream.
private struct Exchange: ~Copyable {
    let stream: SocketStream
    private let inbox: FrameInbox
    private let arena: ArenaAllocator
    private var lastID: UInt64 = 0
    private let outbox = Outbox()
    /// Why the connection is of no use any more.
    private var failure: ClientError?

    init(stream: SocketStream, frameBytesMax: Int) throws(ClientError) {
        self.stream = stream
        inbox = FrameInbox(frameBytesMax: frameBytesMax)
        arena = try ArenaAllocator(answersOf: frameBytesMax, path: stream.path)
    }

    mutating func ask(_ outgoing: Outgoing, deadline: UInt64) throws(ClientError) -> Answer {
        if let failure { throw failure }
        lastID += 1
        outbox.removeAll()
        do throws(WireError) {
            try outbox.append(outgoing, id: lastID, arena: arena)
        } catch {
            throw ClientError(error, path: stream.path)
        }
        try send(deadline: deadline)
        return try receive(deadline: deadline)
    }

    private mutating func send(deadline: UInt64) throws(ClientError) {
        do throws(ClientError) {
            try stream.send(outbox.unsent, deadline: deadline)
        } catch {
            // Half a frame may be out, so the framing is lost. But a server that refused the frame
            // has said why before it closed, and that is the better error.
            fail(error, shutsDown: error.code != .connectionLost)
            if error.code == .connectionLost { _ = try receive(deadline: deadline) }
            throw error
        }
    }

    private mutating func receive(deadline: UInt64) throws(ClientError) -> Answer {
        do throws(ClientError) {
            while true {
                while let incoming = try next() {
                    switch incoming {
                    case .answer(lastID, let answer): return answer
                    case .answer: continue  // Late, to a call that timed out.
                    case .goingAway(let reason):
                        failure = ClientError(
                            .unavailable, "the server is going away (\(reason)); connect again",
                            path: stream.path)
                    case .connectionFailure(let status):
                        throw ClientError(status, path: stream.path)
                    }
                }
                try stream.wait(for: Int16(POLLIN), deadline: deadline)
                let stream = stream
                _ = try inbox.fill { space throws(ClientError) in try stream.receiveSome(space) }
            }
        } catch {
            if error.code != .timedOut { fail(error, shutsDown: true) }
            throw error
        }
    }

    private mutating func fail(_ error: ClientError, shutsDown: Bool) {
        failure = error
        if shutsDown { stream.shutDown() }
    }

    private func next() throws(ClientError) -> Incoming? {
        do throws(WireError) {
            guard let payload = try inbox.next() else { return nil }
            return try Incoming(payload, arena: arena)
        } catch {
            throw ClientError(answer: error, path: stream.path)
        }
    }
}
