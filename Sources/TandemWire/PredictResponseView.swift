import CTandemProto

/// A Predict answer, borrowed from the arena it was decoded into.
///
/// Valid until that arena is reset. Each array has been checked to have `rows * width` numbers.
package struct PredictResponseView {
    /// One task's scores.
    package struct Task {
        /// The task's name.
        package let name: TextView
        /// What its numbers mean.
        package let kind: ScoreKind
        /// Numbers per row; at least 1.
        package let width: Int
        /// The task it is conditional on; empty for none.
        package let given: TextView
        /// float32 `[rows, width]`.
        package let values: UnsafeBufferPointer<Float>
    }

    /// One gate's weights.
    package struct Gate {
        /// The gate's name.
        package let name: TextView
        /// Number of experts; at least 1.
        package let experts: Int
        /// float32 `[rows, experts]`.
        package let weights: UnsafeBufferPointer<Float>
    }

    /// The best candidates, best first.
    package struct Ranked {
        /// Candidate indices.
        package let rows: UnsafeBufferPointer<UInt32>
        /// Their combined scores.
        package let scores: UnsafeBufferPointer<Float>
    }

    private let message: Tandem__V1__PredictResponse

    /// Checks that the counts fit together.
    init(
        checking message: UnsafeMutablePointer<Tandem__V1__PredictResponse>
    ) throws(WireError) {
        self.message = message.pointee
        for index in 0..<self.message.n_tasks {
            guard let task = self.message.tasks[index]?.pointee else { continue }
            try Self.check(
                task.name, rows: self.message.rows, width: task.width, count: task.n_values)
        }
        for index in 0..<self.message.n_gates {
            guard let gate = self.message.gates[index]?.pointee else { continue }
            try Self.check(
                gate.name, rows: self.message.rows, width: gate.experts, count: gate.n_weights)
        }
        if let ranked = self.message.ranked?.pointee, ranked.n_rows != ranked.n_scores {
            throw WireError(
                .lengthMismatch,
                "the ranking has \(ranked.n_rows) rows and \(ranked.n_scores) scores",
                field: "RankedRows.scores", bound: ranked.n_rows, actual: ranked.n_scores)
        }
    }

    /// The model that answered.
    package var model: TextView { TextView(message.model) }

    /// Its version.
    package var version: UInt64 { message.version }

    /// Rows in each task's array.
    package var rows: Int { Int(message.rows) }

    /// The tasks; allocates the list.
    package var tasks: [Task] {
        readList(message.tasks, message.n_tasks) { task in
            Task(
                name: TextView(task.name),
                kind: ScoreKind(rawValue: task.kind.rawValue) ?? .unspecified,
                width: Int(task.width), given: TextView(task.given),
                values: UnsafeBufferPointer(start: task.values, count: task.n_values))
        }
    }

    /// The gates; allocates the list.
    package var gates: [Gate] {
        readList(message.gates, message.n_gates) { gate in
            Gate(
                name: TextView(gate.name), experts: Int(gate.experts),
                weights: UnsafeBufferPointer(start: gate.weights, count: gate.n_weights))
        }
    }

    /// The ranking; nil where none was asked for.
    package var ranked: Ranked? {
        guard let ranked = message.ranked?.pointee else { return nil }
        return Ranked(
            rows: UnsafeBufferPointer(start: ranked.rows, count: ranked.n_rows),
            scores: UnsafeBufferPointer(start: ranked.scores, count: ranked.n_scores))
    }

    /// How the answer came to be, by value; nil where it was not asked for.
    package var explanation: Explanation? {
        message.explanation.map { Explanation(reading: $0.pointee) }
    }

    private static func check(
        _ name: ProtobufCBinaryData, rows: UInt32, width: UInt32, count: Int
    ) throws(WireError) {
        // Two 32-bit numbers: their product fits 64 bits, if not always Int's 63.
        let expected = UInt64(rows) * UInt64(width)
        guard width > 0, expected == UInt64(count) else {
            throw WireError(
                .lengthMismatch,
                "'\(TextView(name).string)' has \(count) numbers for \(rows) rows of \(width)",
                field: "PredictResponse.tasks", bound: Int(clamping: expected), actual: count)
        }
    }
}
