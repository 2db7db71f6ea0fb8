import CTandemSystem
import Glibc

// Design: a load generator that does not lie.
//
// Open loop: requests are due at times that were drawn before and independently of the daemon. A
// request's latency counts from when it was due, not from when it could be sent, so a daemon that
// stalls is charged for every request that the stall held up (no coordinated omission). Closed loop:
// each connection keeps `depth` requests in flight, and latency counts from the send.
//
// One thread, which sleeps in epoll until a request is due or an answer there. It does not poll: on a
// machine that it shares with the daemon the polling took as much of the cores as all the rest of it
// did, and made the p99 at 60 % of capacity 1.4 times that of the queue that is simulated,
// instead of 1.33; a core that slept wakes some 20 us late. How late it sent is reported too: where
// that is much of a latency, the generator is what is measured.
//
// Its time slices are short where the system has that, so that it wakes in time beside a busy loop:
// a generator that waits for a core sends late and then too much at once, and measures its own wait.
// (A real-time priority was tried: the kernel then keeps it on one core, whose loop lags behind.)

/// One run of a load test.
struct LoadRun {
    /// What is run.
    struct Plan {
        var socket: String
        var connections: Int
        var depth: Int
        /// Requests a second; nil for a closed loop.
        var rate: Double?
        var spread = ArrivalTimes.Spread.poisson
        var seconds: Double
        /// Nanoseconds that each request may take; 0 for no deadline.
        var deadline: UInt64 = 0
        var seed: UInt64 = 1
    }

    /// A request of an open loop; nanoseconds from the start.
    struct Arrival: Equatable {
        var due: UInt64
        var sent: UInt64
        var kind: Int
    }

    /// What came of it.
    struct Outcome {
        var requests = 0
        var errors = 0
        var refused = 0
        /// Answers that came later than their deadline and a millisecond.
        var late = 0
        /// Answered with scores before the run's time was over.
        var answeredInTime = 0
        var seconds: Double = 0
        /// By kind, of what was answered with scores.
        var latencies: [LatencyHistogram] = []
        /// Of refusals, from the sending on.
        var refusalLatencies = LatencyHistogram()
        /// How long after it was due each request was sent; open loop only.
        var lateness = LatencyHistogram()
        /// When requests were due and sent, from the start in nanoseconds, and their kinds; open
        /// loop only.
        var arrivals: [Arrival] = []

        /// All kinds together.
        var latency: LatencyHistogram {
            latencies.reduce(into: LatencyHistogram()) { $0 += $1 }
        }

        /// Answered with scores, a second.
        var rate: Double { seconds > 0 ? Double(latency.count) / seconds : 0 }
    }

    private struct Sent {
        /// What its latency counts from.
        var start: UInt64 = 0
        var sent: UInt64 = 0
        var deadline: UInt64 = 0
        var kind = 0
    }

    private let plan: Plan
    private let mix: LoadMix
    private let frames: LoadFrames
    private var random: SeededRandom
    private var connections: [LoadConnection] = []
    private let epoll = tandemsys_epoll_create()
    private var batch = [tandemsys_ready](repeating: tandemsys_ready(), count: 64)
    private var sent: [Sent] = []
    private var freeNumbers: [Int] = []
    private var backlog: [(due: UInt64, kind: Int)] = []
    private var backlogStart = 0
    private var turn = 0
    private var start: UInt64 = 0
    private var outcome = Outcome()
    private var end: UInt64 = .max

    /// Connects.
    init(_ plan: Plan, _ mix: LoadMix, _ frames: LoadFrames) throws(Failure) {
        self.plan = plan
        self.mix = mix
        self.frames = frames
        random = SeededRandom(seed: plan.seed)
        outcome.latencies = mix.kinds.map { _ in LatencyHistogram() }
        for index in 0..<plan.connections {
            let connection = try LoadConnection(plan.socket)
            connections.append(connection)
            let result = tandemsys_epoll_add(
                epoll, connection.descriptor, tandemsys_epoll_in, UInt64(index))
            guard result == 0 else {
                throw Failure(
                    .unavailable, "cannot wait for answers: \(String(cString: strerror(-result)))")
            }
        }
    }

    /// Runs for the plan's time, then waits for what is in flight.
    ///
    /// - Parameter report: Called about once a second.
    /// - Returns: What came of it.
    /// - Throws: `Failure` `unavailable` when a connection breaks.
    mutating func run(report: (Outcome) -> Void = { _ in }) throws(Failure) -> Outcome {
        tandemsys_use_precise_timeouts()
        tandemsys_use_short_slices()
        start = tandemsys_monotonic_ns()
        end = start + UInt64(plan.seconds * 1e9)
        var arrivals = plan.rate.map { ArrivalTimes(rate: $0, plan.spread, start: start) }
        var next = arrivals?.take(&random) ?? .max
        var nextReport = start + 1_000_000_000
        var now = start
        while now < end || outstanding > 0 {
            while next <= now, next < end {
                backlog.append((next, mix.draw(&random)))
                next = arrivals?.take(&random) ?? .max
            }
            try fill(now, isOpen: arrivals != nil, mayBegin: now < end)
            try wait(until: now < end ? min(next, end) : now + 1_000_000_000)
            now = tandemsys_monotonic_ns()
            if now >= nextReport {
                nextReport += 1_000_000_000
                outcome.seconds = Double(now - start) / 1e9
                report(outcome)
            }
            // What was not answered ten seconds after the end never will be.
            if now > end + 10_000_000_000 { break }
        }
        outcome.errors += outstanding
        outcome.seconds = Double(min(now, end) - start) / 1e9
        for connection in connections { connection.close() }
        close(epoll)
        return outcome
    }

    private var outstanding: Int {
        connections.reduce(0) { $0 + $1.inFlight } + backlog.count - backlogStart
    }

    /// Sends what is due, as far as connections have room.
    private mutating func fill(_ now: UInt64, isOpen: Bool, mayBegin: Bool) throws(Failure) {
        if isOpen {
            while backlogStart < backlog.count, let index = freeConnection() {
                let (due, kind) = backlog[backlogStart]
                backlogStart += 1
                let now = tandemsys_monotonic_ns()
                outcome.lateness.add(now - due)
                outcome.arrivals.append(Arrival(due: due - start, sent: now - start, kind: kind))
                try send(index, kind, from: due, at: now)
            }
            if backlogStart == backlog.count {
                backlog.removeAll(keepingCapacity: true)
                backlogStart = 0
            }
        } else if mayBegin {
            for index in connections.indices {
                while connections[index].inFlight < plan.depth {
                    let now = tandemsys_monotonic_ns()
                    try send(index, mix.draw(&random), from: now, at: now)
                }
            }
        }
    }

    /// Connections take turns.
    private mutating func freeConnection() -> Int? {
        for _ in connections.indices {
            turn = (turn + 1) % connections.count
            if connections[turn].inFlight < plan.depth { return turn }
        }
        return nil
    }

    private mutating func send(
        _ index: Int, _ kind: Int, from start: UInt64, at now: UInt64
    ) throws(Failure) {
        let number = freeNumbers.popLast() ?? sent.count
        if number == sent.count { sent.append(Sent()) }
        let deadline = plan.deadline > 0 ? start + plan.deadline : 0
        sent[number] = Sent(start: start, sent: now, deadline: deadline, kind: kind)
        outcome.requests += 1
        connections[index].inFlight += 1
        let frames = frames
        let isOpen = connections[index].send {
            frames.append(UInt64(number), kind: kind, deadline: deadline, to: &$0)
        }
        guard isOpen else { throw broken() }
        watch(index)
    }

    /// Sleeps until something can be read or written, or until a time.
    private mutating func wait(until time: UInt64) throws(Failure) {
        let now = tandemsys_monotonic_ns()
        let rest = time > now ? time - now : 0
        let count = tandemsys_epoll_wait_ns(epoll, &batch, Int32(batch.count), rest)
        guard count > 0 else { return }
        let arrived = tandemsys_monotonic_ns()
        for position in 0..<Int(count) { try take(Int(batch[position].token), arrived) }
    }

    private mutating func take(_ index: Int, _ now: UInt64) throws(Failure) {
        var answers: [LoadConnection.Answer] = []
        let isOpen = connections[index].receive { answers.append($0) }
        for answer in answers { settle(index, answer, now) }
        guard isOpen, connections[index].flush() else { throw broken() }
        watch(index)
    }

    /// Has epoll report room to send exactly while bytes wait for it.
    private mutating func watch(_ index: Int) {
        let wantsToSend = connections[index].wantsToSend
        guard wantsToSend != connections[index].isWatchedForRoom else { return }
        connections[index].isWatchedForRoom = wantsToSend
        _ = tandemsys_epoll_modify(
            epoll, connections[index].descriptor,
            wantsToSend ? tandemsys_epoll_in | tandemsys_epoll_out : tandemsys_epoll_in,
            UInt64(index))
    }

    private mutating func settle(_ index: Int, _ answer: LoadConnection.Answer, _ now: UInt64) {
        let number = LoadFrames.number(id: answer.id)
        guard number < sent.count else { return }
        let request = sent[Int(number)]
        freeNumbers.append(Int(number))
        connections[index].inFlight -= 1
        let latency = now > request.start ? now - request.start : 0
        switch answer.code {
        case 0:
            outcome.latencies[request.kind].add(latency)
            if now <= end { outcome.answeredInTime += 1 }
            if request.deadline > 0, now > request.deadline + 1_000_000 { outcome.late += 1 }
        // DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE: the daemon protects itself.
        case 4, 8, 14:
            outcome.refused += 1
            outcome.refusalLatencies.add(now > request.sent ? now - request.sent : 0)
        default: outcome.errors += 1
        }
    }

    private func broken() -> Failure {
        Failure(.unavailable, "\(plan.socket): the daemon closed a connection during the run")
    }
}

/// Random numbers that a seed repeats (splitmix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    /// Starts at a seed.
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
