import TandemWire
import Testing

/// Answers that are laid out by hand and read by protobuf-c.
@Suite struct PredictResponseLayoutTests {
    /// Writes a frame `offset` bytes after an aligned address, fills its arrays with distinct
    /// numbers, and returns its bytes.
    private func frame(
        _ layout: PredictResponseLayout, tasks: Int, offset: Int = 0, rowsTimesWidth: [Int],
        ranked: Int? = nil, explanation: EncodedExplanation? = nil
    ) throws -> [UInt8] {
        let count = explanation.map { layout.frameBytes(with: $0) } ?? layout.frameBytes
        let guardBytes = 8
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: offset + count + guardBytes, alignment: 64)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0xEE)
        let base = try #require(memory.baseAddress) + offset
        let arrays = UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>>.allocate(
            capacity: tasks)
        defer { arrays.deallocate() }
        let places = layout.write(to: base, arrays: arrays)
        for (block, numbers) in rowsTimesWidth.enumerated() {
            #expect(UInt(bitPattern: arrays[block]) % 4 == 0)
            for index in 0..<numbers { arrays[block][index] = Float(1_000 * block + index) }
        }
        #expect((places == nil) == (ranked == nil))
        if let places, let ranked {
            #expect(UInt(bitPattern: places.rows) % 4 == 0)
            #expect(UInt(bitPattern: places.scores) % 4 == 0)
            for index in 0..<ranked {
                places.rows[index] = UInt32(ranked - index)
                places.scores[index] = Float(index) / 2
            }
        }
        if let explanation { #expect(layout.add(explanation, to: base) == count) }
        #expect(memory.prefix(offset).allSatisfy { $0 == 0xEE })
        #expect(memory.suffix(guardBytes).allSatisfy { $0 == 0xEE })
        return Array(memory[offset..<(offset + count)])
    }

    private func decode(_ frame: [UInt8], _ fixture: WireFixture) throws -> PredictResponseView {
        let view = try fixture.response(WireFixture.payload(of: frame))
        guard case .predict(let answer) = view.content else {
            throw WireError(.callMissing, "not a Predict answer")
        }
        return answer
    }

    @Test func `protobuf-c reads back every number, wherever the frame lies`() throws {
        let fixture = try WireFixture()
        for offset in 0..<8 {
            for rows in [1, 2, 3, 31, 32, 33, 500] {
                for ranked in [nil, 1, rows] as [Int?] {
                    fixture.arena.reset()
                    let layout = try PredictResponseLayout(
                        Specimens.template, id: 300, rows: rows, rankedCount: ranked,
                        includesGates: true)
                    let bytes = try frame(
                        layout, tasks: 3, offset: offset,
                        rowsTimesWidth: [rows, 3 * rows, 2 * rows], ranked: ranked)
                    let answer = try decode(bytes, fixture)
                    let tasks = answer.tasks
                    #expect(tasks.map(\.name.string) == ["click", "purchase"])
                    #expect(Array(tasks[0].values) == (0..<rows).map { Float($0) })
                    #expect(Array(tasks[1].values) == (0..<3 * rows).map { Float(1_000 + $0) })
                    #expect(
                        Array(answer.gates[0].weights) == (0..<2 * rows).map { Float(2_000 + $0) })
                    #expect(answer.ranked?.rows.count == ranked)
                    if let ranked, let given = answer.ranked {
                        #expect(Array(given.rows) == (0..<ranked).map { UInt32(ranked - $0) })
                        #expect(Array(given.scores) == (0..<ranked).map { Float($0) / 2 })
                    }
                }
            }
        }
    }

    @Test func `gives back the headers`() throws {
        let fixture = try WireFixture()
        let layout = try PredictResponseLayout(Specimens.template, id: 9, rows: 2)
        let bytes = try frame(layout, tasks: 2, rowsTimesWidth: [2, 6])
        let answer = try decode(bytes, fixture)
        #expect(answer.model.string == "shop")
        #expect(answer.version == 41)
        #expect(answer.rows == 2)
        #expect(answer.tasks[1].kind == .multiclass)
        #expect(answer.tasks[1].width == 3)
        #expect(answer.tasks[1].given.string == "click")
        #expect(answer.tasks[0].given.isEmpty)
        #expect(answer.gates.isEmpty)
        #expect(answer.ranked == nil)
        #expect(answer.explanation == nil)
    }

    @Test func `takes no tasks at all`() throws {
        let fixture = try WireFixture()
        let template = PredictResponseTemplate(model: "m", version: 1, tasks: [])
        let layout = try PredictResponseLayout(template, id: 1, rows: 5, rankedCount: 2)
        let bytes = try frame(layout, tasks: 0, rowsTimesWidth: [], ranked: 2)
        #expect(try decode(bytes, fixture).tasks.isEmpty)
    }

    @Test func `adds an explanation whether or not the length prefixes grow`() throws {
        let fixture = try WireFixture()
        for rows in [1, 10, 20, 400, 1_500, 4_000] {
            fixture.arena.reset()
            let layout = try PredictResponseLayout(
                Specimens.template, id: 300, rows: rows, rankedCount: 1)
            var explanation = Specimens.explanation
            explanation.executor = String(repeating: "x", count: 120)
            let encoded = try ResponseEncoder(arena: fixture.arena).explanation(explanation)
            let bytes = try frame(
                layout, tasks: 2, rowsTimesWidth: [rows, 3 * rows], ranked: 1, explanation: encoded)
            let answer = try decode(bytes, fixture)
            #expect(answer.explanation == explanation)
            #expect(Array(answer.tasks[1].values) == (0..<3 * rows).map { Float(1_000 + $0) })
        }
    }

    @Test func `takes an answer at the frame limit and refuses one byte under`() throws {
        let layout = try PredictResponseLayout(Specimens.template, id: 1, rows: 100)
        // 2 bytes of the frame are its prefix.
        let payload = layout.frameBytes - 2
        let same = try PredictResponseLayout(
            Specimens.template, id: 1, rows: 100, frameBytesMax: payload)
        #expect(same.frameBytes == layout.frameBytes)
        let error = #expect(throws: WireError.self) {
            try PredictResponseLayout(
                Specimens.template, id: 1, rows: 100, frameBytesMax: payload - 1)
        }
        #expect(error?.code == .frameTooLarge)
        #expect(error?.limit == "frame_bytes_max")
        #expect(error?.bound == payload - 1)
        #expect(error?.actual == payload)
    }

    @Test func `refuses rows and widths whose product is beyond any frame`() {
        let wide = TaskAnswer("wide", .vector, width: 1 << 24)
        let template = PredictResponseTemplate(
            model: "m", version: 1, tasks: [TaskAnswer](repeating: wide, count: 300))
        let error = #expect(throws: WireError.self) {
            try PredictResponseLayout(template, id: 1, rows: 1 << 31)
        }
        #expect(error?.code == .frameTooLarge)
    }
}
