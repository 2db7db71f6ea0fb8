internal import Glibc
internal import TandemEngine
internal import TandemFeatures
internal import TandemRequest
package import TandemWire

// Design: what a frame costs, and what happens when there are too many.
//
// On a quiet loop a small Predict is answered as it is read: decoding into an arena that is reset
// by moving a pointer, one look-up in an immutable table, the run straight into the connection's
// output, some clock readings for the histograms. Nothing is allocated, locked or logged for it.
//
// A request of several blocks of rows, and every request that is read while the turn has taken too
// long already, becomes a pending call (`RequestService+Pending.swift`): it keeps the arena it was
// decoded into, the queue refuses it at once or gives it its place, and the loop computes it between
// two polls of its sockets.

/// What all loops' services share.
package struct ServiceContext: Sendable {
    /// The models.
    package let registry: Registry
    /// What each loop lets the others help with, by its number.
    let offers: [LoopOffer]
    /// The loops.
    package let group: LoopGroup<ServiceMessage>
    /// The wire's limits in force.
    package let wireLimits: WireLimits
    /// What calls are answered by at the start.
    package let settings: ServiceSettings
    /// When the daemon started, CLOCK_MONOTONIC nanoseconds.
    package let startedAt: UInt64
    /// The instruction set of the kernels.
    package let instructionSet: String
    /// CLOCK_MONOTONIC in nanoseconds.
    package let clock: @Sendable () -> UInt64
    /// Tells the main thread.
    package let tell: @Sendable (ControlEvent) -> Void

    /// Makes a context.
    package init(
        registry: Registry, group: LoopGroup<ServiceMessage>, wireLimits: WireLimits,
        settings: ServiceSettings, startedAt: UInt64, instructionSet: String,
        clock: @escaping @Sendable () -> UInt64,
        tell: @escaping @Sendable (ControlEvent) -> Void
    ) {
        self.registry = registry
        self.group = group
        offers = group.mailboxes.map { _ in LoopOffer() }
        self.wireLimits = wireLimits
        self.settings = settings
        self.startedAt = startedAt
        self.instructionSet = instructionSet
        self.clock = clock
        self.tell = tell
    }
}

/// One loop's calls: frames to answers.
package struct RequestService: FrameService {
    /// Nanoseconds of a turn after which small requests too are queued rather than answered as
    /// they are read, so that those behind them are seen, and refused if need be, in time.
    var turnNanoseconds: UInt64 = 400_000

    /// Multiply-adds of a request from which a second core pays for being woken.
    var sharedWorkMin = ParallelExecutor.splitWork

    let context: ServiceContext
    let loop: Int
    var buffers: CallBuffers
    var spareBuffers: [CallBuffers] = []
    var table: ModelTable
    var settings: ServiceSettings
    var isDraining = false
    var refusals = FailureCounts()
    private var requestCount: UInt64 = 0
    private var turnStart: UInt64 = 0

    // Pending calls.
    let pending = PendingCalls()
    var smallQueue: CallQueue
    var largeQueue: CallQueue
    /// How much longer calls wait than the work before them is expected to take.
    var pace = WorkPace()
    /// Large calls that have begun.
    var begun: [Int] = []
    /// The one among the large calls that other loops may help with.
    var offered: Int?
    /// The same, once its last rows are being computed elsewhere.
    var awaited: Int?
    /// The loop whose call is helped with, while a block of it is half done here.
    var helped: (loop: Int, visit: SharedRows.Visit)?
    /// Nanoseconds spent on small calls since a large one that has begun got a block.
    var sinceBlock: UInt64 = 0
    /// When a small call was last read.
    var lastSmall: UInt64 = 0
    var frames = BufferPool()

    /// Makes the service of one loop.
    ///
    /// - Parameters:
    ///   - context: What the loops share.
    ///   - loop: The loop's number.
    /// - Throws: `ServerError.loopFailed` when there is no address space for an arena.
    package init(_ context: ServiceContext, loop: Int) throws(ServerError) {
        self.context = context
        self.loop = loop
        buffers = try CallBuffers(context.wireLimits)
        settings = context.settings
        smallQueue = CallQueue(context.settings.serverLimits.queue)
        largeQueue = CallQueue(context.settings.serverLimits.queue)
        table = context.registry.fetchTable(loop: loop)
        begun.reserveCapacity(16)
        spareBuffers.reserveCapacity(Self.spareBuffersMax)
    }

    // MARK: Frames

    /// Answers one frame, or takes it up.
    package mutating func serve(
        _ payload: UnsafeRawBufferPointer, _ caller: Caller, _ connection: inout ConnectionState
    ) -> FrameOutcome {
        let start = context.clock()
        requestCount &+= 1
        buffers.arena.reset()
        let request: RequestView
        do throws(WireError) {
            request = try buffers.decoder.decode(payload)
        } catch {
            refusals.add(error.status)
            write(error.status, id: error.requestID, &connection.output)
            return .answered
        }
        switch request.call {
        case .predict(let predict):
            return predicted(predict, request.id, start, payload.count, caller, &connection)
        case .control(let call):
            return control(call, request.id, caller, &connection)
        }
    }

    private mutating func predicted(
        _ request: PredictView, _ id: UInt64, _ start: UInt64, _ receivedBytes: Int,
        _ caller: Caller, _ connection: inout ConnectionState
    ) -> FrameOutcome {
        let loaded: LoadedModel
        do throws(RequestError) {
            guard caller.door == .data else { throw Self.wrongSocket("Predict", .data) }
            guard !connection.owes(id) else { throw Self.inFlight(id) }
            try checkAccess(.predict, request.model, &connection)
            loaded = try table.find(request.model, request.version)
        } catch {
            refusals.add(error.status)
            write(error.status, id: id, &connection.output)
            return .answered
        }
        let part = loaded.parts[loop]
        let decoded = context.clock()
        if turnStart == 0 { turnStart = start }
        if !connection.isOwn {
            part.counters.pointee.receivedBytes &+= UInt64(receivedBytes)
            part.counters.pointee.lastRequest = decoded
        }
        let isSmall = request.rows <= part.session.run.pointee.blockRows
        if isSmall, !connection.isOwn { lastSmall = decoded }
        guard isSmall, mayAnswerNow(request, start) else {
            return takeUp(
                Arrival(
                    request: request, id: id, loaded: loaded, isSmall: isSmall, at: start,
                    decoded: decoded, byteCount: receivedBytes), caller, &connection)
        }
        do throws(RequestError) {
            let sentBytes = try compute(
                request, id, part.session.run, decoded, decode: decoded &- start, &connection)
            if connection.isOwn { return .answered }
            part.counters.pointee.count(
                part.session.run.pointee, sentBytes, wait: 0, decode: decoded &- start,
                since: start, at: context.clock())
        } catch {
            part.counters.pointee.count(error)
            write(error.status, id: id, &connection.output)
        }
        return .answered
    }

    /// Whether nobody waits that a small request would overtake, or keep from being seen.
    private func mayAnswerNow(_ request: PredictView, _ start: UInt64) -> Bool {
        guard smallQueue.isEmpty, start &- turnStart < turnNanoseconds else { return false }
        guard !begun.isEmpty || !largeQueue.isEmpty else { return true }
        return request.priority >= highestLargePriority
    }

    /// Runs a request to its end; returns the answer's bytes.
    private mutating func compute(
        _ request: PredictView, _ id: UInt64, _ run: UnsafeMutablePointer<PredictRun>,
        _ now: UInt64, decode: UInt64, _ connection: inout ConnectionState
    ) throws(RequestError) -> Int {
        let byteCount = try run.pointee.arrive(
            request, id: id, now: now, defaultDeadline: settings.defaultDeadline)
        guard let frame = connection.output.reserve(byteCount).baseAddress else {
            preconditionFailure("reserve gives memory")
        }
        run.pointee.place(at: frame)
        try complete(run, now)
        guard request.wantsExplanation else {
            connection.output.commit(byteCount)
            return byteCount
        }
        return explain(
            run, byteCount, buffers.encoder, wait: 0, decode: decode, &connection.output)
    }

    // MARK: Other threads' answers

    /// Puts an answer of the loader's or the loops' into the output.
    package mutating func deliver(
        _ message: ServiceMessage, _ caller: Caller, _ connection: inout ConnectionState
    ) {
        buffers.arena.reset()
        switch message {
        case .answer(let answer):
            write(answer, id: caller.requestID, &connection.output)
        case .refusal(let error):
            refusals.add(error.status)
            write(error.status, id: caller.requestID, &connection.output)
        case .count, .settings: break
        }
    }

    /// Adds this loop's counts to a call for statistics, or takes other settings.
    package mutating func hear(_ message: ServiceMessage) {
        switch message {
        case .count(let collector):
            guard let sum = collector.add(counted()) else { return }
            context.group.mailboxes[collector.caller.loop].post(
                .reply(to: collector.caller, .answer(.statistics(statistics(sum)))))
        case .settings(let changed):
            settings = changed
            smallQueue.bounds = changed.serverLimits.queue
            largeQueue.bounds = changed.serverLimits.queue
        case .answer, .refusal: break
        }
    }

    /// Fetches the table of models if it changed; else one atomic load.
    package mutating func refresh() {
        turnStart = 0
        guard table.generation != context.registry.generation else { return }
        table = context.registry.fetchTable(loop: loop)
    }

    /// From now on the daemon says that it is not ready.
    package mutating func drain() { isDraining = true }

    private func counted() -> LoopStatistics {
        var part = LoopStatistics()
        part.requests = requestCount
        part.inFlight = pending.count
        part.queuedWork = smallQueue.work &+ largeQueue.work &+ begunWork
        part.refusals = refusals
        for loaded in table.models.flatMap(\.loaded) {
            let own = loaded.parts[loop]
            var features = own.helper.featureCounts
            var scores = own.session.run.pointee.scoreCounts
            for index in features.indices {
                features[index] += own.session.run.pointee.featureCounts[index]
            }
            for long in own.longSessions {
                for index in features.indices {
                    features[index] += long.run.pointee.featureCounts[index]
                }
                for index in scores.indices { scores[index] += long.run.pointee.scoreCounts[index] }
            }
            part.models.append(
                LoopStatistics.Model(
                    name: loaded.model.name, version: loaded.model.version,
                    featureNames: loaded.model.signature.features.map(\.name),
                    counters: own.counters.pointee, features: features,
                    taskNames: loaded.model.tasks.names, scores: scores))
        }
        return part
    }

    // MARK: Refusals

    /// Refuses a peer that no rule lets make the call.
    func checkAccess(
        _ kind: CallKinds, _ model: TextView?, _ connection: inout ConnectionState
    ) throws(RequestError) {
        guard !connection.isOwn else { return }
        let isAllowed = connection.access.allows(
            kind, model: model?.bytes, settings, connection.peer)
        guard !isAllowed else { return }
        let name = CallKinds.names.first { $0.value == kind }?.name ?? ""
        let who = connection.peer?.identity.map { "user \($0.uid)" } ?? "an unknown user"
        throw RequestError(
            .notAllowed,
            "\(who) may not \(name)"
                + (model.map { " with model '\($0.string)'" } ?? "")
                + "; add an [[allow]] to the daemon's configuration", model: model?.string,
            actual: connection.peer?.identity.map { Int($0.uid) })
    }

    static func wrongSocket(_ call: String, _ door: Door) -> RequestError {
        RequestError(
            .wrongSocket,
            "\(call) is answered on the \(door.name) socket; connect to that one "
                + (door == .admin ? "(--admin-socket)" : "(--socket)"), expected: door.name)
    }

    static func inFlight(_ id: UInt64) -> RequestError {
        RequestError(
            .idInFlight,
            "id \(id) is in flight on this connection; give each call an id of its own",
            actual: Int(clamping: id))
    }
}

extension ModelCounters {
    /// Counts a request that came at `start` and is answered now; CLOCK_MONOTONIC nanoseconds.
    mutating func count(
        _ run: PredictRun, _ bytes: Int, wait: UInt64, decode: UInt64, since start: UInt64,
        at now: UInt64
    ) {
        successes &+= 1
        if now > run.deadline, now &- run.deadline > 1_000_000 { late &+= 1 }
        rows &+= UInt64(run.rowCount)
        sentBytes &+= UInt64(bytes)
        rowsPerRequest.add(UInt64(run.rowCount))
        self.wait.add(wait)
        self.decode.add(decode)
        features.add(run.times.features)
        compute.add(run.times.compute)
        if run.times.rank > 0 { rank.add(run.times.rank) }
        encode.add(run.times.encode)
        total.add(now &- start)
        estimate.learn(
            rows: run.rowCount,
            nanoseconds: run.times.features &+ run.times.compute &+ run.times.rank)
    }

    /// Counts a refused request.
    mutating func count(_ error: RequestError) {
        failures.add(error.status)
        if error.code == .deadlinePassed { expired &+= 1 }
    }
}
