import Glibc
import TandemServingSupport
import TandemWire
import Testing

/// A real daemon on a real socket: what it answers, and that it goes on whatever comes.
@Suite(.serialized) struct DaemonTests {
    private let daemon: DaemonProcess

    init() throws {
        daemon = try DaemonProcess()
        try TinyShop.publish(to: daemon.repository)
    }

    /// The daemon answers a fresh connection as if nothing had been.
    private func expectServing() throws {
        #expect(try daemon.connect().predict().values("rating") == [1, 3, 5])
    }

    // MARK: Answers

    @Test func `answers every call of the data socket`() throws {
        try daemon.start()
        let connection = try daemon.connect()
        #expect(try connection.call(.serverLive).control == .serverLive(true))
        #expect(try connection.call(.serverReady).control == .serverReady(true, reason: ""))
        let choice = ModelChoice("tiny")
        #expect(
            try connection.call(.modelReady(choice)).control
                == .modelReady(true, version: 1, reason: ""))
        guard
            case .serverMetadata(let server)? = try connection.call(.serverMetadata).control,
            case .modelMetadata(let model)? = try connection.call(.modelMetadata(choice)).control
        else {
            Issue.record("no metadata")
            return
        }
        #expect(server.name == "tandemd" && server.pid == UInt32(daemon.pid))
        #expect(server.limits.contains { $0.name == "frame_bytes_max" && $0.value == 16 << 20 })
        #expect(model.versions == [1] && model.executor == "float")
        #expect(
            model.features.map(\.name) == ["age", "country", "price", "quality", "item", "tags"])
        #expect(model.features[5].width == 0 && model.features[5].listLengthMax == 3)
        #expect(model.features[1].type == .bytes && model.features[1].vocabularySize == 2)
        #expect(model.tasks.map(\.given) == ["", "click", ""])
        #expect(model.tasks[0].quality.first?.value == 0.75)
        #expect(model.formulas.first?.name == "value")
        let answer = try connection.predict()
        #expect(answer.version == 1 && answer.tasks.count == 3)
        try expectServing()
    }

    @Test func `answers pipelined requests in whatever pieces they come`() throws {
        try daemon.start()
        let connection = try daemon.connect()
        // Of one block each, which are answered in order on an idle daemon.
        var bytes: [UInt8] = []
        for id in 1...40 {
            bytes += try TinyRequests.frame(
                id: UInt64(id), TinyRequests.predict(rows: id * 7 % 60 + 1))
        }
        var start = 0
        for size in [1, 2, 3, 500, 70_000] {
            connection.send(Array(bytes[start..<min(bytes.count, start + size)]))
            start = min(bytes.count, start + size)
        }
        connection.send(Array(bytes[start...]))
        for id in 1...40 {
            let answer = try connection.answer()
            #expect(answer.id == UInt64(id))
            #expect(answer.values("rating")?.count == id * 7 % 60 + 1)
        }
    }

    @Test func `answers the same bits for any grouping of the rows`() throws {
        try daemon.start(["--threads", "2"])
        let whole = try daemon.connect().predict(TinyRequests.predict(rows: 64))
        let click = try #require(whole.values("click"))
        for count in [1, 7, 63] {
            let part = try daemon.connect().predict(TinyRequests.predict(rows: count))
            #expect(part.values("click") == Array(click.prefix(count)))
        }
    }

    @Test func `explains a request that asks for it`() throws {
        try daemon.start()
        var message = TinyRequests.predict()
        message.wantsExplanation = true
        message.context[1] = TinyRequests.text("country", ["never seen"])
        let connection = try daemon.connect()
        let answer = try connection.predict(message)
        #expect(answer.values("rating") == [1, 3, 5])
        let explanation = try #require(answer.explanation)
        #expect(explanation.executor == "float" && !explanation.instructionSet.isEmpty)
        #expect(
            explanation.stages.map(\.stage)
                == [.wait, .decode, .features, .compute, .rank, .encode])
        #expect(explanation.features.map(\.presentRows) == [1, 1, 3, 3, 3, 3])
        #expect(explanation.features[1].unknownValues == 1)
        #expect(try connection.predict().values("rating") == [1, 3, 5])
    }

    // MARK: Refusals inside of a frame

    private func expectRefused(
        _ message: PredictRequestMessage, _ code: StatusCode, _ reason: String
    ) throws {
        let connection = try daemon.connect()
        let answer = try connection.predict(message)
        #expect(answer.id == 1)
        #expect(answer.status?.code == code)
        #expect(answer.status?.details.first?.reason == reason)
        // The same connection goes on.
        #expect(try connection.predict().status == nil)
    }

    @Test func `refuses wrong requests one by one and goes on`() throws {
        try daemon.start(["--rows-max", "100"])
        var message = TinyRequests.predict(model: "tinny")
        try expectRefused(message, .notFound, "MODEL_UNKNOWN")
        message = TinyRequests.predict()
        message.version = .version(2)
        try expectRefused(message, .notFound, "VERSION_UNKNOWN")
        message.version = .label("stable")
        try expectRefused(message, .notFound, "LABEL_UNKNOWN")
        message = TinyRequests.predict()
        message.context.append(ColumnMessage("agee", .float32([1])))
        try expectRefused(message, .notFound, "FEATURE_UNKNOWN")
        message = TinyRequests.predict()
        message.candidates[0] = ColumnMessage("price", .int64([1, 2]))
        try expectRefused(message, .invalidArgument, "FEATURE_WRONG_COUNT")
        message.candidates[0] = TinyRequests.text("price", ["1", "2", "3"])
        try expectRefused(message, .invalidArgument, "FEATURE_WRONG_TYPE")
        message.candidates[0] = ColumnMessage("price", .float32([1, .nan, 3]))
        try expectRefused(message, .invalidArgument, "FEATURE_NOT_FINITE")
        message = TinyRequests.predict()
        message.deadlineNanoseconds = 1
        try expectRefused(message, .deadlineExceeded, "DEADLINE_PASSED")
        try expectRefused(
            TinyRequests.predict(rows: 101), .resourceExhausted, "WIRE_TOO_MANY")
        #expect(try daemon.connect().predict(TinyRequests.predict(rows: 100)).status == nil)
    }

    @Test func `an id that no vocabulary knows counts as unknown, not as an error`() throws {
        try daemon.start()
        var message = TinyRequests.predict()
        message.context[1] = TinyRequests.text("country", ["never seen"])
        #expect(try daemon.connect().predict(message).status == nil)
    }

    @Test func `refuses a frame that is no request by its id and goes on`() throws {
        try daemon.start()
        let connection = try daemon.connect()
        // Id 5, then a field that ends beyond the frame.
        connection.send([4, 0x08, 5, 0x52, 9])
        let answer = try connection.answer()
        #expect(answer.id == 5)
        #expect(answer.status?.code == .invalidArgument)
        #expect(try connection.predict().status == nil)
    }

    @Test func `keeps the sockets' calls apart`() throws {
        try daemon.start()
        let data = try daemon.connect()
        let refused = try data.call(.repositoryIndex(readyOnly: false, model: ""))
        #expect(refused.status?.code == .permissionDenied)
        #expect(refused.status?.message.contains("--admin-socket") == true)
        let admin = try daemon.connectAdmin()
        #expect(try admin.predict().status?.code == .permissionDenied)
        #expect(try admin.call(.serverLive).control == .serverLive(true))
        #expect(try data.predict().status == nil)
    }

    // MARK: Broken framing and broken clients

    @Test(arguments: [
        ([UInt8](repeating: 0xFF, count: 64), "WIRE_LENGTH_PREFIX_ENDLESS"),
        ([0], "WIRE_FRAME_EMPTY"), ([0x81, 0], "WIRE_LENGTH_PREFIX_NOT_SHORTEST"),
        ([0x80, 0x80, 0x80, 0x80, 0x0F], "WIRE_FRAME_TOO_LARGE"),
        (Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), ""),
    ])
    func `says why before it closes a connection that lost its framing`(
        bytes: [UInt8], reason: String
    ) throws {
        try daemon.start()
        let connection = try daemon.connect()
        connection.send(bytes)
        if reason.isEmpty {
            // "G" is a length of 71: half a frame, then the end.
            connection.endSending()
        } else {
            let answer = try connection.answer()
            #expect(answer.id == 0)
            #expect(answer.status?.details.first?.reason == reason)
        }
        #expect(try connection.receive() == nil)
        try expectServing()
    }

    @Test func `takes a frame of the largest size and refuses one byte more`() throws {
        try daemon.start(["--frame-bytes-max", "2000"])
        let connection = try daemon.connect()
        // 2000 is 0xD0 0x0F; the frame is garbage inside, which its answer says.
        connection.send([0xD0, 0x0F] + [UInt8](repeating: 0, count: 2_000))
        #expect(try connection.answer().status?.code == .invalidArgument)
        connection.send([0xD1, 0x0F])
        let refused = try connection.answer()
        #expect(refused.id == 0)
        #expect(refused.status?.code == .resourceExhausted)
        #expect(refused.status?.details.first?.bound == 2_000)
        #expect(refused.status?.details.first?.actual == 2_001)
        #expect(try connection.receive() == nil)
        try expectServing()
    }

    @Test func `cuts a client that sends half a frame and then nothing`() throws {
        try daemon.start(["--frame-stall-ms", "50"])
        let connection = try daemon.connect()
        connection.send([100, 8, 1])
        let answer = try connection.answer()
        #expect(answer.id == 0)
        #expect(answer.status?.code == .deadlineExceeded)
        #expect(answer.status?.details.first?.reason == "FRAME_STALLED")
        #expect(try connection.receive() == nil)
        try expectServing()
    }

    @Test func `an idle connection is not a stalled one`() throws {
        try daemon.start(["--frame-stall-ms", "1"])
        let idle = try daemon.connect()
        #expect(try idle.predict().status == nil)
        usleep(50_000)
        #expect(try idle.predict().status == nil)
    }

    @Test func `survives clients that leave in the middle of an answer`() throws {
        try daemon.start()
        let frame = try TinyRequests.frame(id: 1, TinyRequests.predict(rows: 20_000))
        for _ in 0..<20 { try daemon.connect().send(frame) }
        try expectServing()
    }

    @Test func `cuts a client that does not read its answers, and serves the others`() throws {
        try daemon.start(["--unsent-bytes-max", "100000", "--send-stall-ms", "50"])
        let slow = try daemon.connect()
        let frame = try TinyRequests.frame(id: 1, TinyRequests.predict(rows: 5_000))
        // Until the daemon neither reads nor keeps the connection: the send then fails.
        var sent = 0
        while slow.send(frame) && sent < 1_000 { sent += 1 }
        #expect(sent < 1_000)
        try expectServing()
    }

    @Test func `serves a slow reader every answer, only slowly`() throws {
        try daemon.start(["--unsent-bytes-max", "1000"])
        let slow = try daemon.connect()
        for id: UInt64 in 1...4 {
            slow.send(try TinyRequests.frame(id: id, TinyRequests.predict(rows: 2_000)))
        }
        for _ in 0..<4 { #expect(try slow.answer().values("rating")?.count == 2_000) }
    }

    @Test func `waits for descriptors when it has none left, and goes on`() throws {
        try daemon.spawn(descriptorLimit: 40)
        try daemon.waitUntilReady()
        // More than it can take: the rest wait in the queue.
        var held = try (0..<60).map { _ in try daemon.connect() }
        #expect(try held[0].predict().status == nil)
        held.removeFirst(50)
        for connection in held { #expect(try connection.predict().status == nil) }
        try expectServing()
    }

    /// A connection that is served: the daemon learns in its own time that one before has ended.
    private func served() throws -> RawConnection {
        while true {
            let connection = try daemon.connect()
            if try connection.predict().status == nil { return connection }
        }
    }

    @Test func `turns away a connection over the limit, and takes one when another ends`() throws {
        try daemon.start(["--connections-max", "2"])
        let first = try served()
        var second: RawConnection? = try served()
        #expect(try first.predict().status == nil)
        #expect(try second?.predict().status == nil)
        let third = try daemon.connect()
        let refused = try third.answer()
        #expect(refused.id == 0)
        #expect(refused.status?.details.first?.limit == "connections_max")
        #expect(refused.status?.details.first?.bound == 2)
        #expect(try third.receive() == nil)
        second = nil
        #expect(try served().predict().status == nil)
        #expect(try first.predict().status == nil)
    }

    @Test func `bounds the admin socket's connections apart`() throws {
        try daemon.start(["--set", "limits.admin_connections_max=1"])
        let first = try daemon.connectAdmin()
        #expect(try first.call(.serverLive).control == .serverLive(true))
        let refused = try daemon.connectAdmin().answer()
        #expect(refused.status?.details.first?.limit == "admin_connections_max")
        #expect(refused.status?.details.first?.bound == 1)
        #expect(try daemon.connect().predict().status == nil)
    }
}
