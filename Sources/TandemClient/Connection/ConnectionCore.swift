// Design: the async connection's inside. One thread receives, expires and hands out answers; any
// thread sends.
//
// A caller encodes its request and sends it itself, under the lock that keeps frames whole, so that
// a call costs no switch to the thread on its way out. What the socket does not take at once is left
// to the thread, which waits with poll for the socket, for a wake-up (eventfd) and for the next
// deadline. A call is in `waiting` from before its first byte is sent until exactly one of four
// things removes it, and whoever removes it resumes it: its answer, its deadline, its task's
// cancellation, the connection's end.
//
// The thread is a pthread, not a task: it blocks in poll, which a task must not.
import CTandemSystem
import Glibc
import TandemWire

/// The state and the thread of an async connection.
///
/// The thread keeps it alive until it is closed.
final class ConnectionCore: Sendable {
    typealias Outcome = Result<Answer, ClientError>

    private struct Waiting {
        let resume: @Sendable (Outcome) -> Void
        let deadline: UInt64
    }

    private struct State {
        var waiting: [UInt64: Waiting] = [:]
        /// Ids whose task was cancelled before they began to wait.
        var cancelledEarly: Set<UInt64> = []
        var lastID: UInt64 = 0
        let outbox = Outbox()
        /// No call's deadline is before this; it may be too early, never too late.
        var earliest = UInt64.max
        /// Why new calls fail.
        var failure: ClientError?
        let arena: ArenaAllocator
    }

    /// The socket's path.
    let path: String
    private let stream: SocketStream
    private let wakeUp: Int32
    private let state: Locked<State>

    private init(stream: SocketStream) throws(ClientError) {
        self.stream = stream
        path = stream.path
        // Requests are not decoded here: only their small parts are built in this arena.
        state = Locked(State(arena: try ArenaAllocator(answersOf: 1 << 20, path: stream.path)))
        wakeUp = tandemsys_eventfd()
        guard wakeUp >= 0 else { throw ConnectFailure.error(-wakeUp, stream.path) }
    }

    deinit { _ = Glibc.close(wakeUp) }

    /// Connects and runs on a thread of its own.
    ///
    /// - Parameters:
    ///   - path: The socket's path.
    ///   - options: Timeouts and limits.
    ///   - connected: Called once, from that thread (or from here if there is none).
    static func start(
        path: String, options: ConnectionOptions,
        connected: @escaping @Sendable (Result<ConnectionCore, ClientError>) -> Void
    ) {
        let started = Pthread.start {
            do throws(ClientError) {
                let deadline = SocketStream.now.addingDuration(options.connectTimeout)
                let core = try ConnectionCore(
                    stream: try SocketStream(path: path, deadline: deadline))
                let arena = try ArenaAllocator(answersOf: options.frameBytesMax, path: path)
                connected(.success(core))
                core.run(FrameInbox(frameBytesMax: options.frameBytesMax), arena)
            } catch {
                connected(.failure(error))
            }
        }
        if started != 0 { connected(.failure(ConnectFailure.error(started, path))) }
    }

    // MARK: Callers

    /// Sends a request and suspends until one of four things ends the wait.
    func ask(_ outgoing: Outgoing, deadline: UInt64) async throws(ClientError) -> Answer {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                send(outgoing, id: id, deadline: deadline) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            cancel(id)
        }
        // A task that was cancelled after its answer came left its id here. Taking the lock also
        // orders the answer's bytes after the thread's writes where the sanitizer can see it.
        state.withLock { _ = $0.cancelledEarly.remove(id) }
        return try outcome.get()
    }

    /// Ends the connection; every call that waits fails, and so does every later one.
    func close() {
        end(
            ClientError(
                .connectionClosed, "the connection was closed by this program", path: path))
        tandemsys_eventfd_signal(wakeUp)
    }

    private func send(
        _ outgoing: Outgoing, id: UInt64, deadline: UInt64,
        resume: @escaping @Sendable (Outcome) -> Void
    ) {
        let refused: ClientError? = state.withLock { state in
            if let failure = state.failure { return failure }
            if state.cancelledEarly.remove(id) != nil { return cancelled() }
            do throws(WireError) {
                try state.outbox.append(outgoing, id: id, arena: state.arena)
            } catch {
                return ClientError(error, path: path)
            }
            state.waiting[id] = Waiting(resume: resume, deadline: deadline)
            flush(state.outbox)
            // The thread must learn of bytes that are left, and of a deadline before its own.
            if deadline < state.earliest || !state.outbox.isEmpty {
                state.earliest = min(state.earliest, deadline)
                tandemsys_eventfd_signal(wakeUp)
            }
            return nil
        }
        if let refused { resume(.failure(refused)) }
    }

    private func cancel(_ id: UInt64) {
        let removed: Waiting? = state.withLock { state in
            guard let removed = state.waiting.removeValue(forKey: id) else {
                state.cancelledEarly.insert(id)
                return nil
            }
            // The server is told, so that it need not finish; its answers to both are passed over.
            state.lastID += 1
            try? state.outbox.append(.control(.cancel(id)), id: state.lastID, arena: state.arena)
            flush(state.outbox)
            if !state.outbox.isEmpty { tandemsys_eventfd_signal(wakeUp) }
            return removed
        }
        removed?.resume(.failure(cancelled()))
    }

    private func cancelled() -> ClientError {
        ClientError(.cancelled, "the call's task was cancelled", path: path)
    }

    /// Sends what the socket takes.
    ///
    /// A failure shows when the thread receives.
    private func flush(_ outbox: Outbox) {
        guard !outbox.isEmpty, let taken = try? stream.sendSome(outbox.unsent) else { return }
        outbox.consume(taken)
    }

    // MARK: The thread

    private func run(_ inbox: FrameInbox, _ arena: ArenaAllocator) {
        while true {
            let (wait, hasOutput, isOver) = state.withLock { state in
                (state.earliest, !state.outbox.isEmpty, state.failure?.code == .connectionClosed)
            }
            if isOver { return }
            let ready = poll(until: wait, output: hasOutput)
            if ready.output { state.withLock { flush($0.outbox) } }
            if ready.input {
                do throws(ClientError) {
                    try receive(inbox, arena)
                } catch {
                    end(error)
                    return
                }
            }
            expire()
        }
    }

    private func poll(until deadline: UInt64, output: Bool) -> (input: Bool, output: Bool) {
        let now = SocketStream.now
        let wait =
            deadline == .max
            ? -1 : deadline <= now ? 0 : SocketStream.milliseconds(deadline - now)
        let events = Int16(POLLIN) | (output ? Int16(POLLOUT) : 0)
        var entries = [
            pollfd(fd: stream.descriptor, events: events, revents: 0),
            pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0),
        ]
        guard Glibc.poll(&entries, 2, wait) > 0 else { return (false, false) }
        if entries[1].revents != 0 { tandemsys_eventfd_clear(wakeUp) }
        let ready = entries[0].revents
        return (ready & ~Int16(POLLOUT) != 0, ready & Int16(POLLOUT) != 0)
    }

    private func receive(_ inbox: FrameInbox, _ arena: ArenaAllocator) throws(ClientError) {
        let stream = stream
        while try inbox.fill({ space throws(ClientError) in try stream.receiveSome(space) }) {
            while let incoming = try next(inbox, arena) { try take(incoming) }
        }
    }

    private func next(
        _ inbox: FrameInbox, _ arena: ArenaAllocator
    ) throws(ClientError) -> Incoming? {
        do throws(WireError) {
            guard let payload = try inbox.next() else { return nil }
            return try Incoming(payload, arena: arena)
        } catch {
            throw ClientError(answer: error, path: path)
        }
    }

    private func take(_ incoming: Incoming) throws(ClientError) {
        switch incoming {
        case .answer(let id, let answer):
            let waiting = state.withLock { $0.waiting.removeValue(forKey: id) }
            waiting?.resume(.success(answer))
        case .goingAway(let reason):
            state.withLock { state in
                guard state.failure == nil else { return }
                state.failure = ClientError(
                    .unavailable, "the server is going away (\(reason)); connect again",
                    path: path)
            }
        case .connectionFailure(let status): throw ClientError(status, path: path)
        }
    }

    private func expire() {
        let now = SocketStream.now
        let expired: [Waiting] = state.withLock { state in
            guard state.earliest <= now else { return [] }
            var expired: [Waiting] = []
            var earliest = UInt64.max
            for (id, waiting) in state.waiting {
                if waiting.deadline <= now {
                    expired.append(waiting)
                    state.waiting[id] = nil
                } else {
                    earliest = min(earliest, waiting.deadline)
                }
            }
            state.earliest = earliest
            return expired
        }
        let error = ClientError(
            .timedOut,
            "no answer in time; the server may be overloaded or stopped, or its load may call for "
                + "a longer timeout", path: path)
        for waiting in expired { waiting.resume(.failure(error)) }
    }

    /// Fails everything that waits, and everything that comes.
    private func end(_ error: ClientError) {
        let waiting = state.withLock { state in
            let waiting = state.waiting
            state.waiting = [:]
            if state.failure?.code != .connectionClosed { state.failure = error }
            return waiting
        }
        stream.shutDown()
        for entry in waiting.values { entry.resume(.failure(error)) }
    }
}
