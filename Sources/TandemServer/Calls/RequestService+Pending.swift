internal import CTandemSystem
internal import TandemRequest
internal import TandemWire

// Design: two kinds of pending call, and whose turn it is.
//
// A small call has at most one block of rows and is computed in one go. A large one is computed
// block by block in a session of its own, so that small ones run in between: the loop asks for one
// piece of work, polls its sockets, and asks again. Of a model's large calls one begins when the last
// has ended, or when it has a higher priority: it then overtakes between two blocks. What is large
// enough for it is offered to loops that have nothing to do (`RequestService+Sharing.swift`).
//
// Whose turn: small calls go before the next slice of a large one, unless that has a higher
// priority, or small ones had their fill since its last block (`fillNanoseconds`), so that a stream
// of small calls slows a large one down but never stops it.
//
// While small calls come, a piece of work is a slice of a block, the steps that take some 20 us;
// otherwise it is the rest of the block. A block's values lie in the large calls' memory between its
// slices, so it is ended before another large call's block begins. (Blocks of fewer rows did the
// same before, at a price: 16 rows at a time take 1.2 of the time of 64, 8 rows 1.4.)
//
// A finished call is given to its connection at once. One whose connection went away is dropped
// where it stands.

extension RequestService {
    /// Arenas kept for pending calls.
    static var spareBuffersMax: Int { 64 }
    /// Nanoseconds of small calls after which a large one gets a block.
    private static var fillNanoseconds: UInt64 { 500_000 }
    /// Nanoseconds for which a small call shows that more of them come.
    private static var smallCallsNanoseconds: UInt64 { 1_000_000 }

    /// A Predict that cannot be answered as it is read.
    struct Arrival {
        let request: PredictView
        let id: UInt64
        let loaded: LoadedModel
        let isSmall: Bool
        let at: UInt64
        let decoded: UInt64
        let byteCount: Int
    }

    /// Whether calls wait or are half done.
    package var isBusy: Bool { hasOwnWork || helped != nil || isHelpWanted }

    /// Whether small calls wait for their turn.
    package var isBehind: Bool { !smallQueue.isEmpty }

    /// Whether calls of this loop wait or are half done.
    var hasOwnWork: Bool { !smallQueue.isEmpty || !largeQueue.isEmpty || !begun.isEmpty }

    /// Nanoseconds of work left of large calls that have begun.
    var begunWork: UInt64 {
        var sum: UInt64 = 0
        for index in begun.indices { sum &+= pending[begun[index]].pointee.workLeft }
        return sum
    }

    /// The highest priority of a large call; there is one.
    var highestLargePriority: Int {
        var highest = largeQueue.first?.priority ?? .min
        for index in begun.indices {
            highest = max(highest, pending[begun[index]].pointee.entry.priority)
        }
        return highest
    }

    // MARK: Arriving

    /// Gives a call its place in a queue, or refuses it.
    mutating func takeUp(
        _ arrival: Arrival, _ caller: Caller, _ connection: inout ConnectionState
    ) -> FrameOutcome {
        let part = arrival.loaded.parts[loop]
        do throws(RequestError) {
            let spare = try spare()
            let entry = try enqueue(arrival, &connection)
            var caller = caller
            caller.requestID = arrival.id
            let account = connection.peer?.account
            account?.enter(bytes: arrival.byteCount)
            let token = pending.insert(
                PendingCall(
                    buffers: buffers, request: arrival.request, caller: caller,
                    loaded: arrival.loaded, account: account, entry: entry, arrivedAt: arrival.at,
                    decodeNanoseconds: arrival.decoded &- arrival.at,
                    byteCount: arrival.byteCount))
            precondition(token == entry.token, "a call has the number that it was queued by")
            buffers = spare
            spareBuffers.removeLast()
            return .later(requestID: arrival.id, byteCount: arrival.byteCount)
        } catch {
            part.counters.pointee.count(error)
            if error.code == .deadlineUnreachable { doubtEstimate(arrival) }
            write(error.status, id: arrival.id, &connection.output)
            return .answered
        }
    }

    /// Lets an estimate wither that alone kept a call from being taken: nothing else would show
    /// that it is wrong.
    private func doubtEstimate(_ arrival: Arrival) {
        let counters = arrival.loaded.parts[loop].counters
        let rows = arrival.request.rows
        let (end, overflow) = arrival.decoded.addingReportingOverflow(
            counters.pointee.estimate.nanoseconds(rows: rows))
        if overflow || end > deadline(of: arrival) { counters.pointee.estimate.doubt(rows: rows) }
    }

    /// When a call is to be answered: its own deadline, or the default one from its arrival.
    private func deadline(of arrival: Arrival) -> UInt64 {
        arrival.request.deadlineNanoseconds
            ?? Self.later(arrival.decoded, settings.defaultDeadline)
    }

    private mutating func enqueue(
        _ arrival: Arrival, _ connection: inout ConnectionState
    ) throws(RequestError) -> CallQueue.Entry {
        if let account = connection.peer?.account { try check(account, arrival.byteCount) }
        let estimate = arrival.loaded.parts[loop].counters.pointee.estimate
        let entry = CallQueue.Entry(
            token: pending.nextToken, priority: arrival.request.priority,
            deadline: deadline(of: arrival),
            work: estimate.nanoseconds(rows: arrival.request.rows))
        if !hasOwnWork { pace.begin(at: arrival.decoded) }
        if arrival.isSmall {
            try smallQueue.arrive(
                entry, turn: &connection.turn, now: arrival.decoded, pace: pace)
        } else {
            try largeQueue.arrive(
                entry, turn: &connection.turn, now: arrival.decoded,
                begun: begunWork &+ smallQueue.work, pace: pace)
        }
        return entry
    }

    private func check(_ account: PeerAccount, _ byteCount: Int) throws(RequestError) {
        let limits = settings.serverLimits
        let calls = account.callCount
        guard calls < limits.inFlightPerUserMax else {
            throw Self.tooMany(
                account, "in_flight_per_user_max", limits.inFlightPerUserMax, calls)
        }
        let bytes = account.byteCount + byteCount
        guard bytes <= limits.inFlightBytesPerUserMax else {
            throw Self.tooMany(
                account, "in_flight_bytes_per_user_max", limits.inFlightBytesPerUserMax, bytes)
        }
    }

    private static func tooMany(
        _ account: PeerAccount, _ limit: String, _ bound: Int, _ actual: Int
    ) -> RequestError {
        var error = RequestError(
            .tooManyInFlight,
            "user \(account.uid) has as much in flight as \(limit) = \(bound) allows; wait for "
                + "answers", limit: limit, bound: bound, actual: actual)
        error.retryAfterNanoseconds = 1_000_000
        return error
    }

    /// The buffers that the loop will go on with; they stay in `spareBuffers`.
    private mutating func spare() throws(RequestError) -> CallBuffers {
        if !spareBuffers.isEmpty { return spareBuffers[spareBuffers.count - 1] }
        do throws(ServerError) {
            let made = try CallBuffers(context.wireLimits)
            spareBuffers.append(made)
            return made
        } catch {
            var refusal = RequestError(.queueFull, error.message)
            refusal.retryAfterNanoseconds = 1_000_000
            throw refusal
        }
    }

    private static func later(_ now: UInt64, _ wait: UInt64) -> UInt64 {
        let (sum, overflow) = now.addingReportingOverflow(wait)
        return wait == 0 || overflow ? .max : sum
    }

    // MARK: Working

    /// Does one piece of work: a small call, a slice or block of a large one, or dropping an expired
    /// one.
    package mutating func work() -> WorkOutcome {
        let now = context.clock()
        if let expired = smallQueue.popExpired(now: now) { return expire(expired.token, now) }
        if let expired = largeQueue.popExpired(now: now) { return expire(expired.token, now) }
        if let token = awaited, !isWithinBlock, context.offers[loop].rows.isFree {
            awaited = nil
            return computeBlock(token, isBegun: true, now)
        }
        let large = nextLarge()
        if let small = smallQueue.first, goesNow(small, before: large) {
            _ = smallQueue.popFirst()
            return computeSmall(small.token, now)
        }
        guard let large else { return help() }
        return computeBlock(large.token, isBegun: large.isBegun, now)
    }

    /// Whether a block is half done, of a call of this loop or of another's.
    private var isWithinBlock: Bool { helped != nil || tokenWithinBlock != nil }

    /// The large call of which a block is half done.
    private var tokenWithinBlock: Int? {
        for index in begun.indices
        where pending[begun[index]].pointee.run?.pointee.isWithinBlock == true {
            return begun[index]
        }
        return nil
    }

    /// Whether small calls come, so that large ones are computed slice by slice.
    func smallCallsCome(_ now: UInt64) -> Bool {
        now &- lastSmall < Self.smallCallsNanoseconds
    }

    private func goesNow(
        _ small: CallQueue.Entry, before large: (token: Int, isBegun: Bool)?
    ) -> Bool {
        guard let large else { return true }
        let priority = pending[large.token].pointee.entry.priority
        if small.priority != priority { return small.priority > priority }
        return sinceBlock < Self.fillNanoseconds
    }

    /// The large call that is next: one of which a block is half done, else one that has begun, or a
    /// waiting one of a model that has none and that goes before it; nil if another loop's call is.
    private func nextLarge() -> (token: Int, isBegun: Bool)? {
        guard helped == nil else { return nil }
        if let token = tokenWithinBlock { return (token, true) }
        var best: Int?
        for index in begun.indices where begun[index] != awaited {
            let entry = pending[begun[index]].pointee.entry
            if let other = best, !entry.goesBefore(pending[other].pointee.entry) { continue }
            best = begun[index]
        }
        if let waiting = largeQueue.first, mayBegin(waiting, before: best) {
            return (waiting.token, false)
        }
        guard let best else { return nil }
        return (best, true)
    }

    /// Whether a call would go before the best that has begun, and before all of its model.
    private func mayBegin(_ waiting: CallQueue.Entry, before best: Int?) -> Bool {
        let loaded = pending[waiting.token].pointee.loaded
        for index in begun.indices where pending[begun[index]].pointee.loaded === loaded {
            guard waiting.priority > pending[begun[index]].pointee.entry.priority else {
                return false
            }
        }
        guard freeRun(loaded) != nil else { return false }
        guard let best else { return true }
        return waiting.goesBefore(pending[best].pointee.entry)
    }

    /// A session of the model for large calls that is idle.
    private func freeRun(_ loaded: LoadedModel) -> UnsafeMutablePointer<PredictRun>? {
        let sessions = loaded.parts[loop].longSessions
        for index in sessions.indices where sessions[index].run.pointee.isIdle {
            return sessions[index].run
        }
        return nil
    }

    private mutating func computeSmall(_ token: Int, _ now: UInt64) -> WorkOutcome {
        let run = pending[token].pointee.loaded.parts[loop].session.run
        do throws(RequestError) {
            try begin(token, run, now)
            try complete(run, now)
        } catch { return refused(token, error) }
        let outcome = answered(token, run)
        sinceBlock &+= pending[token].pointee.workedNanoseconds
        return outcome
    }

    private mutating func computeBlock(
        _ token: Int, isBegun: Bool, _ now: UInt64
    ) -> WorkOutcome {
        guard let run = pending[token].pointee.run ?? freeRun(pending[token].pointee.loaded) else {
            preconditionFailure("a call begins when there is a session for it")
        }
        do throws(RequestError) {
            if !isBegun {
                _ = largeQueue.popFirst()
                try begin(token, run, now)
                pending[token].pointee.run = run
                begun.append(token)
                offer(token, run)
            }
            callHelpers(token)
            var progress = try run.pointee.advance(now: now)
            while progress == .more, run.pointee.isWithinBlock {
                let now = giveWay(at: run.pointee.computedAt)
                if smallCallsCome(now) { break }
                progress = try run.pointee.advance(now: now)
            }
            if !run.pointee.isWithinBlock { sinceBlock = 0 }
            pending[token].pointee.workedNanoseconds = run.pointee.times.sum
            if progress == .awaiting { awaited = token }
            guard progress == .finished else { return .progressed }
        } catch {
            end(token)
            if case .abandoned = pending[token].pointee.phase {
                discard(token)
                return .progressed
            }
            return refused(token, error)
        }
        end(token)
        return answered(token, run)
    }

    /// Computes a call that has begun in one go.
    func complete(
        _ run: UnsafeMutablePointer<PredictRun>, _ now: UInt64
    ) throws(RequestError) {
        var now = now
        while try run.pointee.advance(now: now) == .more {
            now = giveWay(at: run.pointee.computedAt)
        }
    }

    /// Lets other threads have the core, if it is time.
    ///
    /// - Parameter now: CLOCK_MONOTONIC nanoseconds.
    /// - Returns: The time after that.
    func giveWay(at now: UInt64) -> UInt64 {
        tandemsys_give_way(now, LoopYield.withinTurn) ? context.clock() : now
    }

    /// Takes a call out of those that have begun.
    private mutating func end(_ token: Int) {
        if offered == token {
            offered = nil
            // An unloaded model's memory does not wait for the next offer.
            context.offers[loop].loaded = nil
        }
        for index in begun.indices where begun[index] == token {
            begun.remove(at: index)
            return
        }
    }

    /// Checks a call against its model and places its answer's frame.
    private mutating func begin(
        _ token: Int, _ run: UnsafeMutablePointer<PredictRun>, _ now: UInt64
    ) throws(RequestError) {
        let call = pending[token]
        call.pointee.phase = .begun
        call.pointee.waitNanoseconds = now &- call.pointee.arrivedAt
        // The default deadline counts from the call's arrival, not from its turn.
        let byteCount = try run.pointee.arrive(
            call.pointee.request, id: call.pointee.caller.requestID, now: now,
            deadline: call.pointee.entry.deadline)
        call.pointee.frame = frames.borrow()
        call.pointee.frameBytes = byteCount
        guard let frame = call.pointee.frame.reserve(byteCount).baseAddress else {
            preconditionFailure("reserve gives memory")
        }
        run.pointee.place(at: frame)
    }

    private mutating func answered(
        _ token: Int, _ run: UnsafeMutablePointer<PredictRun>
    ) -> WorkOutcome {
        let call = pending[token]
        call.pointee.workedNanoseconds = run.pointee.times.sum
        if call.pointee.request.wantsExplanation {
            _ = explain(
                run, call.pointee.frameBytes, call.pointee.buffers.encoder,
                wait: call.pointee.waitNanoseconds, decode: call.pointee.decodeNanoseconds,
                &call.pointee.frame)
        } else {
            call.pointee.frame.commit(call.pointee.frameBytes)
        }
        let now = context.clock()
        pace.finish(work: call.pointee.entry.work, at: now)
        call.pointee.loaded.parts[loop].counters.pointee.count(
            run.pointee, call.pointee.frame.count, wait: call.pointee.waitNanoseconds,
            decode: call.pointee.decodeNanoseconds, since: call.pointee.arrivedAt, at: now)
        call.pointee.phase = .answered
        return .finished(call.pointee.caller, token: token)
    }

    private mutating func refused(_ token: Int, _ error: RequestError) -> WorkOutcome {
        let call = pending[token]
        call.pointee.loaded.parts[loop].counters.pointee.count(error)
        call.pointee.phase = .refused(error)
        return .finished(call.pointee.caller, token: token)
    }

    private mutating func expire(_ token: Int, _ now: UInt64) -> WorkOutcome {
        let call = pending[token]
        return refused(
            token,
            RequestError(
                .deadlinePassed,
                "the deadline passed while the call waited "
                    + "\((now &- call.pointee.arrivedAt) / 1_000) us for its turn; nothing was "
                    + "computed", model: call.pointee.loaded.model.name))
    }

    // MARK: Leaving

    /// Gives a finished call's answer to its connection.
    package mutating func handOver(_ token: Int, _ connection: inout ConnectionState) {
        let call = pending[token]
        switch call.pointee.phase {
        case .refused(let error):
            buffers.arena.reset()
            write(error.status, id: call.pointee.caller.requestID, &connection.output)
        case .answered where connection.output.isEmpty:
            swap(&connection.output, &call.pointee.frame)
        case .answered: connection.output.append(call.pointee.frame.bytes)
        case .waiting, .begun, .abandoned: preconditionFailure("the call has not finished")
        }
        discard(token)
    }

    /// Drops a finished call whose connection is gone.
    package mutating func discard(_ token: Int) {
        let call = pending[token]
        frames.giveBack(&call.pointee.frame)
        call.pointee.account?.leave(bytes: call.pointee.byteCount)
        if spareBuffers.count < Self.spareBuffersMax {
            call.pointee.buffers.arena.reset()
            spareBuffers.append(call.pointee.buffers)
        }
        pending.remove(token)
    }

    /// Drops the calls of a connection that ended.
    package mutating func forget(slot: Int, serial: UInt32) {
        let tokens = pending.tokens { $0.caller.slot == slot && $0.caller.serial == serial }
        for token in tokens { giveUp(token) }
    }

    /// Gives up a call that waits or is half done, because its caller cancels it.
    ///
    /// - Returns: Whether there was such a call; its id is then free, and CANCELLED is written.
    mutating func cancel(
        _ id: UInt64, _ caller: Caller, _ connection: inout ConnectionState
    ) -> Bool {
        guard connection.owes(id) else { return false }
        let found = pending.tokens { call in
            call.caller.slot == caller.slot && call.caller.serial == caller.serial
                && call.caller.requestID == id
        }
        // A call that another thread answers cannot be given up.
        guard let token = found.first, connection.settle(id) else { return false }
        let error = RequestError(.cancelled, "the caller gave the call up")
        pending[token].pointee.loaded.parts[loop].counters.pointee.count(error)
        giveUp(token)
        write(error.status, id: id, &connection.output)
        return true
    }

    private mutating func giveUp(_ token: Int) {
        if case .abandoned = pending[token].pointee.phase { return }
        if let run = pending[token].pointee.run {
            guard run.pointee.cancel() else {
                // Nothing of it may go before the other loops are out of it.
                pending[token].pointee.phase = .abandoned
                awaited = token
                return
            }
            if awaited == token { awaited = nil }
            end(token)
        } else if !smallQueue.remove(token: token) {
            _ = largeQueue.remove(token: token)
        }
        discard(token)
    }
}

extension PredictRun.StageTimes {
    /// All stages together.
    var sum: UInt64 { features &+ compute &+ rank }
}
