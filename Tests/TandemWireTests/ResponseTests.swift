import TandemWire
import Testing

/// Answers other than scores, and what a client refuses.
@Suite struct ResponseTests {
    private func content(
        _ frame: EncodedFrame, _ fixture: WireFixture
    ) throws -> ResponseView.Content {
        try fixture.response(WireFixture.payload(of: frame.bytes)).content
    }

    @Test(arguments: Specimens.answers.map(\.answer))
    func `gives back every control answer`(_ answer: ControlAnswer) throws {
        let fixture = try WireFixture()
        let frame = try ResponseEncoder(arena: fixture.arena).control(id: 5, answer)
        let view = try fixture.response(WireFixture.payload(of: frame.bytes))
        guard case .control(let decoded) = view.content else {
            Issue.record("not a control answer")
            return
        }
        #expect(decoded == answer)
        #expect(view.id == 5)
    }

    @Test func `gives back a status with all its facts`() throws {
        let fixture = try WireFixture()
        let frame = try ResponseEncoder(arena: fixture.arena).status(id: 5, Specimens.status)
        guard case .status(let status) = try content(frame, fixture) else {
            Issue.record("not a status")
            return
        }
        #expect(status == Specimens.status)
        #expect(status.description == "RESOURCE_EXHAUSTED: too many rows")
    }

    @Test func `cuts a long message at the end of a character and many details`() throws {
        let fixture = try WireFixture()
        let message = String(repeating: "é", count: 2_047) + "a€"
        let details = (0..<20).map { StatusDetail(reason: "R\($0)") }
        let status = WireStatus(.internal, message, details: details)
        let frame = try ResponseEncoder(arena: fixture.arena).status(id: 5, status)
        guard case .status(let told) = try content(frame, fixture) else {
            Issue.record("not a status")
            return
        }
        #expect(told.message == String(repeating: "é", count: 2_047) + "a")
        #expect(told.details.map(\.reason) == (0..<16).map { "R\($0)" })
    }

    @Test func `gives back the notice that the connection closes`() throws {
        let fixture = try WireFixture()
        let frame = try ResponseEncoder(arena: fixture.arena).goingAway(
            reason: "restart", closesInNanoseconds: 9)
        let view = try fixture.response(WireFixture.payload(of: frame.bytes))
        guard case .goingAway("restart", 9) = view.content else {
            Issue.record("not the notice")
            return
        }
        #expect(view.id == 0)
    }

    @Test func `refuses an answer of nothing, and of nothing known`() throws {
        let fixture = try WireFixture()
        for payload in [[0x08, 4], [0x08, 4, 0xCA, 0x04, 0x00]] as [[UInt8]] {
            let error = #expect(throws: WireError.self) { try fixture.response(payload) }
            #expect(error?.code == .callMissing)
            #expect(error?.requestID == 4)
        }
    }

    @Test func `refuses garbage and says what listens there may not be tandemd`() throws {
        let fixture = try WireFixture()
        let error = #expect(throws: WireError.self) {
            try fixture.response(Array("HTTP/1.1 400 Bad Request".utf8))
        }
        #expect(error?.code == .malformed)
    }

    @Test func `refuses scores that do not fit rows and width`() throws {
        let fixture = try WireFixture()
        // predict { rows: 2 tasks { name: "a" width: 1 values: one float } }
        let payload: [UInt8] = [
            0x08, 4, 0x52, 15, 0x18, 2, 0x22, 11, 0x0A, 1, 0x61, 0x18, 1, 0x2A, 4, 0, 0, 0, 0,
        ]
        let error = #expect(throws: WireError.self) { try fixture.response(payload) }
        #expect(error?.code == .lengthMismatch)
        #expect(error?.bound == 2)
        #expect(error?.actual == 1)
    }

    @Test func `takes a control answer at the frame limit and refuses one byte under`() throws {
        let arena = try ArenaAllocator()
        let answer = ControlAnswer.serverReady(false, reason: "loading")
        let frame = try ResponseEncoder(arena: arena).control(id: 5, answer)
        let payload = frame.byteCount - 1
        let same = try ResponseEncoder(arena: arena, frameBytesMax: payload)
            .control(id: 5, answer)
        #expect(same.byteCount == frame.byteCount)
        let error = #expect(throws: WireError.self) {
            try ResponseEncoder(arena: arena, frameBytesMax: payload - 1).control(id: 5, answer)
        }
        #expect(error?.code == .frameTooLarge)
    }

    @Test func `says that the arena is full instead of writing half a message`() throws {
        let arena = try ArenaAllocator(capacity: 256)
        let error = #expect(throws: WireError.self) {
            try ResponseEncoder(arena: arena).control(
                id: 5, .serverReady(false, reason: String(repeating: "x", count: 300)))
        }
        #expect(error?.code == .arenaFull)
    }

    @Test func `takes a request at the frame limit and refuses one byte under`() throws {
        let arena = try ArenaAllocator()
        let frame = try RequestEncoder(arena: arena).predict(id: 1, Specimens.predict)
        let payload = frame.byteCount - 2
        _ = try RequestEncoder(arena: arena, frameBytesMax: payload)
            .predict(id: 1, Specimens.predict)
        let error = #expect(throws: WireError.self) {
            try RequestEncoder(arena: arena, frameBytesMax: payload - 1)
                .predict(id: 1, Specimens.predict)
        }
        #expect(error?.code == .frameTooLarge)
        #expect(error?.actual == payload)
    }
}
