import TandemWire
import Testing

/// Bytes that someone made up, or that were broken on their way.
@Suite struct HostileRequestTests {
    @Test func `takes or refuses every beginning of every request without harm`() throws {
        let fixture = try WireFixture()
        for frame in try SchemaTests.frames() {
            let payload = try WireFixture.payload(of: frame.bytes)
            for count in 0..<payload.count {
                fixture.arena.reset()
                let part = Array(payload.prefix(count))
                if let view = try? fixture.request(part) { _ = Reading.digest(view) }
                fixture.arena.reset()
                _ = try? fixture.response(part)
            }
        }
    }

    @Test func `takes or refuses requests with any one byte changed`() throws {
        let fixture = try WireFixture()
        let payload = try fixture.payload(Specimens.predict)
        for index in payload.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF, payload[index] ^ 1] as [UInt8] {
                var changed = payload
                changed[index] = value
                fixture.arena.reset()
                if let view = try? fixture.request(changed) { _ = Reading.digest(view) }
            }
        }
    }

    @Test func `takes the last of two calls in one frame`() throws {
        let fixture = try WireFixture()
        var first = PredictRequestMessage(model: "other", rows: 9)
        first.candidates = [ColumnMessage("x", .int64([1, 2, 3, 4, 5, 6, 7, 8, 9]))]
        let payload = try fixture.payload(first) + fixture.payload(Specimens.predict)
        let view = try fixture.predict(payload)
        #expect(view.model.string == "shop")
        #expect(view.candidates.map(\.name.string) == ["price", "item", "shelf", "tags"])
        #expect(view.candidates.allSatisfy { $0.values.count == 3 })
    }

    @Test func `takes two rankings in one request without harm`() throws {
        let fixture = try WireFixture()
        // ranking { weighted_sum { terms { task: "a" } } }, then the same with task "b" and top_k.
        let first: [UInt8] = [0x52, 7, 0x0A, 5, 0x0A, 3, 0x0A, 1, 0x61]
        let second: [UInt8] = [0x52, 9, 0x0A, 5, 0x0A, 3, 0x0A, 1, 0x62, 0x28, 1]
        let predict: [UInt8] = [0x0A, 1, 0x6D, 0x38, 1] + first + second
        let payload = [0x08, 3, 0x52, UInt8(predict.count)] + predict
        let ranking = try #require(try fixture.predict(payload).ranking)
        #expect(ranking.topK == 1)
        guard case .weightedSum(let terms) = ranking.formula else {
            Issue.record("formula")
            return
        }
        #expect(terms.last?.task.string == "b")
    }

    @Test func `bounds what a thousand calls in one frame cost`() throws {
        let fixture = try WireFixture(arenaBytesMax: 1 << 20)
        let payload = try fixture.payload(Specimens.predict)
        let many = Array(repeatElement(payload, count: 1_000).joined())
        #expect(fixture.refusal(many)?.code == .arenaFull)
        #expect(fixture.arena.usedBytes <= 1 << 20)
    }

    @Test func `takes or refuses what a fuzzer makes of messages`() throws {
        let seed: UInt64 = 7_071
        var generator = SeededGenerator(seed: seed)
        let fixture = try WireFixture(arenaBytesMax: 1 << 20)
        let payloads = try SchemaTests.frames().map { try WireFixture.payload(of: $0.bytes) }
        var accepted = 0
        for round in 0..<30_000 {
            var payload = payloads[Int.random(in: 0..<payloads.count, using: &generator)]
            Self.mutate(&payload, payloads, using: &generator)
            fixture.arena.reset()
            if let view = try? fixture.request(payload) {
                accepted += 1
                _ = Reading.digest(view)
            }
            fixture.arena.reset()
            if case .predict(let answer)? = try? fixture.response(payload).content {
                _ = answer.tasks.reduce(0) { $0 + $1.values.reduce(0, +) }
                _ = answer.explanation
            }
            #expect(fixture.arena.usedBytes <= 1 << 20, "seed \(seed), round \(round)")
        }
        // A fuzzer that is always refused tests only the refusal.
        #expect(accepted > 1_000, "seed \(seed)")
    }

    private static func mutate(
        _ payload: inout [UInt8], _ others: [[UInt8]], using generator: inout SeededGenerator
    ) {
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...payload.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0 where place < payload.count:
                payload[place] = UInt8.random(in: 0...255, using: &generator)
            case 1 where place < payload.count:
                payload[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: payload.insert(UInt8.random(in: 0...255, using: &generator), at: place)
            case 3 where place < payload.count: payload.remove(at: place)
            default:
                let other = others[Int.random(in: 0..<others.count, using: &generator)]
                payload.insert(contentsOf: other.prefix(40), at: place)
            }
        }
    }
}
