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

            Beside an open loop's times stands what one queue before as many servers as the daemon \
            has loops would have made of the same requests, each of which takes what it takes \
            alone. With --admin-socket and one kind of request a model it takes what the loops took \
            in the run. "Sent late" is what the load test itself was late by: where that is much, \
            give it a core of its own, or start it with `nice -n -15`.

            --rows takes several kinds of request with priorities and shares: 1*0.9,1000@-5*0.1, \
            of several models: shop:64*0.8,desk:1*0.2. Feature values are drawn at random from what \
            a model's description allows.

            Examples:
              tandem load-test --model shop --rows 64 --connections 4
              tandem load-test --model shop --rate 5000 --duration 120 \\
                  --histogram today.txt --compare yesterday.txt
              tandem load-test --socket /tmp/tandem.sock --model shop --ramp-p99-us 2000
            """)

    @Option(help: "The daemon's data socket.")
    var socket = DaemonSocket.data

    @Option(help: "The model of all kinds of request that name none.")
    var model: String?

    @Option(help: "The daemon's admin socket, to ask how long its loops took; open loop only.")
    var adminSocket: String?

    @Option(
        help: ArgumentHelp(
            "Candidates a request: [MODEL:]ROWS[..ROWS][@PRIORITY][*SHARE], and mixtures of those.",
            valueName: "kinds"))
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
        if rampP99Us != nil && (histogram ?? compare) != nil {
            throw ValidationError(
                "--ramp-p99-us makes many runs; give --histogram and --compare to one with --rate")
        }
    }

    func run() throws {
        let mix = try LoadMix(rows, model: model)
        let earlier = try compare.map { (name: $0, latency: try Self.read($0)) }
        let session = try LoadSession(self, mix)
        if let bound = rampP99Us { return try session.ramp(p99: bound) }
        var report = try session.run()
        report.earlier = earlier
        if let histogram {
            let file = try OutputFile(path: histogram)
            try file.append(Array(report.outcome.latency.text.utf8))
            try file.finish()
        }
        Terminal.write(json ? report.json.text + "\n" : report.text)
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
