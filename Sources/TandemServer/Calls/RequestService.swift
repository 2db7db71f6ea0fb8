internal import CTandemSystem
internal import Glibc
internal import TandemFeatures
internal import TandemRequest
package import TandemWire

// Design: what a frame costs.
//
// Decoding into an arena that is reset by moving a pointer, one look-up in an immutable table, the
// run over blocks straight into the connection's output, six clock readings for the histograms.
// Nothing is allocated, locked or logged for a Predict that succeeds; refusals may allocate.

/// What all loops' services share.
package struct ServiceContext: Sendable {
    /// The models.
    package let registry: Registry
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
    /// Tells the main thread.
    package let tell: @Sendable (ControlEvent) -> Void

    /// Makes a context.
    package init(
        registry: Registry, group: LoopGroup<ServiceMessage>, wireLimits: WireLimits,
        settings: ServiceSettings, startedAt: UInt64, instructionSet: String,
        tell: @escaping @Sendable (ControlEvent) -> Void
    ) {
        self.registry = registry
        self.group = group
        self.wireLimits = wireLimits
        self.settings = settings
        self.startedAt = startedAt
        self.instructionSet = instructionSet
        self.tell = tell
    }
}

/// One loop's calls: frames to answers.
package struct RequestService: FrameService {
    let context: ServiceContext
    let loop: Int
    let encoder: ResponseEncoder
    private let arena: ArenaAllocator
    private let decoder: RequestDecoder
    var table: ModelTable
    var settings: ServiceSettings
    var isDraining = false
    private var requestCount: UInt64 = 0
    private var refusals = FailureCounts()

    /// Makes the service of one loop.
    ///
    /// - Parameters:
    ///   - context: What the loops share.
    ///   - loop: The loop's number.
    /// - Throws: `ServerError.loopFailed` when there is no address space for an arena.
    package init(_ context: ServiceContext, loop: Int) throws(ServerError) {
        self.context = context
        self.loop = loop
        do {
            arena = try ArenaAllocator(capacity: context.wireLimits.arenaBytesMax)
        } catch { throw ServerError(.loopFailed, error.message) }
        decoder = RequestDecoder(limits: context.wireLimits, arena: arena)
        encoder = ResponseEncoder(
            arena: arena, frameBytesMax: context.wireLimits.frameBytesMax)
        settings = context.settings
        table = context.registry.fetchTable(loop: loop)
    }

    // MARK: Frames

    /// Answers one frame.
    package mutating func serve(
        _ payload: UnsafeRawBufferPointer, _ caller: Caller, _ connection: inout ConnectionState
    ) -> FrameOutcome {
        let start = tandemsys_monotonic_ns()
        requestCount &+= 1
        arena.reset()
        let request: RequestView
        do throws(WireError) {
            request = try decoder.decode(payload)
        } catch {
            refusals.add(error.status)
            write(error.status, id: error.requestID, &connection.output)
            return .answered
        }
        switch request.call {
        case .predict(let predict):
            answer(predict, request.id, start, payload.count, caller, &connection)
            return .answered
        case .control(let call):
            return control(call, request.id, caller, &connection)
        }
    }

    private mutating func answer(
        _ request: PredictView, _ id: UInt64, _ start: UInt64, _ receivedBytes: Int,
        _ caller: Caller, _ connection: inout ConnectionState
    ) {
        let loaded: LoadedModel
        do throws(RequestError) {
            guard caller.door == .data else { throw Self.wrongSocket("Predict", .data) }
            guard !connection.owes(id) else { throw Self.inFlight(id) }
            loaded = try table.find(request.model, request.version)
        } catch {
            refusals.add(error.status)
            return write(error.status, id: id, &connection.output)
        }
        let part = loaded.parts[loop]
        let decoded = tandemsys_monotonic_ns()
        part.counters.pointee.receivedBytes &+= UInt64(receivedBytes)
        part.counters.pointee.lastRequest = decoded
        do throws(RequestError) {
            let sentBytes = try compute(request, id, part.session.run, decoded, &connection)
            part.counters.pointee.count(
                part.session.run.pointee, sentBytes, decode: decoded &- start,
                total: tandemsys_monotonic_ns() &- start)
        } catch {
            part.counters.pointee.count(error)
            write(error.status, id: id, &connection.output)
        }
    }

    /// Runs a request to its end; returns the answer's bytes.
    private mutating func compute(
        _ request: PredictView, _ id: UInt64, _ run: UnsafeMutablePointer<PredictRun>,
        _ now: UInt64, _ connection: inout ConnectionState
    ) throws(RequestError) -> Int {
        let byteCount = try run.pointee.arrive(
            request, id: id, now: now, defaultDeadline: settings.defaultDeadline)
        guard let frame = connection.output.reserve(byteCount).baseAddress else {
            preconditionFailure("reserve gives memory")
        }
        run.pointee.place(at: frame)
        var now = now
        while try run.pointee.advance(now: now) == .more { now = tandemsys_monotonic_ns() }
        guard request.wantsExplanation else {
            connection.output.commit(byteCount)
            return byteCount
        }
        return explain(request, run, byteCount, &connection)
    }

    // MARK: Other threads' answers

    /// Puts an answer of the loader's or the loops' into the output.
    package mutating func deliver(
        _ message: ServiceMessage, _ caller: Caller, _ connection: inout ConnectionState
    ) {
        arena.reset()
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
        case .settings(let changed): settings = changed
        case .answer, .refusal: break
        }
    }

    /// Fetches the table of models if it changed; else one atomic load.
    package mutating func refresh() {
        guard table.generation != context.registry.generation else { return }
        table = context.registry.fetchTable(loop: loop)
    }

    /// From now on the daemon says that it is not ready.
    package mutating func drain() { isDraining = true }

    private func counted() -> LoopStatistics {
        var part = LoopStatistics()
        part.requests = requestCount
        part.refusals = refusals
        for loaded in table.models.flatMap(\.loaded) {
            let own = loaded.parts[loop]
            part.models.append(
                LoopStatistics.Model(
                    name: loaded.model.name, version: loaded.model.version,
                    featureNames: loaded.model.signature.features.map(\.name),
                    counters: own.counters.pointee,
                    features: own.session.run.pointee.featureCounts))
        }
        return part
    }

    // MARK: Writing

    /// Puts a status about the connection into the output.
    package mutating func refuse(_ status: WireStatus, _ output: inout ByteQueue) {
        refusals.add(status)
        arena.reset()
        write(status, id: 0, &output)
    }

    /// Puts the notice that the connection will be closed into the output.
    package mutating func sayGoodbye(
        closesIn nanoseconds: UInt64, _ output: inout ByteQueue
    ) {
        arena.reset()
        do {
            let frame = try encoder.goingAway(
                reason: "the daemon drains; connect again for more",
                closesInNanoseconds: nanoseconds)
            write(frame, &output)
        } catch { Self.mustFit(error) }
    }

    func write(_ answer: ControlAnswer, id: UInt64, _ output: inout ByteQueue) {
        do throws(WireError) {
            write(try encoder.control(id: id, answer), &output)
        } catch {
            write(error.status, id: id, &output)
        }
    }

    func write(_ status: WireStatus, id: UInt64, _ output: inout ByteQueue) {
        do {
            write(try encoder.status(id: id, status), &output)
        } catch {
            // The request left no room in the arena for its own refusal.
            arena.reset()
            do { write(try encoder.status(id: id, status), &output) } catch { Self.mustFit(error) }
        }
    }

    private func write(_ frame: EncodedFrame, _ output: inout ByteQueue) {
        guard let memory = output.reserve(frame.byteCount).baseAddress else { return }
        frame.write(to: memory)
        output.commit(frame.byteCount)
    }

    /// A status has at most 16 KiB, and an arena and a frame have more.
    private static func mustFit(_ error: any Error) -> Never {
        fatalError("a status did not fit its frame: \(error)")
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
    /// Counts an answered request.
    mutating func count(_ run: PredictRun, _ bytes: Int, decode: UInt64, total: UInt64) {
        successes &+= 1
        rows &+= UInt64(run.rowCount)
        sentBytes &+= UInt64(bytes)
        rowsPerRequest.add(UInt64(run.rowCount))
        self.decode.add(decode)
        features.add(run.times.features)
        compute.add(run.times.compute)
        if run.times.rank > 0 { rank.add(run.times.rank) }
        self.total.add(total)
    }

    /// Counts a refused request.
    mutating func count(_ error: RequestError) {
        failures.add(error.status)
        if error.code == .deadlinePassed { expired &+= 1 }
    }
}
