import ArgumentParser
import Glibc
import TandemClient

/// Asks a daemon as fast as wanted and says how long answers took.
struct LoadTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Loads a daemon and says how long answers take.",
        discussion: """
            Without --rate each connection keeps --depth requests in flight (closed loop). With \
            --rate requests come at random times of that average, whatever the daemon does, and an \
            answer's time counts from when its request was due (open loop).

            --rows takes several kinds of request with priorities and shares: 1*0.9,1000@-5*0.1. \
            Feature values are drawn at random from what the model's description allows.

            Examples:
              tandem load-test --socket /tmp/tandem.sock --model shop --rows 64 --connections 4
              tandem load-test --socket /tmp/tandem.sock --model shop --rate 5000 --duration 120 \\
                  --histogram today.txt --compare yesterday.txt
              tandem load-test --socket /tmp/tandem.sock --model shop --ramp-p99-us 2000
            """)

    @Option(help: "The daemon's data socket.")
    var socket = DaemonSocket.data

    @Option(help: "The model.")
    var model: String

    @Option(help: "Candidates a request: ROWS, LOW..HIGH, and mixtures of those.")
    var rows = "64"

    @Option(help: "Seconds.")
    var duration: Double = 10

    @Option(help: "Requests a second on average; without it a closed loop.")
    var rate: Double?

    @Option(help: "How an open loop's requests are spread: poisson, constant or bursts (of 16).")
    var arrivals = ArrivalTimes.Spread.poisson

    @Option(help: "Connections.")
    var connections = 4

    @Option(help: "Requests in flight on each, at most; default 1, in an open loop 64.")
    var depth: Int?

    @Option(help: "Milliseconds that each request may take; without it no deadline.")
    var deadlineMs: Double?

    @Option(help: "Look for the highest rate whose p99 stays below so many microseconds.")
    var rampP99Us: Double?

    @Option(help: "The seed of values and arrivals.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Write the histogram of latencies.", valueName: "file"))
    var histogram: String?

    @Option(help: ArgumentHelp("Compare with an earlier run's histogram.", valueName: "file"))
    var compare: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard duration > 0, duration <= 86_400 else {
            throw ValidationError("--duration is \(duration); give up to 86400 seconds")
        }
        guard (1...60_000) ~= connections else {
            throw ValidationError("--connections is \(connections); give 1 to 60000")
        }
        guard (1...65_536) ~= (depth ?? 1) else {
            throw ValidationError("--depth is \(depth ?? 0); give 1 to 65536")
        }
        for (name, value) in [
            ("--rate", rate), ("--deadline-ms", deadlineMs), ("--ramp-p99-us", rampP99Us),
        ] {
            guard (value ?? 1) > 0, (value ?? 1) <= 1e9 else {
                throw ValidationError("\(name) is \(value ?? 0); give a number above 0")
            }
        }
        if rampP99Us != nil && rate != nil {
            throw ValidationError("--ramp-p99-us looks for the rate itself; leave --rate out")
        }
    }

    func run() throws {
        let mix = try LoadMix(rows)
        let other = try compare.map { try Self.read($0) }
        let session = try LoadSession(self, mix)
        if let bound = rampP99Us { return try session.ramp(p99: bound) }
        let report = try session.run()
        if let histogram {
            let file = try OutputFile(path: histogram)
            try file.append(Array(report.outcome.latency.text.utf8))
            try file.finish()
        }
        Terminal.write(json ? report.json.text + "\n" : report.text)
        if let other, let compare, !json {
            Terminal.write("\n" + report.comparison(with: other, name: compare))
        }
    }

    private static func read(_ path: String) throws -> LatencyHistogram {
        guard let file = fopen(path, "r") else {
            throw Failure(.noInput, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        guard let histogram = LatencyHistogram(text: text[...]) else {
            throw Failure(.dataError, "\(path): is no histogram that --histogram wrote")
        }
        return histogram
    }
}

extension ArrivalTimes.Spread: ExpressibleByArgument {}

/// A load test's model, frames and daemon.
struct LoadSession {
    private let options: LoadTest
    private let mix: LoadMix
    private let frames: LoadFrames
    private let loops: Int

    /// Asks the daemon what the model takes.
    init(_ options: LoadTest, _ mix: LoadMix) throws {
        self.options = options
        self.mix = mix
        let connection = try BlockingConnection(path: options.socket)
        let description = try connection.call(.modelMetadata(options.model))
        loops = try connection.call(.serverMetadata).loops
        var random = SeededRandom(seed: options.seed)
        frames = try LoadFrames(
            mix, description, hasDeadline: options.deadlineMs != nil, &random)
    }

    private func plan(rate: Double?, seconds: Double) -> LoadRun.Plan {
        LoadRun.Plan(
            socket: options.socket, connections: options.connections,
            depth: options.depth ?? (rate == nil ? 1 : 64), rate: rate, spread: options.arrivals,
            seconds: seconds, deadline: UInt64((options.deadlineMs ?? 0) * 1e6),
            seed: options.seed)
    }

    /// One run, after each kind was asked some times alone.
    func run() throws -> LoadReport {
        let alone =
            options.rate == nil ? [] : try mix.kinds.indices.map { try times(alone: $0) }
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
        if options.rate != nil {
            var random = SeededRandom(seed: options.seed)
            report.simulated = QueueSimulation.latencies(
                outcome.arrivals, alone: alone, servers: loops, &random)
        }
        return report
    }

    /// What requests of one kind take with nothing else to do, in nanoseconds.
    private func times(alone kind: Int) throws -> [UInt64] {
        var times: [UInt64] = []
        var run = try SingleRequests(options.socket, frames)
        for number in 0..<300 { times.append(try run.ask(kind, UInt64(number))) }
        return Array(times.dropFirst(50))
    }

    /// Doubles the rate until p99 is over the bound, then halves the interval.
    func ramp(p99 bound: Double) throws {
        var low = 0.0
        var high = 500.0
        var isBounded = false
        var steps: [(rate: Double, p99: Double, isGood: Bool)] = []
        let seconds = max(options.duration / 10, 1)
        while steps.count < 24, !isBounded || (high - low) / high > 0.03 {
            let rate = isBounded ? (low + high) / 2 : high
            var run = try LoadRun(plan(rate: rate, seconds: seconds), mix, frames)
            let outcome = try run.run()
            let p99 = outcome.latency.microseconds(0.99)
            let isGood =
                p99 <= bound && outcome.errors + outcome.refused == 0
                && outcome.rate >= rate * 0.9
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
