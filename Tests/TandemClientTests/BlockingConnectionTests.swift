import Glibc
import Synchronization
import TandemClient
import TandemWire
import Testing

@Suite(.timeLimit(.minutes(1))) struct BlockingConnectionTests {
    /// Short waits, for tests in which nothing ever comes.
    private var hasty: ConnectionOptions {
        var options = ConnectionOptions()
        options.callTimeout = .milliseconds(30)
        return options
    }

    private func failure<Result>(
        _ body: () throws(ClientError) -> Result
    ) -> ClientError? {
        do throws(ClientError) {
            _ = try body()
            return nil
        } catch {
            return error
        }
    }

    // MARK: Answers

    @Test func `gives back scores and the ranking`() throws {
        let server = FakeServer { peer in
            while let request = peer.request() {
                peer.send(Frames.prediction(request.id, rows: 3, ranked: 2))
            }
        }
        let connection = try BlockingConnection(path: server.path)
        for _ in 0..<3 {
            let prediction = try connection.predict(PredictRequest(model: "shop", rows: 3))
            #expect(prediction.model == "shop")
            #expect(prediction.version == 41)
            #expect(prediction.rows == 3)
            #expect(prediction["click"]?.values == [0, 1, 2])
            let stars = try #require(prediction["stars"])
            #expect(stars.kind == .multiclass)
            #expect(stars.given == "click")
            #expect(Array(stars[1]) == [1, 1.5])
            #expect(prediction["fraud"] == nil)
            #expect(prediction.ranked?.map(\.row) == [2, 1])
            #expect(prediction.ranked?.map(\.score) == [3, 2])
        }
    }

    @Test func `puts together an answer that comes byte by byte`() throws {
        let server = FakeServer { peer in
            while let request = peer.request() {
                peer.dribble(Frames.prediction(request.id, rows: 40))
            }
        }
        let connection = try BlockingConnection(path: server.path)
        let prediction = try connection.predict(PredictRequest(model: "shop", rows: 40))
        #expect(prediction["click"]?.values == (0..<40).map { Float($0) })
    }

    @Test func `takes an answer much larger than its first memory`() throws {
        let server = FakeServer { peer in
            while let request = peer.request() {
                peer.send(Frames.prediction(request.id, rows: 60_000))
            }
        }
        let connection = try BlockingConnection(path: server.path)
        for _ in 0..<2 {
            let prediction = try connection.predict(PredictRequest(model: "shop", rows: 60_000))
            #expect(prediction["stars"]?.values.last == 59_999.5)
        }
    }

    @Test func `passes over answers to other calls`() throws {
        let server = FakeServer { peer in
            guard let request = peer.request() else { return }
            peer.send(Frames.prediction(request.id + 70, rows: 9))
            peer.send(Frames.prediction(request.id, rows: 2))
            _ = peer.receive()
        }
        let connection = try BlockingConnection(path: server.path)
        #expect(try connection.predict(PredictRequest(model: "shop", rows: 2)).rows == 2)
    }

    // MARK: Failures that the server tells

    @Test func `gives the server's status with its facts`() throws {
        let server = FakeServer { peer in
            var detail = StatusDetail(reason: "FEATURE_UNKNOWN")
            detail.feature = "pirce"
            detail.bound = 3
            detail.row = 4
            let status = WireStatus(
                .notFound, "no feature 'pirce'; did you mean 'price'?", details: [detail],
                retryAfterNanoseconds: 1_500)
            while let request = peer.request() { peer.send(Frames.status(request.id, status)) }
        }
        let connection = try BlockingConnection(path: server.path)
        for _ in 0..<2 {
            let error = try #require(
                failure { () throws(ClientError) in
                    try connection.predict(PredictRequest(model: "shop"))
                })
            #expect(error.code == .notFound)
            #expect(error.message == "no feature 'pirce'; did you mean 'price'?")
            #expect(error.isFromServer)
            #expect(error.facts.first?.reason == "FEATURE_UNKNOWN")
            #expect(error.facts.first?.feature == "pirce")
            #expect(error.facts.first?.bound == 3)
            #expect(error.facts.first?.row == 4)
            #expect(error.retryAfter == .nanoseconds(1_500))
            #expect(error.path == server.path)
        }
    }

    @Test func `gives what the server says of the connection, though it was still sending`() throws
    {
        let server = FakeServer { peer in
            _ = peer.receive()
            peer.send(
                Frames.status(0, WireStatus(.resourceExhausted, "a frame over frame_bytes_max")))
        }
        let connection = try BlockingConnection(path: server.path)
        let column = FeatureColumn.numbers([Float](repeating: 1, count: 1 << 19))
        let error = failure { () throws(ClientError) in
            try connection.predict(PredictRequest(model: "shop", candidates: ["price": column]))
        }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.isFromServer == true)
        // Half a frame is out: the connection is of no use any more, and says why.
        let next = failure { () throws(ClientError) in try connection.call(.serverLive) }
        #expect(next?.code == .resourceExhausted)
    }

    @Test func `finishes a call when the server goes away, and refuses the next`() throws {
        let server = FakeServer { peer in
            guard let request = peer.request() else { return }
            peer.send(Frames.goingAway("restart"))
            peer.send(Frames.control(request.id, .serverLive(true)))
            _ = peer.receive()
        }
        let connection = try BlockingConnection(path: server.path)
        #expect(try connection.call(.serverLive))
        let error = failure { () throws(ClientError) in try connection.call(.serverLive) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("restart") == true)
    }

    // MARK: A server that vanishes, is silent or talks nonsense

    @Test func `tells a server that vanishes before, and in the middle of, its answer`() throws {
        let whole = Frames.prediction(1, rows: 4)
        for count in [0, 1, whole.count / 2, whole.count - 1] {
            let server = FakeServer { peer in
                _ = peer.request()
                peer.send(Array(whole.prefix(count)))
            }
            let connection = try BlockingConnection(path: server.path)
            for _ in 0..<2 {
                let error = failure { () throws(ClientError) in
                    try connection.predict(PredictRequest(model: "shop", rows: 4))
                }
                #expect(error?.code == .connectionLost)
                #expect(error?.path == server.path)
            }
        }
    }

    @Test func `refuses a length prefix that no server sends`() throws {
        for bytes in [[0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x00], [0x80, 0x00]] as [[UInt8]] {
            let server = FakeServer { peer in
                _ = peer.request()
                peer.send(bytes)
                _ = peer.receive()
            }
            let connection = try BlockingConnection(path: server.path)
            let error = failure { () throws(ClientError) in try connection.call(.serverLive) }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test func `refuses a frame that is no response, and an answer to another call`() throws {
        for bytes in [
            [4, 0xFF, 0xFF, 0xFF, 0xFF], Frames.control(1, .cancel(found: true)),
            Frames.prediction(1, rows: 1),
        ] {
            let server = FakeServer { peer in
                _ = peer.request()
                peer.send(bytes)
                _ = peer.receive()
            }
            let connection = try BlockingConnection(path: server.path)
            let error = failure { () throws(ClientError) in try connection.call(.serverLive) }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test func `refuses an answer over its limit and says what to raise`() throws {
        let server = FakeServer { peer in
            guard let request = peer.request() else { return }
            peer.send(Frames.prediction(request.id, rows: 1_000))
            _ = peer.receive()
        }
        var options = ConnectionOptions()
        options.frameBytesMax = 4_000
        let connection = try BlockingConnection(path: server.path, options: options)
        let error = failure { () throws(ClientError) in
            try connection.predict(PredictRequest(model: "shop", rows: 1_000))
        }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.message.contains("frameBytesMax") == true)
    }

    @Test func `gives up on a silent server and passes over its late answer`() throws {
        let gate = Gate()
        let server = FakeServer { peer in
            guard let first = peer.request() else { return }
            let id = first.id
            gate.wait()
            peer.send(Frames.control(id, .serverLive(false)))
            while let request = peer.request() {
                peer.send(Frames.control(request.id, .serverLive(true)))
            }
        }
        let connection = try BlockingConnection(path: server.path, options: hasty)
        let error = failure { () throws(ClientError) in try connection.call(.serverLive) }
        #expect(error?.code == .timedOut)
        gate.open()
        #expect(try connection.call(.serverLive, timeout: .seconds(30)))
    }

    @Test func `gives up on a request's deadline`() throws {
        let server = FakeServer { peer in while peer.receive() {} }
        let connection = try BlockingConnection(path: server.path)
        let error = failure { () throws(ClientError) in
            try connection.predict(PredictRequest(model: "shop", deadline: .milliseconds(1)))
        }
        #expect(error?.code == .timedOut)
    }

    @Test func `gives up on a server that does not read`() throws {
        let gate = Gate()
        let server = FakeServer { _ in gate.wait() }
        defer { gate.open() }
        let connection = try BlockingConnection(path: server.path, options: hasty)
        let column = FeatureColumn.numbers([Float](repeating: 1, count: 1 << 19))
        for _ in 0..<2 {
            let error = failure { () throws(ClientError) in
                try connection.predict(
                    PredictRequest(model: "shop", candidates: ["price": column]))
            }
            #expect(error?.code == .timedOut)
        }
    }

    // MARK: Requests

    @Test func `refuses columns of unequal rows before sending`() throws {
        let server = FakeServer { peer in
            while let request = peer.request() {
                peer.send(Frames.control(request.id, .serverLive(true)))
            }
        }
        let connection = try BlockingConnection(path: server.path)
        let error = failure { () throws(ClientError) in
            try connection.predict(
                PredictRequest(model: "shop", candidates: ["price": .numbers([1, 2])], rows: 3))
        }
        #expect(error?.code == .requestInvalid)
        #expect(error?.message == "candidate feature 'price' has 2 rows, the request has 3")
        #expect(try connection.call(.serverLive))
    }
}

/// A door that one thread waits at until another opens it.
final class Gate: Sendable {
    private let isOpen = Mutex(false)

    func open() { isOpen.withLock { $0 = true } }

    /// Waits on a thread of the test's own.
    func wait() { while !isOpen.withLock({ $0 }) { usleep(500) } }

    /// Waits without keeping one of the tasks' threads from other tests.
    func passed() async {
        while !isOpen.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(1)) }
    }
}
