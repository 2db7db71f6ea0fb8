internal import TandemEngine
internal import TandemFeatures
internal import TandemGraph
internal import TandemRequest
internal import TandemWire

extension RequestService {
    /// Adds the explanation to a computed answer; returns the frame's bytes.
    ///
    /// The frame lies in the output's room, not committed yet. Times of stages are only known now,
    /// so the explanation comes last and moves the frame's content; this is for people.
    mutating func explain(
        _ run: UnsafeMutablePointer<PredictRun>, _ byteCount: Int, _ encoder: ResponseEncoder,
        wait: UInt64, decode: UInt64, _ output: inout ByteQueue
    ) -> Int {
        var explanation = Explanation()
        explanation.executor = run.pointee.model.executor
        explanation.instructionSet = context.instructionSet
        let times = run.pointee.times
        explanation.stages = [
            StageTime(.wait, nanoseconds: wait), StageTime(.decode, nanoseconds: decode),
            StageTime(.features, nanoseconds: times.features),
            StageTime(.compute, nanoseconds: times.compute),
            StageTime(.rank, nanoseconds: times.rank),
            StageTime(.encode, nanoseconds: times.encode),
        ]
        let seen = run.pointee.explanation
        explanation.operations = Self.operations(run.pointee, seen)
        let counts = run.pointee.requestCounts
        explanation.features = run.pointee.model.signature.features.indices.map { index in
            let counts = counts[index]
            var resolution = FeatureResolution()
            resolution.feature = run.pointee.model.signature.features[index].name
            resolution.firstValue = seen?.firstValues[index] ?? ""
            resolution.presentRows = UInt64(counts.rows - counts.missingRows)
            resolution.missingRows = UInt64(counts.missingRows)
            resolution.unknownValues = UInt64(counts.unknownValues)
            resolution.clippedValues = UInt64(counts.clippedValues)
            return resolution
        }
        guard
            let layout = run.pointee.finishedLayout,
            let encoded = try? encoder.explanation(explanation)
        else {
            output.commit(byteCount)
            return byteCount
        }
        // Committed first, so that making room keeps the frame; then taken back and grown in place.
        output.commit(byteCount)
        let before = output.count - byteCount
        let total = layout.frameBytes(with: encoded)
        _ = output.reserve(total - byteCount)
        output.truncate(to: before)
        guard let frame = output.reserve(total).baseAddress else { return byteCount }
        let written = layout.add(encoded, to: frame)
        output.commit(written)
        return written
    }

    /// The steps that ran, as the plan is printed, with what each took over all rows.
    private static func operations(
        _ run: PredictRun, _ seen: RowExplanation?
    ) -> [OperationTime] {
        guard let seen else { return [] }
        return zip(run.model.plan.steps, seen.steps.nanoseconds).compactMap { note, spent in
            guard spent > 0 else { return nil }
            let rows = note.rows == .candidate ? run.rowCount : 1
            return OperationTime(
                name: note.text, kind: note.rows == .candidate ? "a row" : "a request",
                nanoseconds: spent, multiplyAdds: UInt64(note.cost.multiplyAdds * rows))
        }
    }
}
