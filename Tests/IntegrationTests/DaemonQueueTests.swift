import Glibc
import TandemServingSupport
import TandemWire
import Testing

/// A real daemon with more to do than one request.
@Suite(.serialized) struct DaemonQueueTests {
    private let daemon: DaemonProcess
    private let patient = ["--set", "limits.queue_work_max_us=3600000000"]

    init() throws {
        daemon = try DaemonProcess()
        try TinyShop.publish(to: daemon.repository)
    }

    private func send(
        _ connection: RawConnection, _ id: UInt64, rows: Int, priority: Int32 = 0
    ) throws {
        var message = TinyRequests.predict(rows: rows)
        message.priority = priority
        connection.send(try TinyRequests.frame(id: id, message))
    }

    @Test func `small requests overtake a large one on the same connection`() throws {
        try daemon.start(["--threads", "1"] + patient)
        let connection = try daemon.connect()
        try send(connection, 1, rows: 60_000)
        for id: UInt64 in 2...5 { try send(connection, id, rows: 2) }
        let ids = try (0..<5).map { _ in try connection.answer().id }
        #expect(ids == [2, 3, 4, 5, 1])
    }

    @Test func `a large request of one connection does not hold up another's`() throws {
        try daemon.start(["--threads", "1"] + patient)
        let large = try daemon.connect()
        let small = try daemon.connect()
        try send(large, 1, rows: 60_000)
        // Answered while the large one is being computed: nothing of it has come yet.
        #expect(try small.predict().values("rating") == [1, 3, 5])
        var waiting = pollfd(fd: large.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&waiting, 1, 0) == 0)
        #expect(try large.answer().values("rating")?.count == 60_000)
    }

    @Test func `cancels a large request, and frees its id`() throws {
        try daemon.start(["--threads", "1"] + patient)
        let connection = try daemon.connect()
        try send(connection, 1, rows: 60_000)
        connection.send(try TinyRequests.frame(id: 2, .cancel(1)))
        let cancelled = try connection.answer()
        #expect(cancelled.id == 1 && cancelled.status?.code == .cancelled)
        #expect(try connection.answer().control == .cancel(found: true))
        try send(connection, 1, rows: 3)
        #expect(try connection.answer().values("rating") == [1, 3, 5])
    }

    @Test func `refuses an id in flight and still answers the call that has it`() throws {
        try daemon.start(["--threads", "1"] + patient)
        let connection = try daemon.connect()
        try send(connection, 1, rows: 60_000)
        try send(connection, 1, rows: 2)
        #expect(try connection.answer().status?.code == .alreadyExists)
        #expect(try connection.answer().values("rating")?.count == 60_000)
    }

    @Test func `goes on when a client leaves with large requests in flight`() throws {
        try daemon.start(["--threads", "1"] + patient)
        for _ in 0..<4 {
            let leaving = try daemon.connect()
            for id: UInt64 in 1...4 { try send(leaving, id, rows: 60_000) }
        }
        let connection = try daemon.connect()
        #expect(try connection.predict().values("rating") == [1, 3, 5])
        // Nothing of them is left in flight once their ends were seen.
        while true {
            let answer = try daemon.connectAdmin().call(.statistics(model: ""))
            guard case .statistics(let statistics)? = answer.control else { continue }
            if statistics.server.inFlight == 0 { break }
        }
    }
}
