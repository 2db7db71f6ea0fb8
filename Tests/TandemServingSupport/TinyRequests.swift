package import TandemWire

/// Requests for `TinyShop`, and how to read frames.
package enum TinyRequests {
    /// A right request: prices 0, 0.1 ..., qualities 0, 1, 2, 3, 0 ..., no tags in even rows.
    package static func predict(model: String = "tiny", rows: Int = 3) -> PredictRequestMessage {
        var message = PredictRequestMessage(model: model, rows: rows)
        message.context = [
            ColumnMessage("age", .float32([0.5])), text("country", ["de"]),
        ]
        message.candidates = [
            ColumnMessage("price", .float32((0..<rows).map { Float($0) / 10 })),
            ColumnMessage("quality", .float32((0..<rows).map { Float($0 % 4) })),
            ColumnMessage("item", .int64((0..<rows).map { Int64($0) })),
            ColumnMessage(
                "tags", .int64((0..<rows / 2).map { Int64($0 % 4 + 1) * 10 }),
                listLengths: (0..<rows).map { UInt32($0 % 2) }),
        ]
        return message
    }

    /// The click score of a row of `predict`, as the model's comment says.
    package static func expectedLogit(row: Int) -> Float {
        let tag: Float = row % 2 == 1 ? Float((row / 2) % 4 + 1) : 0
        return 0.5 + 2 + Float(row) / 10 - Float(row % 4) + 0.25 + tag
    }

    /// A column of texts.
    package static func text(_ name: String, _ texts: [String]) -> ColumnMessage {
        ColumnMessage(
            name,
            .bytes(
                blob: texts.flatMap { Array($0.utf8) },
                lengths: texts.map { UInt32($0.utf8.count) }))
    }

    /// The frame of a Predict call.
    package static func frame(
        id: UInt64, _ message: PredictRequestMessage
    ) throws(WireError) -> [UInt8] {
        let arena = try ArenaAllocator()
        defer { withExtendedLifetime(arena) {} }
        return try RequestEncoder(arena: arena).predict(id: id, message).bytes
    }

    /// The frame of another call.
    package static func frame(id: UInt64, _ call: ControlCall) throws(WireError) -> [UInt8] {
        let arena = try ArenaAllocator()
        defer { withExtendedLifetime(arena) {} }
        return try RequestEncoder(arena: arena).control(id: id, call).bytes
    }

    /// The payload of a frame that is whole.
    package static func payload(_ frame: [UInt8]) -> [UInt8]? {
        frame.withUnsafeBytes { bytes in
            guard case .frame(let payload) = FrameReader().scan(bytes) else { return nil }
            return Array(bytes[payload])
        }
    }
}

/// An answer by value.
package struct ReadAnswer: Sendable {
    /// One task's scores.
    package struct Task: Sendable, Equatable {
        /// The task's name.
        package let name: String
        /// Numbers a row.
        package let width: Int
        /// The task it is conditional on.
        package let given: String
        /// `[rows, width]`.
        package let values: [Float]
    }

    /// The call's id.
    package var id: UInt64 = 0
    /// Why it failed.
    package var status: WireStatus?
    /// The model that answered, and its version.
    package var model = ""
    /// Its version.
    package var version: UInt64 = 0
    /// Scores.
    package var tasks: [Task] = []
    /// The gates' weights; the width is the number of experts.
    package var gates: [Task] = []
    /// The ranking's rows; nil for none.
    package var rankedRows: [UInt32]?
    /// The ranking's scores.
    package var rankedScores: [Float] = []
    /// The answer to another call.
    package var control: ControlAnswer?
    /// How the answer came to be; nil where that was not asked for.
    package var explanation: Explanation?
    /// Why the connection will be closed.
    package var goodbye: String?

    /// Reads a frame's payload.
    package init(_ payload: [UInt8]) throws(WireError) {
        let arena = try ArenaAllocator()
        defer { withExtendedLifetime(arena) {} }
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: payload.count, alignment: 16)
        defer { memory.deallocate() }
        memory.copyBytes(from: payload)
        let view = try ResponseDecoder(arena: arena).decode(UnsafeRawBufferPointer(memory))
        id = view.id
        switch view.content {
        case .status(let status): self.status = status
        case .control(let answer): control = answer
        case .goingAway(let reason, _): goodbye = reason
        case .predict(let answer):
            model = answer.model.string
            version = answer.version
            tasks = answer.tasks.map {
                Task(
                    name: $0.name.string, width: $0.width, given: $0.given.string,
                    values: Array($0.values))
            }
            gates = answer.gates.map {
                Task(
                    name: $0.name.string, width: $0.experts, given: "", values: Array($0.weights))
            }
            explanation = answer.explanation
            rankedRows = answer.ranked.map { Array($0.rows) }
            rankedScores = answer.ranked.map { Array($0.scores) } ?? []
        }
    }

    /// The scores of a task.
    package func values(_ task: String) -> [Float]? {
        tasks.first { $0.name == task }?.values
    }
}
