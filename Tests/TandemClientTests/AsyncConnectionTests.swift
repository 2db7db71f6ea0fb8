import CTandemSystem
import TandemClient
import TandemWire
import Testing

/// The machine's clock, as deadlines are in.
func monotonicNanoseconds() -> UInt64 { tandemsys_monotonic_ns() }

@Suite(.timeLimit(.minutes(1))) struct AsyncConnectionTests {
    private func failure<Result>(
        _ body: () async throws(ClientError) -> Result
    ) async -> ClientError? {
        do throws(ClientError) {
            _ = try await body()
            return nil
        } catch {
            return error
        }
    }

    @Test func `gives each of many calls its own answer, though they come backwards`() async throws
    {
        let count = 50
        let server = FakeServer { peer in
            var asked: [(id: UInt64, rows: Int)] = []
            while asked.count < count, let request = peer.request() {
                if case .predict(let predict) = request.call {
                    asked.append((request.id, predict.rows))
                }
            }
            for call in asked.reversed() { peer.send(Frames.prediction(call.id, rows: call.rows)) }
            _ = peer.receive()
        }
        let connection = try await AsyncConnection.connect(path: server.path)
        let rows = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for rows in 1...count {
                group.addTask {
                    let request = PredictRequest(model: "shop", rows: rows)
                    return (rows, try await connection.predict(request).rows)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(rows.count == count)
        #expect(rows.allSatisfy { $0.0 == $0.1 })
    }

    @Test func `puts together an answer that comes byte by byte`() async throws {
        let server = FakeServer { peer in
            while let request = peer.request() {
                peer.dribble(Frames.prediction(request.id, rows: 40))
            }
        }
        let connection = try await AsyncConnection.connect(path: server.path)
        for _ in 0..<2 {
            let prediction = try await connection.predict(PredictRequest(model: "shop", rows: 40))
            #expect(prediction["click"]?.values == (0..<40).map { Float($0) })
        }
    }

    @Test func `sends what the socket does not take at once, while answers come`() async throws {
        let rows = 1 << 19
        let server = FakeServer { peer in
            while let request = peer.request() {
                guard case .predict(let predict) = request.call,
                    case .float32(let values)? = predict.candidates.first?.values
                else {
                    peer.send(Frames.control(request.id, .serverLive(true)))
                    continue
                }
                let isWhole = values.count == rows && values.last == Float(rows - 1)
                peer.send(Frames.prediction(request.id, rows: isWhole ? 7 : 1))
            }
        }
        let connection = try await AsyncConnection.connect(path: server.path)
        // The fake server decodes under the house's limits, so the rows go as one wide vector.
        let column = FeatureColumn.vectors((0..<rows).map { Float($0) }, width: rows)
        let request = PredictRequest(model: "shop", candidates: ["price": column])
        async let first = connection.predict(request)
        async let second = connection.predict(request)
        async let live = connection.call(.serverLive)
        #expect(try await first.rows == 7)
        #expect(try await second.rows == 7)
        #expect(try await live)
    }

    @Test func `fails every call when the server vanishes, and every later one`() async throws {
        let server = FakeServer { peer in
            _ = peer.request()
            _ = peer.request()
        }
        let connection = try await AsyncConnection.connect(path: server.path)
        async let first = failure { () async throws(ClientError) in
            try await connection.predict(PredictRequest(model: "shop"))
        }
        async let second = failure { () async throws(ClientError) in
            try await connection.call(.serverLive)
        }
        #expect(await first?.code == .connectionLost)
        #expect(await second?.code == .connectionLost)
        let later = await failure { () async throws(ClientError) in
            try await connection.call(.serverLive)
        }
        #expect(later?.code == .connectionLost)
    }

    @Test func `gives the server's word on the connection to every call`() async throws {
        let server = FakeServer { peer in
            _ = peer.request()
            peer.send(Frames.status(0, WireStatus(.permissionDenied, "not for uid 33")))
        }
        let connection = try await AsyncConnection.connect(path: server.path)
        let error = await failure { () async throws(ClientError) in
            try await connection.call(.serverLive)
        }
        #expect(error?.code == .permissionDenied)
        #expect(error?.isFromServer == true)
    }

    @Test func `refuses garbage`() async throws {
        let server = FakeServer { peer in
            _ = peer.request()
            peer.send([3, 0xFF, 0xFF, 0xFF])
            _ = peer.receive()
        }
        let connection = try await AsyncConnection.connect(path: server.path)
        let error = await failure { () async throws(ClientError) in
            try await connection.call(.serverLive)
        }
        #expect(error?.code == .protocolViolation)
    }

    @Test func `gives up on a silent server, and only on the calls whose time is over`()
        async throws
    {
        let asked = Gate()
        let gate = Gate()
        let server = FakeServer { peer in
            var ids: [UInt64] = []
            while ids.count < 2, let request = peer.request() {
                ids.append(request.id)
                asked.open()
            }
            gate.wait()
            for id in ids { peer.send(Frames.control(id, .serverLive(true))) }
            while peer.receive() {}
        }
        let connection = try await AsyncConnection.connect(path: server.path)
        async let patient = connection.call(.serverLive, timeout: .seconds(50))
        await asked.passed()
        let error = await failure { () async throws(ClientError) in
            try await connection.call(.serverLive, timeout: .milliseconds(20))
        }
        #expect(error?.code == .timedOut)
        gate.open()
        #expect(try await patient)
    }

    @Test func `gives a cancelled task's call up, here and at the server`() async throws {
        let asked = Gate()
        let server = FakeServer { peer in
            guard let request = peer.request() else { return }
            let id = request.id
            asked.open()
            while let next = peer.request() {
                switch next.call {
                case .control(.cancel(id)):
                    peer.send(Frames.status(id, WireStatus(.cancelled, "given up")))
                    peer.send(Frames.control(next.id, .cancel(found: true)))
                case .control(.serverReady):
                    peer.send(Frames.control(next.id, .serverReady(false, reason: "cancelled")))
                default: return
                }
            }
        }
        let connection = try await AsyncConnection.connect(path: server.path)
        let task = Task {
            await failure { () async throws(ClientError) in
                try await connection.predict(PredictRequest(model: "shop"))
            }
        }
        await asked.passed()
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        // The server got the cancel call first, else it would have hung up.
        #expect(try await connection.call(.serverReady).reason == "cancelled")
    }

    @Test func `does not ask at all for a task that is cancelled before`() async throws {
        let server = FakeServer { peer in
            while let request = peer.request() {
                guard case .control(.serverLive) = request.call else { return }
                peer.send(Frames.control(request.id, .serverLive(true)))
            }
        }
        let connection = try await AsyncConnection.connect(path: server.path)
        let code = await Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await failure { () async throws(ClientError) in
                try await connection.predict(PredictRequest(model: "shop"))
            }?.code
        }.value
        #expect(code == .cancelled)
        #expect(try await connection.call(.serverLive))
    }

    @Test func `fails what waits when it is closed, and closes the socket`() async throws {
        let asked = Gate()
        let over = Gate()
        let server = FakeServer { peer in
            _ = peer.request()
            asked.open()
            while peer.receive() {}
            over.open()
        }
        let connection = try await AsyncConnection.connect(path: server.path)
        async let waiting = failure { () async throws(ClientError) in
            try await connection.call(.serverLive)
        }
        await asked.passed()
        connection.close()
        #expect(await waiting?.code == .connectionClosed)
        let later = await failure { () async throws(ClientError) in
            try await connection.call(.serverLive)
        }
        #expect(later?.code == .connectionClosed)
        await over.passed()
    }

    @Test func `closes the socket with its last reference`() async throws {
        let over = Gate()
        let server = FakeServer { peer in
            while peer.receive() {}
            over.open()
        }
        var connection: AsyncConnection? = try await AsyncConnection.connect(path: server.path)
        #expect(connection != nil)
        connection = nil
        await over.passed()
    }
}
