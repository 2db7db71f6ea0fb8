import Foundation
import Glibc
import TandemServingSupport
import TandemWire
import Testing

/// The real tool against a real daemon: load tests, metrics, statistics.
@Suite(.serialized) struct ToolObservationTests {
    private let daemon: DaemonProcess

    init() throws {
        daemon = try DaemonProcess()
        try TinyShop.publish(to: daemon.repository)
        try daemon.start(["--threads", "1"])
    }

    private func run(_ arguments: [String]) throws -> ToolProcess {
        try ToolProcess(arguments, in: daemon.folder)
    }

    private func load(_ arguments: [String]) throws -> ToolProcess {
        try run(["load-test", "--socket", daemon.socketPath, "--model", "tiny"] + arguments)
    }

    private func json(_ run: ToolProcess) throws -> [String: Any] {
        #expect(run.status == 0, "\(run.errors)")
        let read = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
        return try #require(read as? [String: Any])
    }

    // MARK: Load tests

    @Test func `a closed loop reports requests and percentiles`() throws {
        let report = try json(
            load(["--rows", "1*0.5,60..100@-5*0.5", "--duration", "0.3", "--depth", "3", "--json"]))
        #expect(try #require(report["requests"] as? Int) > 0)
        #expect(report["errors"] as? Int == 0 && report["refused"] as? Int == 0)
        for key in ["rate_per_s", "p50_us", "p90_us", "p99_us", "p999_us", "max_us"] {
            #expect(try #require(report[key] as? Double) > 0, "\(key)")
        }
        let kinds = try #require(report["kinds"] as? [[String: Any]])
        #expect(kinds.compactMap { $0["rows"] as? String } == ["1", "60..100@-5"])
        // What it asked, the daemon counted.
        guard
            case .statistics(let statistics)? = try daemon.connectAdmin()
                .call(.statistics(model: "tiny")).control
        else {
            Issue.record("no statistics")
            return
        }
        #expect(statistics.models.first?.successes == UInt64(report["requests"] as? Int ?? 0))
    }

    @Test(arguments: ["poisson", "constant", "bursts"])
    func `an open loop keeps its rate and simulates one queue`(spread: String) throws {
        let report = try json(
            load([
                "--rows", "2", "--rate", "200", "--arrivals", spread, "--duration", "0.5", "--json",
            ]))
        let requests = try #require(report["requests"] as? Int)
        #expect((20...400).contains(requests))
        #expect(report["errors"] as? Int == 0)
        let simulated = try #require(report["one_queue"] as? [String: Any])
        #expect(try #require(simulated["p99_us"] as? Double) > 0)
        let late = try #require(report["sent_late"] as? [String: Any])
        #expect(try #require(late["p50_us"] as? Double) >= 0)
    }

    @Test func `an open loop's one queue takes what the daemon's loops took`() throws {
        let open = ["--rows", "40", "--rate", "300", "--duration", "0.5", "--json"]
        let report = try json(load(open + ["--admin-socket", daemon.adminPath]))
        let simulated = try #require(report["one_queue"] as? [String: Any])
        let least = try #require(simulated["p50_us"] as? Double)
        // No more than a request took on the whole way, and no less than nothing.
        #expect(try least > 0 && least <= #require(report["max_us"] as? Double))
        let wrong = try load(open + ["--admin-socket", daemon.socketPath])
        #expect(wrong.status != 0 && wrong.errors.contains("admin"), "\(wrong.errors)")
    }

    @Test func `deadlines that cannot be met count as refused, not as errors`() throws {
        let report = try json(
            load([
                "--rows", "3000", "--depth", "8", "--duration", "0.3", "--deadline-ms", "0.001",
                "--json",
            ]))
        #expect(report["errors"] as? Int == 0)
        #expect(report["refused"] as? Int == report["requests"] as? Int)
    }

    @Test func `writes a histogram that a later run compares with`() throws {
        let first = try load(["--duration", "0.2", "--rows", "2", "--histogram", "first.txt"])
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.contains("p99.99"))
        let second = try load(["--duration", "0.2", "--rows", "2", "--compare", "first.txt"])
        #expect(second.status == 0 && second.output.contains("ratio"), "\(second.errors)")
        let report = try json(
            load(["--duration", "0.2", "--rows", "2", "--compare", "first.txt", "--json"]))
        let earlier = try #require(report["earlier"] as? [String: Any])
        #expect(try #require(earlier["p99_us"] as? Double) > 0)
        try daemon.folder.write("wrong.txt", "no histogram\n")
        #expect(try load(["--duration", "0.1", "--compare", "wrong.txt"]).status == 65)
    }

    @Test func `asks several models by their shares`() throws {
        try TinyShop.publish(to: daemon.repository, name: "other")
        let admin = try daemon.connectAdmin()
        #expect(try admin.call(.modelLoad(model: "other", version: 0)).status == nil)
        let report = try json(
            load(["--rows", "3*0.7,other:1..9@5*0.3", "--duration", "0.3", "--json"]))
        #expect(report["errors"] as? Int == 0)
        let kinds = try #require(report["kinds"] as? [[String: Any]])
        #expect(kinds.compactMap { $0["rows"] as? String } == ["3", "other:1..9@5"])
        for name in ["tiny", "other"] {
            guard case .statistics(let seen)? = try admin.call(.statistics(model: name)).control
            else {
                Issue.record("no statistics of \(name)")
                return
            }
            #expect(try #require(seen.models.first).successes > 0, "\(name)")
        }
        let unknown = try load(["--rows", "nobody:1", "--duration", "0.1"])
        #expect(unknown.status == 65 && unknown.errors.contains("nobody"), "\(unknown.errors)")
        let nameless = try run(["load-test", "--socket", daemon.socketPath, "--rows", "64"])
        #expect(nameless.status == 64 && nameless.errors.contains("--model"))
    }

    @Test func `a ramp finds a rate, and none below a bound that nothing keeps`() throws {
        let options = ["--rows", "1", "--duration", "0.5", "--json", "--ramp-p99-us"]
        // A bound that no answer misses: it ends where the daemon cannot keep up.
        let found = try json(load(options + ["1000000000"]))
        #expect(try #require(found["rate_per_s"] as? Double) > 0)
        #expect(try json(load(options + ["0.001"]))["rate_per_s"] as? Double == 0)
    }

    @Test(arguments: [
        ["--rows", "0"], ["--rows", "5..1"], ["--rows", "1*0"], ["--rows", "1@500"],
        ["--rows", "1,,2"], ["--duration", "0"], ["--connections", "0"], ["--rate", "-1"],
        ["--rate", "5", "--ramp-p99-us", "5"], ["--arrivals", "steady"], ["--rows", ":1"],
        ["--rows", "a:b:1"], ["--ramp-p99-us", "5", "--histogram", "x"],
    ])
    func `refuses what it cannot run`(options: [String]) throws {
        #expect(try load(options).status == 64)
    }

    // MARK: Figures

    @Test func `metrics are what a scraper reads`() throws {
        #expect(try load(["--duration", "0.1", "--rows", "1..90"]).status == 0)
        var wrong = TinyRequests.predict()
        wrong.tasks = ["klick"]
        #expect(try daemon.connect().predict(wrong).status != nil)
        let metrics = try run(["metrics", "--admin-socket", daemon.adminPath])
        #expect(metrics.status == 0, "\(metrics.errors)")
        for sample in [
            "tandem_requests_total{model=\"tiny\",version=\"1\"} ",
            "tandem_stage_seconds_count{model=\"tiny\",version=\"1\",stage=\"compute\"} ",
            "tandem_failures_total{model=\"tiny\",version=\"1\",code=\"notFound\","
                + "reason=\"TASK_UNKNOWN\"} 1\n",
            "tandem_score_bucket{model=\"tiny\",version=\"1\",task=\"click\",le=\"+Inf\"} ",
            "tandem_feature_missing_rows_total{model=\"tiny\",version=\"1\",feature=\"age\"} 0\n",
            "tandem_stage_seconds_count{model=\"tiny\",version=\"1\",stage=\"encode\"} ",
            "tandem_version_state{model=\"tiny\",version=\"1\",state=\"ready\"} 1\n",
            "tandem_version_bytes{model=\"tiny\",version=\"1\",kind=\"arenas\"} ",
            "tandem_version_load_seconds{model=\"tiny\",version=\"1\"} ",
        ] { #expect(metrics.output.contains(sample), "\(sample)") }
        try check(metrics.output)
        let file = try run([
            "metrics", "--admin-socket", daemon.adminPath, "--textfile", daemon.folder.path,
        ])
        #expect(file.status == 0 && file.output.isEmpty, "\(file.errors)")
        try check(daemon.folder.read("tandem.prom"))
    }

    /// Reads metrics by the parser in Python, which was written from the format's description.
    private func check(_ document: String) throws {
        guard access("/usr/bin/python3", X_OK) == 0 else {
            return print("SKIPPED: no python3 to read the metrics with")
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../Interop/check_metrics.py")
        try daemon.folder.write("metrics.txt", document)
        let python = Process()
        python.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        python.arguments = [script.path(percentEncoded: false)]
        python.standardInput = FileHandle(forReadingAtPath: daemon.folder.file("metrics.txt"))
        let errors = Pipe()
        python.standardError = errors
        python.standardOutput = FileHandle.nullDevice
        try python.run()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        python.waitUntilExit()
        #expect(python.terminationStatus == 0, "\(String(decoding: complaint, as: UTF8.self))")
    }

    @Test func `statistics show stages, scores and features`() throws {
        var message = TinyRequests.predict(rows: 4)
        message.context[0].presence = [0]
        message.context[1] = TinyRequests.text("country", ["never seen"])
        #expect(try daemon.connect().predict(message).status == nil)
        let text = try run(["statistics", "--admin-socket", daemon.adminPath])
        #expect(text.status == 0, "\(text.errors)")
        let listed = try run(["models", "--admin-socket", daemon.adminPath])
        for head in ["labels", "tables", "dense", "plan", "arenas"] {
            #expect(listed.output.contains(head), "\(head)")
        }
        for word in ["tiny version 1: 1 requests, 4 rows", "compute", "click", "country"] {
            #expect(text.output.contains(word), "\(word)")
        }
        let report = try json(
            run(["statistics", "tiny", "--json", "--admin-socket", daemon.adminPath]))
        let model = try #require((report["models"] as? [[String: Any]])?.first)
        let features = try #require(model["features"] as? [[String: Any]])
        #expect(features[0]["missing_rows"] as? Int == 1)
        #expect(features[1]["unknown_values"] as? Int == 1)
        let scores = try #require(model["scores"] as? [String: [String: Any]])
        #expect(scores["rating"]?["count"] as? Int == 4)
    }
}
