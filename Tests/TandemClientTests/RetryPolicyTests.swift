import TandemWire
import Testing

@testable import TandemClient

@Suite struct RetryPolicyTests {
    private let policy = RetryPolicy()

    private func error(_ code: ClientError.Code, retryAfter: Duration? = nil) -> ClientError {
        var error = ClientError(code, "m", path: "p")
        error.retryAfter = retryAfter
        return error
    }

    private func wait(
        _ error: ClientError, attempt: Int = 1, isSafe: Bool = true, timeLeft: Duration? = nil,
        jitter: Double = 1
    ) -> Duration? {
        policy.wait(
            after: error, attempt: attempt, isSafe: isSafe, timeLeft: timeLeft, jitter: jitter)
    }

    @Test func `waits twice as long each time, up to the bound, and never less than half`() {
        let waits = (1...5).map { wait(error(.unavailable), attempt: $0) }
        #expect(waits == [10, 20, 40, 80, 160].map { Optional(Duration.milliseconds($0)) })
        #expect(wait(error(.unavailable), jitter: 0) == .milliseconds(5))
        var patient = RetryPolicy()
        patient.retriesMax = 100
        let long = patient.wait(
            after: error(.unavailable), attempt: 60, isSafe: true, timeLeft: nil, jitter: 1)
        #expect(long == .seconds(1))
    }

    @Test func `gives up after the bound's attempts`() {
        #expect(wait(error(.unavailable), attempt: 5) != nil)
        #expect(wait(error(.unavailable), attempt: 6) == nil)
    }

    @Test func `asks a call that changes the server again only where it was not taken up`() {
        for code: ClientError.Code in [.connectionRefused, .socketMissing, .unavailable] {
            #expect(wait(error(code), isSafe: false) != nil, "\(code)")
        }
        for code: ClientError.Code in [.connectionLost, .aborted] {
            #expect(wait(error(code), isSafe: false) == nil, "\(code)")
            #expect(wait(error(code), isSafe: true) != nil, "\(code)")
        }
    }

    @Test func `never asks again what is wrong with the request itself`() {
        for code: ClientError.Code in [
            .invalidArgument, .notFound, .permissionDenied, .deadlineExceeded, .cancelled,
            .requestInvalid, .internal, .unimplemented, .timedOut, .protocolViolation,
        ] {
            #expect(wait(error(code)) == nil, "\(code)")
        }
    }

    @Test func `follows the server's hint, and only with one asks a full server again`() {
        #expect(wait(error(.resourceExhausted)) == nil)
        let hint = error(.resourceExhausted, retryAfter: .milliseconds(70))
        #expect(wait(hint) == .milliseconds(70))
        #expect(wait(hint, isSafe: false) == nil)
    }

    @Test func `does not wait past the deadline`() {
        #expect(wait(error(.unavailable), timeLeft: .milliseconds(10)) == nil)
        #expect(wait(error(.unavailable), timeLeft: .milliseconds(11)) == .milliseconds(10))
    }
}

@Suite(.timeLimit(.minutes(1))) struct ConnectionPoolTests {
    @Test func `connects when first asked, and again when a connection broke`() async throws {
        // The first server answers once and ends; its successor has the same path.
        let first = FakeServer { peer in
            if let request = peer.request() { peer.send(Frames.prediction(request.id, rows: 2)) }
        }
        let pool = ConnectionPool(path: first.path, size: 1)
        #expect(try await pool.predict(PredictRequest(model: "shop", rows: 2)).rows == 2)
        var policy = RetryPolicy()
        policy.retriesMax = 0
        // Nobody accepts any more: the listener is there, the connection is not.
        let strict = ConnectionPool(path: first.path + ".none", size: 1, policy: policy)
        await #expect(throws: ClientError.self) {
            try await strict.predict(PredictRequest(model: "shop", rows: 2))
        }
        pool.close()
        await #expect(throws: ClientError.self) {
            try await pool.predict(PredictRequest(model: "shop", rows: 2))
        }
    }

    @Test func `asks a draining server's successor`() async throws {
        let path = "/tmp/tandem-pool-\(monotonicNanoseconds()).sock"
        let listener = FakeServer.listen(path)
        let served = SuccessiveServers(listener, path)
        served.start()
        let pool = ConnectionPool(path: path, size: 1)
        let prediction = try await pool.predict(PredictRequest(model: "shop", rows: 3))
        #expect(prediction.rows == 3)
        #expect(served.connectionCount == 3)
        served.end()
    }
}
