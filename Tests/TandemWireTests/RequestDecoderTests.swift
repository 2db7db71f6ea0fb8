import TandemWire
import Testing

/// What arrives is what was sent, and what is wrong is refused with its place.
@Suite struct RequestDecoderTests {
    /// A Predict request that is right, to be made wrong.
    private func message(rows: Int = 2) -> PredictRequestMessage {
        var message = PredictRequestMessage(model: "shop", rows: rows)
        message.candidates = [ColumnMessage("price", .float32([Float](repeating: 1, count: rows)))]
        return message
    }

    private func refusal(_ message: PredictRequestMessage) throws -> WireError {
        let fixture = try WireFixture()
        return try #require(fixture.refusal(fixture.payload(message)))
    }

    private func refusal(column: ColumnMessage) throws -> WireError {
        var message = message()
        message.candidates = [column]
        return try refusal(message)
    }

    @Test func `gives back every field of a Predict request`() throws {
        let fixture = try WireFixture()
        let request = try fixture.request(fixture.payload(Specimens.predict, id: 300))
        #expect(request.id == 300)
        guard case .predict(let view) = request.call else {
            Issue.record("not Predict")
            return
        }
        #expect(view.model.string == "shop")
        guard case .version(41) = view.version else {
            Issue.record("version")
            return
        }
        #expect(view.tasks.map(\.string) == ["click", "purchase"])
        #expect(view.deadlineNanoseconds == 0x0102_0304_0506_0708)
        #expect(view.priority == -3)
        #expect(view.rows == 3)
        #expect(view.context.map(\.name.string) == ["age", "user"])
        #expect(view.candidates.map(\.name.string) == ["price", "item", "shelf", "tags"])
        #expect(view.wantsGateWeights)
        #expect(view.wantsExplanation)
        let ranking = try #require(view.ranking)
        #expect(ranking.topK == 2)
        #expect(ranking.rankedRowsOnly)
        guard case .weightedSum(let terms) = ranking.formula else {
            Issue.record("formula")
            return
        }
        #expect(terms.map(\.task.string) == ["click", "stars"])
        #expect(terms.map(\.weight) == [1, 0.25])
        #expect(terms.map(\.column) == [0, 4])
    }

    @Test func `gives back every kind of column`() throws {
        let fixture = try WireFixture()
        let view = try fixture.predict(fixture.payload(Specimens.predict))
        let candidates = view.candidates
        guard case .float32(let prices) = candidates[0].values,
            case .int64(let items) = candidates[1].values,
            case .int64(let shelves) = candidates[2].values,
            case .bytes(let blob, let lengths) = candidates[3].values
        else {
            Issue.record("types")
            return
        }
        #expect(Array(prices) == [1.5, 0, -2])
        #expect(candidates[0].presence.map(Array.init) == [0b101])
        #expect(Array(items) == [-1, 2, 1 << 40])
        #expect(candidates[1].presence == nil && candidates[1].listLengths == nil)
        #expect(Array(shelves) == [-7, 8, 9])
        #expect(candidates[2].type == .int32)
        #expect(String(decoding: blob, as: UTF8.self) == "redbluegreen")
        #expect(Array(lengths) == [3, 4, 5])
        #expect(candidates[3].listLengths.map(Array.init) == [2, 0, 1])
        for column in candidates {
            if case .int64(let values) = column.values, let base = values.baseAddress {
                #expect(UInt(bitPattern: base) % 8 == 0)
            }
        }
    }

    @Test func `gives back labels, expressions and named formulas`() throws {
        let fixture = try WireFixture()
        var message = message()
        message.version = .label("stable")
        message.ranking = RankingMessage(.expression("click * 2"))
        let view = try fixture.predict(fixture.payload(message))
        guard case .label(let label) = view.version,
            case .expression(let expression) = view.ranking?.formula
        else {
            Issue.record("choices")
            return
        }
        #expect(label.string == "stable")
        #expect(expression.string == "click * 2")
        #expect(view.ranking?.topK == nil)
        message.version = .current
        message.ranking = RankingMessage(.named("value"), topK: 0)
        let other = try fixture.predict(fixture.payload(message))
        guard case .current = other.version, case .named(let name) = other.ranking?.formula else {
            Issue.record("choices")
            return
        }
        #expect(name.string == "value")
        #expect(other.ranking?.topK == 0)
        #expect(other.deadlineNanoseconds == nil)
    }

    @Test(arguments: Specimens.calls.map(\.call))
    func `gives back every control call`(_ call: ControlCall) throws {
        let fixture = try WireFixture()
        let frame = try RequestEncoder(arena: fixture.arena).control(id: 9, call).bytes
        let view = try fixture.request(WireFixture.payload(of: frame))
        guard case .control(let decoded) = view.call else {
            Issue.record("not a control call")
            return
        }
        #expect(decoded == call)
        #expect(view.id == 9)
    }

    // MARK: Envelope

    @Test func `refuses bytes that are no message, and tells the id where it can be read`() throws {
        let fixture = try WireFixture()
        // id 77, then a field that says it is longer than what is left.
        let error = try #require(fixture.refusal([0x08, 77, 0x52, 0x20, 0x0A]))
        #expect(error.code == .malformed)
        #expect(error.requestID == 77)
        #expect(error.actual == 5)
        #expect(error.statusCode == .invalidArgument)
        #expect(!error.losesFraming)
        #expect(fixture.refusal([0xFF, 0xFF, 0xFF])?.requestID == 0)
    }

    @Test func `refuses an id of 0 and a missing id`() throws {
        let fixture = try WireFixture()
        let error = try #require(fixture.refusal(try fixture.payload(message(), id: 0)))
        #expect(error.code == .idMissing)
        #expect(error.field == "Request.id")
    }

    @Test func `refuses a call that nobody knows as unimplemented`() throws {
        let fixture = try WireFixture()
        // id 3, field 40 holding an empty message.
        let error = try #require(fixture.refusal([0x08, 3, 0xC2, 0x02, 0x00]))
        #expect(error.code == .callMissing)
        #expect(error.requestID == 3)
        #expect(error.statusCode == .unimplemented)
        #expect(fixture.refusal([0x08, 3])?.code == .callMissing)
    }

    @Test func `refuses the fields that are kept for several contexts`() throws {
        let fixture = try WireFixture()
        // predict { model: "m" rows: 1 context_rows(13): 2 }
        let error = try #require(
            fixture.refusal([0x08, 3, 0x52, 7, 0x0A, 1, 0x6D, 0x38, 1, 0x68, 2]))
        #expect(error.code == .unknownField)
        #expect(error.field == "PredictRequest")
        #expect(error.actual == 13)
        #expect(error.statusCode == .unimplemented)
    }

    @Test func `ignores unknown fields from 16 on`() throws {
        let fixture = try WireFixture()
        // predict { model: "m" rows: 1 (16): 2 }
        let payload: [UInt8] = [0x08, 3, 0x52, 8, 0x0A, 1, 0x6D, 0x38, 1, 0x80, 0x01, 2]
        #expect(try fixture.predict(payload).rows == 1)
    }

    // MARK: Names, counts and numbers

    @Test func `takes a name at the limit and refuses one byte more`() throws {
        let fixture = try WireFixture()
        var message = message()
        message.model = String(repeating: "m", count: 256)
        #expect(try fixture.predict(fixture.payload(message)).model.bytes.count == 256)
        message.model += "m"
        let error = try refusal(message)
        #expect(error.code == .textTooLong)
        #expect(error.limit == "name_bytes_max")
        #expect(error.bound == 256)
        #expect(error.actual == 257)
    }

    @Test func `refuses an empty model, task, feature and label`() throws {
        var message = message()
        message.model = ""
        #expect(try refusal(message).field == "PredictRequest.model")
        message = self.message()
        message.tasks = ["click", ""]
        #expect(try refusal(message).field == "PredictRequest.tasks")
        message = self.message()
        message.candidates[0].name = ""
        #expect(try refusal(message).field == "Column.name")
        message = self.message()
        message.version = .label("")
        #expect(try refusal(message).code == .textEmpty)
    }

    @Test func `refuses text that is not UTF-8`() throws {
        let fixture = try WireFixture()
        let error = try #require(
            fixture.refusal([0x08, 3, 0x52, 6, 0x0A, 2, 0xC3, 0x28, 0x38, 1]))
        #expect(error.code == .textNotUTF8)
        #expect(error.field == "PredictRequest.model")
        #expect(error.requestID == 3)
    }

    @Test func `refuses a version of 0 that was written`() throws {
        var message = message()
        message.version = .version(0)
        #expect(try refusal(message).field == "PredictRequest.version")
    }

    @Test func `takes priorities to the bounds and refuses beyond`() throws {
        let fixture = try WireFixture()
        for priority in [-100, 100] as [Int32] {
            var message = message()
            message.priority = priority
            #expect(try fixture.predict(fixture.payload(message)).priority == Int(priority))
        }
        for priority in [-101, 101] as [Int32] {
            var message = message()
            message.priority = priority
            let error = try refusal(message)
            #expect(error.field == "PredictRequest.priority")
            #expect(error.actual == Int(priority))
        }
    }

    @Test func `takes rows at the limit and refuses none and one more`() throws {
        var fixture = try WireFixture()
        fixture.limits.rowsMax = 3
        #expect(try fixture.predict(fixture.payload(message(rows: 3))).rows == 3)
        let error = try #require(fixture.refusal(try fixture.payload(message(rows: 4))))
        #expect(error.code == .tooMany)
        #expect(error.limit == "rows_max")
        #expect(error.bound == 3)
        #expect(error.actual == 4)
        #expect(try refusal(message(rows: 0)).field == "PredictRequest.rows")
    }

    @Test func `takes columns of both sides at the limit and refuses one more`() throws {
        var fixture = try WireFixture()
        fixture.limits.columnsMax = 3
        var message = message()
        message.context = [
            ColumnMessage("age", .float32([1])), ColumnMessage("sex", .float32([1])),
        ]
        #expect(try fixture.predict(fixture.payload(message)).context.count == 2)
        message.candidates.append(ColumnMessage("item", .int64([1, 2])))
        let error = try #require(fixture.refusal(try fixture.payload(message)))
        #expect(error.code == .tooMany)
        #expect(error.limit == "columns_max")
        #expect(error.actual == 4)
    }

    @Test func `takes tasks at the limit and refuses one more`() throws {
        var fixture = try WireFixture()
        fixture.limits.tasksMax = 2
        var message = message()
        message.tasks = ["a", "b"]
        #expect(try fixture.predict(fixture.payload(message)).tasks.count == 2)
        message.tasks.append("c")
        #expect(fixture.refusal(try fixture.payload(message))?.limit == "tasks_max")
    }

    // MARK: Ranking

    @Test func `takes terms at the limit and refuses none, one more and weights without a value`()
        throws
    {
        var fixture = try WireFixture()
        fixture.limits.rankingTermsMax = 2
        var message = message()
        message.ranking = RankingMessage(
            .weightedSum([.init("a", weight: 1), .init("b", weight: 1)]))
        _ = try fixture.predict(fixture.payload(message))
        message.ranking = RankingMessage(
            .powerProduct([.init("a", weight: 1), .init("b", weight: 1), .init("c", weight: 1)]))
        #expect(fixture.refusal(try fixture.payload(message))?.limit == "ranking_terms_max")
        message.ranking = RankingMessage(.weightedSum([]))
        #expect(try refusal(message).field == "RankingTerms.terms")
        message.ranking = RankingMessage(.weightedSum([.init("a", weight: .nan)]))
        #expect(try refusal(message).field == "RankingTerm.weight")
        message.ranking = RankingMessage(.weightedSum([.init("", weight: 1)]))
        #expect(try refusal(message).field == "RankingTerm.task")
    }

    @Test func `takes an expression at the limit and refuses one byte more`() throws {
        let fixture = try WireFixture()
        var message = message()
        message.ranking = RankingMessage(.expression(String(repeating: "1", count: 4_096)))
        _ = try fixture.predict(fixture.payload(message))
        message.ranking = RankingMessage(.expression(String(repeating: "1", count: 4_097)))
        let error = try refusal(message)
        #expect(error.limit == "expression_bytes_max")
        #expect(error.actual == 4_097)
    }

    @Test func `refuses a ranking without a formula`() throws {
        let fixture = try WireFixture()
        // predict { model: "m" rows: 1 ranking {} }
        let error = try #require(
            fixture.refusal([0x08, 3, 0x52, 7, 0x0A, 1, 0x6D, 0x38, 1, 0x52, 0]))
        #expect(error.field == "Ranking.formula")
    }

    // MARK: Columns

    @Test func `refuses a column without a type and one of an unknown type`() throws {
        let fixture = try WireFixture()
        // predict { model: "m" rows: 1 candidates { name: "p" } }
        let error = try #require(
            fixture.refusal([0x08, 3, 0x52, 10, 0x0A, 1, 0x6D, 0x38, 1, 0x4A, 3, 0x0A, 1, 0x70]))
        #expect(error.code == .unknownValue)
        #expect(error.field == "Column.data_type")
        #expect(error.feature == "p")
        let other: [UInt8] = [
            0x08, 3, 0x52, 12, 0x0A, 1, 0x6D, 0x38, 1, 0x4A, 5, 0x0A, 1, 0x70, 0x10, 9,
        ]
        #expect(fixture.refusal(other)?.actual == 9)
    }

    @Test func `refuses values in another field than the type says`() throws {
        let fixture = try WireFixture()
        // candidates { name: "p" data_type: INT64 float32_values: [0] }
        let error = try #require(
            fixture.refusal([
                0x08, 3, 0x52, 18, 0x0A, 1, 0x6D, 0x38, 1, 0x4A, 11, 0x0A, 1, 0x70, 0x10, 2,
                0x1A, 4, 0, 0, 0, 0,
            ]))
        #expect(error.code == .valuesMisplaced)
        #expect(error.feature == "p")
    }

    @Test func `refuses a packed array whose length is no whole number of values`() throws {
        let fixture = try WireFixture()
        // candidates { name: "p" data_type: FLOAT32 float32_values: 3 bytes }
        let error = try #require(
            fixture.refusal([
                0x08, 3, 0x52, 17, 0x0A, 1, 0x6D, 0x38, 1, 0x4A, 10, 0x0A, 1, 0x70, 0x10, 1,
                0x1A, 3, 0, 0, 0,
            ]))
        #expect(error.code == .malformed)
        #expect(error.requestID == 3)
    }

    @Test func `refuses lengths that do not add up to the blob`() throws {
        for lengths in [[3, 4, 4], [3, 4, 6], [], [UInt32.max, 1, 12]] as [[UInt32]] {
            let error = try refusal(
                column: ColumnMessage(
                    "tags", .bytes(blob: Array("redbluegreen".utf8), lengths: lengths)))
            #expect(error.code == .lengthMismatch)
            #expect(error.field == "Column.blob_lengths")
            #expect(error.feature == "tags")
            #expect(error.bound == 12)
        }
    }

    @Test func `refuses list lengths that do not fit rows or values`() throws {
        let values = ColumnMessage.Values.int64([1, 2, 3])
        let rows = try refusal(column: ColumnMessage("seen", values, listLengths: [3]))
        #expect(rows.field == "Column.list_lengths")
        #expect(rows.bound == 2)
        #expect(rows.actual == 1)
        let sum = try refusal(column: ColumnMessage("seen", values, listLengths: [2, 2]))
        #expect(sum.bound == 3)
        #expect(sum.actual == 4)
    }

    @Test func `takes presence bits that cover the rows and refuses one byte fewer or more`() throws
    {
        let fixture = try WireFixture()
        for rows in [1, 7, 8, 9, 16] {
            let bytes = (rows + 7) / 8
            for given in [bytes - 1, bytes, bytes + 1] where given > 0 {
                var message = message(rows: rows)
                message.candidates[0].presence = [UInt8](repeating: 0xFF, count: given)
                let error = fixture.refusal(try fixture.payload(message))
                #expect((error == nil) == (given == bytes), "\(rows) rows, \(given) bytes")
                #expect(error == nil || error?.field == "Column.presence")
            }
        }
    }

    @Test func `checks context columns against one row`() throws {
        var message = message(rows: 9)
        message.context = [ColumnMessage("age", .float32([1]), presence: [1, 0])]
        let error = try refusal(message)
        #expect(error.feature == "age")
        #expect(error.bound == 1)
    }

    @Test func `prints an error on one line and as a status with its facts`() throws {
        var message = message()
        message.candidates[0].presence = [1, 1]
        let error = try refusal(message)
        #expect(
            error.description
                == "lengthMismatch: feature 'price': presence has 2 bytes; 2 rows need 1")
        let status = error.status
        #expect(status.code == .invalidArgument)
        #expect(status.details[0].reason == "WIRE_LENGTH_MISMATCH")
        #expect(status.details[0].feature == "price")
        #expect(status.details[0].bound == 1)
        #expect(status.details[0].actual == 2)
    }
}
