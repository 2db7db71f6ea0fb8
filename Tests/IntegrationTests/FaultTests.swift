import CTandemSystem
import Foundation
import Glibc
import TandemServingSupport
import TandemWire
import Testing

/// A daemon whose system calls fail, fall short and are counted.
@Suite(.serialized) struct FaultTests {
    private let daemon: DaemonProcess

    init() throws {
        daemon = try DaemonProcess()
        try TinyShop.publish(to: daemon.repository)
    }

    private func start(_ options: [String] = [], _ variables: [String: String]) throws -> Bool {
        try daemon.startFaulty(options, variables)
    }

    @Test(arguments: [
        "eintr:2", "eintr:3", "short:1", "short:2,eintr:5", "again:3", "again:2,short:3,eintr:7",
        "emfile:2", "enomem:3,aborted:5", "clock:1", "emfile:4,enomem:5,eintr:3,short:2,again:5",
    ])
    func `answers rightly whatever system calls do`(faults: String) throws {
        guard try start(["--threads", "2"], ["TANDEM_FAULTS": faults]) else { return }
        for round in 0..<5 {
            let connections = try (0..<4).map { _ in try daemon.connect() }
            for (index, connection) in connections.enumerated() {
                for id: UInt64 in 1...3 {
                    let rows = 3 + index * 100 + round
                    connection.send(
                        try TinyRequests.frame(id: id, TinyRequests.predict(rows: rows)))
                }
            }
            for (index, connection) in connections.enumerated() {
                for _ in 0..<3 {
                    let answer = try connection.answer()
                    #expect(answer.values("rating")?.count == 3 + index * 100 + round)
                    #expect(answer.values("rating")?.prefix(3) == [1, 3, 5])
                }
            }
        }
        daemon.send(SIGTERM)
        #expect(daemon.wait() == 0)
    }

    @Test func `reads its configuration whatever system calls do`() throws {
        let path = daemon.folder.file("tandemd.toml")
        try daemon.folder.write("tandemd.toml", "threads = 1\n[limits]\nrows_max = 100\n")
        guard try start(["--config", path], ["TANDEM_FAULTS": "short:1,eintr:2"]) else { return }
        #expect(try daemon.connect().predict(TinyRequests.predict(rows: 100)).status == nil)
        let refused = try daemon.connect().predict(TinyRequests.predict(rows: 101))
        #expect(refused.status?.details.first?.limit == "rows_max")
    }

    @Test func `closes a connection that it cannot watch, and goes on accepting`() throws {
        let faults = ["TANDEM_FAULTS": "emfile:2,unwatched:9"]
        guard try start(["--threads", "1", "--set", "limits.accept_pause_ms=1"], faults) else {
            return
        }
        var closed = 0
        for _ in 0..<60 {
            // One that it cannot watch ends without an answer.
            guard let answer = try? daemon.connect().predict() else {
                closed += 1
                continue
            }
            #expect(answer.values("rating") == [1, 3, 5])
        }
        #expect((1...30).contains(closed))
        daemon.send(SIGTERM)
        #expect(daemon.wait() == 0)
    }

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func `accepts again when the pause is over, and not a nanosecond before`(
        late: Int, isAccepted: Bool
    ) throws {
        let path = daemon.folder.file("clock")
        let options = ["--threads", "1", "--set", "spin_us=0"]
        // Every second accept fails: the one that would find nobody there after one that did.
        guard
            try start(
                options + ["--set", "limits.accept_pause_ms=200"],
                ["TANDEM_FAULTS": "emfile:2", "TANDEM_MONOTONIC": path])
        else { return }
        // From here on the daemon's clock stands still, past the pauses of getting ready.
        let moment = tandemsys_monotonic_ns() + 1_000_000_000
        try setClock(path, moment)
        let first = try daemon.connect()
        #expect(try first.predict().status == nil)
        let second = try daemon.connect()
        second.send(try TinyRequests.frame(id: 1, TinyRequests.predict()))
        try setClock(path, moment + UInt64(200_000_000 + late))
        for _ in 0..<20 { #expect(try first.predict().status == nil) }
        if isAccepted {
            #expect(try second.answer().values("rating") == [1, 3, 5])
        } else {
            var byte: UInt8 = 0
            #expect(recv(second.descriptor, &byte, 1, Int32(MSG_DONTWAIT)) == -1)
            #expect(errno == EAGAIN)
        }
    }

    /// Sets the monotonic clock of a daemon that Tests/Faults gave one.
    private func setClock(_ path: String, _ nanoseconds: UInt64) throws {
        let file = open(path, O_RDWR | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        var number = nanoseconds
        try #require(pwrite(file, &number, 8, 0) == 8)
    }

    /// The counters of Tests/Faults, in its order.
    private enum Counter: Int, CaseIterable {
        case receive, send, wait, control, read, write, map, allocate, lock
    }

    private func counters(_ path: String) throws -> [UInt64] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        return bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt64.self)) }
    }

    @Test func `in steady state a request costs one recv, one send and the waits between`() throws {
        let path = daemon.folder.file("counts")
        // Without polling each wait is one call.
        let options = ["--threads", "1", "--set", "spin_us=0"]
        guard try start(options, ["TANDEM_COUNTS": path]) else { return }
        let connection = try daemon.connect()
        let requests = 200
        func ask() throws {
            for _ in 0..<requests { #expect(try connection.predict().status == nil) }
        }
        try ask()
        let before = try counters(path)
        try ask()
        let after = try counters(path)
        func made(_ counter: Counter) -> Int {
            Int(after[counter.rawValue] - before[counter.rawValue])
        }
        #expect(made(.receive) == requests && made(.send) == requests)
        #expect(made(.wait) <= requests + 2)
        for counter: Counter in [.control, .read, .write, .map, .allocate, .lock] {
            #expect(made(counter) == 0, "\(counter)")
        }
    }

    @Test(arguments: [(11, 2), (12, 1), (13, 1)])
    func `answers as many frames of a connection as the limit before it sends`(
        limit: Int, sends: UInt64
    ) throws {
        let path = daemon.folder.file("counts")
        let options = ["--threads", "1", "--set", "limits.frames_per_turn=\(limit)"]
        guard try start(options, ["TANDEM_COUNTS": path]) else { return }
        let connection = try daemon.connect()
        #expect(try connection.predict().status == nil)
        let before = try counters(path)[Counter.send.rawValue]
        // All twelve come with one read.
        connection.send(
            try (1...12).flatMap { try TinyRequests.frame(id: $0, .serverLive) })
        for id: UInt64 in 1...12 { #expect(try connection.answer().id == id) }
        #expect(try counters(path)[Counter.send.rawValue] - before == sends)
    }

    @Test func `an idle daemon makes no system call at all`() throws {
        let path = daemon.folder.file("counts")
        guard try start(["--threads", "2"], ["TANDEM_COUNTS": path]) else { return }
        // Whatever was under way when it became ready is over once two looks agree.
        var before = try counters(path)
        while true {
            usleep(200_000)
            let now = try counters(path)
            if now == before { break }
            before = now
        }
        usleep(300_000)
        #expect(try counters(path) == before)
    }
}
