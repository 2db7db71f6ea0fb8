import Glibc
import TandemFeatures
import TandemRequest
import TandemServingSupport
import TandemWire
import Testing

@Suite struct PredictRunTests {
    private func sigmoid(_ x: Float) -> Float { 1 / (1 + expf(-x)) }

    @Test(arguments: [1, 2, 63, 64, 65, 130])
    func `answers every task for every row`(rows: Int) throws {
        let answer = try RunHarness().answer(TinyRequests.predict(rows: rows), id: 7)
        #expect(answer.id == 7)
        #expect(answer.model == "tiny" && answer.version == 1)
        #expect(answer.tasks.map(\.name) == ["click", "rating", "class"])
        #expect(answer.tasks.map(\.given) == ["", "click", ""])
        let click = try #require(answer.values("click"))
        let rating = try #require(answer.values("rating"))
        let classes = try #require(answer.values("class"))
        #expect(click.count == rows && rating.count == rows && classes.count == 3 * rows)
        for row in 0..<rows {
            #expect(abs(click[row] - sigmoid(TinyRequests.expectedLogit(row: row))) < 1e-5)
            #expect(rating[row] == Float(row % 4) * 2 + 1)
            #expect(abs(classes[row * 3..<row * 3 + 3].reduce(0, +) - 1) < 1e-5)
        }
    }

    @Test func `answers the same bits whatever the blocks are`() throws {
        let message = TinyRequests.predict(rows: 100)
        let whole = try RunHarness(TinyShop.model(blockRowCount: 128)).answer(message)
        let blocks = try RunHarness(TinyShop.model(blockRowCount: 7)).answer(message)
        #expect(whole.tasks == blocks.tasks)
    }

    @Test func `answers listed tasks only, in the list's order, and the same scores`() throws {
        let harness = try RunHarness()
        let all = try harness.answer(TinyRequests.predict())
        var message = TinyRequests.predict()
        message.tasks = ["class", "click"]
        // Twice: the second time the list's template is known.
        for _ in 0..<2 {
            let some = try harness.answer(message)
            #expect(some.tasks.map(\.name) == ["class", "click"])
            #expect(some.values("click") == all.values("click"))
            #expect(some.values("class") == all.values("class"))
        }
    }

    @Test func `finds columns in whatever order they come`() throws {
        let harness = try RunHarness()
        let first = try harness.answer(TinyRequests.predict())
        var message = TinyRequests.predict()
        message.candidates.reverse()
        message.context.reverse()
        #expect(try harness.answer(message).tasks == first.tasks)
        #expect(try harness.answer(TinyRequests.predict()).tasks == first.tasks)
    }

    @Test func `lets the encoding stand in for a column that is not there`() throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict(rows: 1)
        message.context = []
        message.candidates = [ColumnMessage("price", .float32([0]))]
        let answer = try harness.answer(message)
        #expect(answer.values("click") == [sigmoid(0)])
    }

    @Test func `ignores NaN in a row that is missing`() throws {
        var message = TinyRequests.predict(rows: 2)
        message.candidates[1] = ColumnMessage(
            "quality", .float32([.nan, 1]), presence: [0b10])
        let answer = try RunHarness().answer(message)
        #expect(answer.values("rating") == [1, 3])
    }

    // MARK: Refusals

    @Test func `refuses a feature that the model does not have and says which was meant`() throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict()
        message.candidates.append(ColumnMessage("qualty", .float32([1, 2, 3])))
        let error = try #require(harness.refusal(message))
        #expect(error.code == .featureUnknown)
        #expect(error.feature == "qualty")
        #expect(error.message.contains("did you mean 'quality'?"))
        #expect(error.status.code == .notFound)
    }

    @Test func `refuses a feature on the wrong side`() throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict()
        message.candidates.append(ColumnMessage("age", .float32([1, 2, 3])))
        message.context.removeFirst()
        let error = try #require(harness.refusal(message))
        #expect(error.code == .featureWrongSide)
        #expect(error.expected == "context" && error.given == "candidates")
    }

    @Test func `refuses two columns for one feature`() throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict()
        message.candidates.append(message.candidates[0])
        let error = try #require(harness.refusal(message))
        #expect(error.code == .featureTwice)
        #expect(error.feature == "price")
    }

    @Test func `refuses a column of another type`() throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict()
        message.candidates[2] = ColumnMessage("item", .float32([1, 2, 3]))
        let error = try #require(harness.refusal(message))
        #expect(error.code == .featureWrongType)
        #expect(error.expected == "int64" && error.given == "float32")
    }

    @Test(arguments: [2, 4]) func `refuses unequal row counts`(count: Int) throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict()
        message.candidates[1] = ColumnMessage(
            "quality", .float32([Float](repeating: 1, count: count)))
        let error = try #require(harness.refusal(message))
        #expect(error.code == .featureWrongCount)
        #expect(error.bound == 3 && error.actual == count)
    }

    @Test func `refuses a required feature without column, and without value`() throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict()
        message.candidates.removeFirst()
        #expect(harness.refusal(message)?.code == .featureMissing)
        message = TinyRequests.predict()
        message.candidates[0].presence = [0b101]
        let error = try #require(harness.refusal(message))
        #expect(error.code == .featureMissing)
        #expect(error.row == 1)
    }

    @Test(arguments: [Float.nan, .infinity], [0, 70])
    func `refuses a number that is none, by its row`(number: Float, row: Int) throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict(rows: 100)
        var values = [Float](repeating: 1, count: 100)
        values[row] = number
        message.candidates[1] = ColumnMessage("quality", .float32(values))
        let error = try #require(harness.refusal(message))
        #expect(error.code == .featureNotFinite)
        #expect(error.feature == "quality" && error.row == row)
        // And goes on with the next request.
        #expect(try harness.answer(TinyRequests.predict(rows: 100)).tasks.count == 3)
    }

    @Test func `refuses an unknown task and one that is listed twice`() throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict()
        message.tasks = ["clik"]
        let unknown = try #require(harness.refusal(message))
        #expect(unknown.code == .taskUnknown)
        #expect(unknown.message.contains("did you mean 'click'?"))
        message.tasks = ["click", "click"]
        #expect(harness.refusal(message)?.code == .taskTwice)
    }

    @Test func `refuses an answer over the frame limit`() throws {
        var limits = WireLimits()
        limits.frameBytesMax = 4_000
        let harness = try RunHarness(try TinyShop.model(), limits: limits)
        #expect(try harness.answer(TinyRequests.predict(rows: 40)).tasks.count == 3)
        let error = try #require(harness.refusal(TinyRequests.predict(rows: 300)))
        #expect(error.code == .answerTooLarge)
        #expect(error.bound == 4_000)
    }

    // MARK: Slices

    /// Advances a request of the heavy model to its end: whether each piece ended within a block.
    private func pieces(_ rows: Int, _ session: PredictSession) throws -> ([Bool], [Float]) {
        var pieces: [Bool] = []
        var scores: [Float]?
        try begun(TinyRequests.predict(rows: rows), session) { run, frame in
            while try run.pointee.advance(now: 1_000) == .more {
                pieces.append(run.pointee.isWithinBlock)
            }
            guard case .frame(let answer) = FrameReader().scan(frame) else { throw HarnessError() }
            scores = try ReadAnswer(Array(frame[answer])).values("click")
        }
        return (pieces, try #require(scores))
    }

    @Test func `a block with much work is computed in slices, to the same scores`() throws {
        let model = try TinyShop.model(blockRowCount: 64, isHeavy: true)
        let (pieces, scores) = try pieces(130, PredictSession(model, clock: { 0 }))
        // The last block has two rows, which is little work.
        #expect(pieces == [true, false, true, false])
        let light = try RunHarness().answer(TinyRequests.predict(rows: 130))
        #expect(scores == light.values("click"))
    }

    @Test func `a block that was given up half done leaves nothing behind`() throws {
        let model = try TinyShop.model(blockRowCount: 64, isHeavy: true)
        let lane = try PredictLane(model)
        let first = try PredictSession(model, lane: lane, clock: { 0 })
        let expected = try pieces(64, first).1
        try begun(TinyRequests.predict(rows: 200), first) { run, _ in
            let progress = try run.pointee.advance(now: 1_000)
            #expect(progress == .more && run.pointee.isWithinBlock)
            let isIdle = run.pointee.cancel()
            #expect(isIdle && !run.pointee.isWithinBlock)
        }
        for session in [first, try PredictSession(model, lane: lane, clock: { 0 })] {
            #expect(try pieces(64, session) == ([true], expected))
        }
    }

    // MARK: Deadlines and orders of events

    @Test func `refuses what came too late, at the deadline but not before`() throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict()
        message.deadlineNanoseconds = 1_000
        harness.now = 999
        #expect(try harness.answer(message).tasks.count == 3)
        harness.now = 1_000
        let error = try #require(harness.refusal(message))
        #expect(error.code == .deadlinePassed)
        #expect(error.status.code == .deadlineExceeded)
    }

    /// Decodes and places a request, and does something with it and the memory of its answer.
    private func begun(
        _ message: PredictRequestMessage, _ session: PredictSession,
        _ body: (UnsafeMutablePointer<PredictRun>, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let payload = try #require(TinyRequests.payload(TinyRequests.frame(id: 1, message)))
        let arena = try ArenaAllocator()
        defer { withExtendedLifetime(arena) {} }
        let view = try payload.withUnsafeBytes { try RequestDecoder(arena: arena).decode($0) }
        guard case .predict(let request) = view.call else { throw HarnessError() }
        let byteCount = try session.run.pointee.arrive(request, id: 1, now: 1_000)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
        defer { memory.deallocate() }
        session.run.pointee.place(at: memory)
        try body(session.run, UnsafeRawBufferPointer(start: memory, count: byteCount))
    }

    /// Runs a request of 200 rows to before its second block, then does something.
    private func midway(
        _ body: (UnsafeMutablePointer<PredictRun>) throws -> Void
    ) throws {
        let harness = try RunHarness(try TinyShop.model(blockRowCount: 64))
        var message = TinyRequests.predict(rows: 200)
        message.deadlineNanoseconds = 5_000
        try begun(message, harness.session) { run, _ in
            let progress = try run.pointee.advance(now: 1_000)
            #expect(progress == .more)
            try body(run)
        }
        #expect(try harness.answer(TinyRequests.predict()).tasks.count == 3)
    }

    @Test func `computes no further block after the deadline`() throws {
        try midway { run in
            let error = #expect(throws: RequestError.self) {
                try run.pointee.advance(now: 5_000)
            }
            #expect(error?.code == .deadlinePassed)
        }
    }

    @Test func `does not answer what is done past the deadline`() throws {
        let harness = try RunHarness(try TinyShop.model(), clock: { 5_000 })
        var message = TinyRequests.predict()
        message.deadlineNanoseconds = 5_001
        #expect(try harness.answer(message).tasks.count == 3)
        message.deadlineNanoseconds = 5_000
        #expect(harness.refusal(message)?.code == .deadlinePassed)
        message.deadlineNanoseconds = 5_001
        #expect(try harness.answer(message).tasks.count == 3)
    }

    @Test func `takes the next request after one was cancelled midway`() throws {
        try midway { run in
            let isIdle = run.pointee.cancel()
            #expect(isIdle)
        }
    }

    @Test func `gives a request without deadline the default one`() throws {
        let harness = try RunHarness()
        let payload = try #require(
            TinyRequests.payload(TinyRequests.frame(id: 1, TinyRequests.predict())))
        let arena = try ArenaAllocator()
        defer { withExtendedLifetime(arena) {} }
        let view = try payload.withUnsafeBytes { try RequestDecoder(arena: arena).decode($0) }
        guard case .predict(let request) = view.call else { throw HarnessError() }
        let run = harness.session.run
        let byteCount = try run.pointee.arrive(
            request, id: 1, now: 1_000, defaultDeadline: 10)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
        defer { memory.deallocate() }
        run.pointee.place(at: memory)
        #expect(throws: RequestError.self) { try run.pointee.advance(now: 1_010) }
    }

    @Test func `counts what it saw of each feature`() throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict(rows: 4)
        message.context[1] = TinyRequests.text("country", ["xx"])
        message.candidates[1].presence = [0b1100]
        _ = try harness.answer(message)
        let counts = harness.session.run.pointee.featureCounts
        #expect(counts[1].rows == 1 && counts[1].unknownValues == 1)
        #expect(counts[3].rows == 4 && counts[3].missingRows == 2)
    }
}
