import TandemClient

/// A load test's models, frames and daemon.
struct LoadSession {
    private let options: LoadTest
    private let mix: LoadMix
    private let frames: LoadFrames
    private let loops: Int

    /// Asks the daemon what the models take.
    init(_ options: LoadTest, _ mix: LoadMix) throws {
        self.options = options
        self.mix = mix
        let connection = try BlockingConnection(path: options.socket)
        let models = try mix.kinds.map { try connection.call(.modelMetadata($0.model)) }
        loops = try connection.call(.serverMetadata).loops
        var random = SeededRandom(seed: options.seed)
        frames = try LoadFrames(
            mix, models, hasDeadline: options.deadlineMs != nil, &random)
    }

    private func plan(rate: Double?, seconds: Double) -> LoadRun.Plan {
        LoadRun.Plan(
            socket: options.socket, connections: options.connections,
            depth: options.depth ?? (rate == nil ? 1 : 64), rate: rate, spread: options.arrivals,
            seconds: seconds, deadline: UInt64((options.deadlineMs ?? 0) * 1e6),
            seed: options.seed)
    }

    /// One run; an open loop's after each kind was asked some times alone.
    func run() throws -> LoadReport {
        let alone = options.rate == nil ? nil : try askAlone()
        var run = try LoadRun(plan(rate: options.rate, seconds: options.duration), mix, frames)
        let outcome = try run.run { outcome in
            Terminal.progress(
                "\(Readable.fixed(outcome.seconds, 0)) s: "
                    + "\(Readable.grouped(Int(outcome.rate)))/s, p99 "
                    + "\(Readable.fixed(outcome.latency.microseconds(0.99), 0)) us, "
                    + "\(outcome.refused) refused, \(outcome.errors) errors")
        }
        Terminal.clearProgress()
        var report = LoadReport(outcome: outcome, mix: mix)
        report.simulated = try alone.map { try simulate(outcome, $0) }
        return report
    }

    // MARK: One queue

    /// Requests that had the daemon for themselves.
    private struct Alone {
        /// By kind, from sending to the answer, in nanoseconds; none is empty.
        var times: [[UInt64]]
        /// The daemon's statistics before and after; nil where it is not asked for them.
        var statistics: (before: StatisticsReport, after: StatisticsReport)?
    }

    private func askAlone() throws -> Alone {
        let before = try statistics()
        var alone = Alone(times: try mix.kinds.indices.map { try times(alone: $0) })
        if let before, let after = try statistics() { alone.statistics = (before, after) }
        return alone
    }

    /// The daemon counts by model: it can be asked where no two kinds are of one.
    private func statistics() throws -> StatisticsReport? {
        guard
            let path = options.adminSocket, Set(mix.kinds.map(\.model)).count == mix.kinds.count
        else { return nil }
        return try BlockingConnection(path: path).call(.statistics())
    }

    /// What one queue would have made of a run.
    ///
    /// A request takes what the daemon's loops took in the run, and on the way there and back what
    /// it took alone; without the statistics, what it took alone.
    private func simulate(
        _ outcome: LoadRun.Outcome, _ alone: Alone
    ) throws -> LatencyHistogram {
        var random = SeededRandom(seed: options.seed)
        let last = try statistics()
        let loopTimes = mix.kinds.indices.map { kind -> (way: UInt64, service: ServiceTimes)? in
            guard let (before, after) = alone.statistics, let last else { return nil }
            let model = mix.kinds[kind].model
            guard
                let few = ServiceTimes(model, from: before, to: after),
                let many = ServiceTimes(model, from: after, to: last)
            else { return nil }
            let median = alone.times[kind].sorted()[alone.times[kind].count / 2]
            return (UInt64(max(Double(median) - few.mean, 0)), many)
        }
        return QueueSimulation.latencies(outcome.arrivals, servers: loops) { kind in
            guard let (way, service) = loopTimes[kind] else {
                return alone.times[kind].randomElement(using: &random) ?? 0
            }
            return way + service.draw(&random)
        }
    }

    /// What requests of one kind take with nothing else to do, in nanoseconds.
    private func times(alone kind: Int) throws -> [UInt64] {
        var times: [UInt64] = []
        var run = try SingleRequests(options.socket, frames)
        for number in 0..<300 { times.append(try run.ask(kind, UInt64(number))) }
        return Array(times.dropFirst(50))
    }

    /// Doubles the rate until p99 is over the bound, then halves the interval.
    ///
    /// Each step takes a tenth of the duration, and up to the whole of it if that is too short for a
    /// hundred requests; a rate of less than ten in all of it is none.
    func ramp(p99 bound: Double) throws {
        var low = 0.0
        var high = 500.0
        var isBounded = false
        var steps: [(rate: Double, p99: Double, isGood: Bool)] = []
        let duration = options.duration
        while steps.count < 24, high * duration >= 10, !isBounded || (high - low) / high > 0.03 {
            let rate = isBounded ? (low + high) / 2 : high
            let seconds = min(max(duration / 10, 100 / rate), duration)
            var run = try LoadRun(plan(rate: rate, seconds: seconds), mix, frames)
            let outcome = try run.run()
            let p99 = outcome.latency.microseconds(0.99)
            let isGood =
                p99 <= bound && outcome.errors + outcome.refused == 0
                && outcome.answeredInTime * 10 >= outcome.arrivals.count * 9
            steps.append((rate, p99, isGood))
            Terminal.progress(
                "\(Readable.grouped(Int(rate)))/s: p99 \(Readable.fixed(p99, 0)) us")
            if isGood { low = rate } else { high = rate }
            if !isGood { isBounded = true } else if !isBounded { high = rate * 2 }
        }
        Terminal.clearProgress()
        guard !options.json else {
            return Terminal.write(
                JSONText.object([("rate_per_s", .number(low)), ("p99_max_us", .number(bound))]).text
                    + "\n")
        }
        var table = TextTable(["rate/s", "p99 us", ""])
        for step in steps.sorted(by: { $0.rate < $1.rate }) {
            table.add([
                Readable.grouped(Int(step.rate)), Readable.fixed(step.p99, 1),
                step.isGood ? "kept" : "over",
            ])
        }
        Terminal.write(table.text)
        Terminal.line("highest rate with p99 below \(Readable.fixed(bound, 0)) us: \(Int(low))/s")
    }
}
