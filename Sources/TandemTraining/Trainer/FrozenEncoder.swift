// Design: what is frozen is computed once.
//
// A sentence encoder has a hundred times the arithmetic of the heads that are trained over it, and
// its answer to a text never changes. So each distinct text is encoded once, before the first
// epoch, and the heads train over the answers as over any numbers. Afterwards the encoder's graph
// takes the place of those numbers (`GraphGraft`), and what is published takes raw text.

import Synchronization
package import TandemFeatures
package import TandemGraph

/// A model that turns texts into numbers and is not trained further.
package struct FrozenEncoder: Sendable {
    /// The model; a float graph.
    package let model: WeightedGraph
    /// What it takes, one text, and answers.
    package let signature: Signature
    /// The output that is taken, f32 `[width]`.
    package let output: String
    /// Numbers a text.
    package let width: Int
    private let makeExecutor: MakeExecutor

    /// Makes what computes the output for rows of the graph's inputs, row-major.
    ///
    /// Called once on each thread, which then keeps what it made for itself.
    package typealias MakeExecutor =
        @Sendable () throws -> (EncodedInputs, _ rowCount: Int) throws -> [Float]

    /// Checks that a model can be one.
    ///
    /// - Parameters:
    ///   - model: A float graph.
    ///   - signature: What it takes and answers.
    ///   - spec: Which of its outputs is wanted.
    ///   - makeExecutor: Makes what computes that output.
    /// - Throws: `TrainingError` `unusableFeature` if it takes more than one text, or `unknownName`
    ///   if it has no such output.
    package init(
        _ model: WeightedGraph, _ signature: Signature, _ spec: EncoderSpec,
        makeExecutor: @escaping MakeExecutor
    ) throws(TrainingError) {
        guard signature.features.count == 1, signature.features[0].rawType == .text else {
            throw TrainingError(
                .unusableFeature,
                "the encoder '\(spec.path)' takes \(signature.features.count) feature(s)",
                remedy: "name a package whose one feature is a text")
        }
        let names = signature.tasks.map(\.name)
        guard let name = spec.output ?? (names.count == 1 ? names[0] : nil),
            let task = signature.tasks.first(where: { $0.name == name })
        else {
            throw TrainingError(
                .unknownName, "the encoder '\(spec.path)' has no one such output",
                remedy: "set output to one of \(names.joined(separator: ", "))")
        }
        self.model = model
        self.signature = signature
        output = task.name
        width = task.kind.width
        self.makeExecutor = makeExecutor
    }

    /// Texts that are encoded at a time, and after which the state is told.
    private static let blockRows = 16

    /// The answers to texts.
    ///
    /// - Parameters:
    ///   - texts: Distinct texts.
    ///   - threadCount: How many threads share the work; the answers do not depend on it.
    ///   - progress: Called on this thread with the number of texts that are done, now and then.
    /// - Returns: One row a text by its code, and behind them the answer to the empty text, which
    ///   stands for a missing one.
    /// - Throws: `TrainingError` `unusableFeature`.
    func vectors(
        of texts: TextDictionary, threadCount: Int, progress: (_ done: Int) -> Void
    ) throws(TrainingError) -> [Float] {
        let count = texts.count + 1
        let dataset = try encoded(texts)
        let memory = TensorStorage(byteCount: count * width * DataType.float32.byteCount)
        let next = Atomic(0)
        let failure = Mutex<String?>(nil)
        withoutActuallyEscaping(progress) { progress in
            let shown = MainThreadOnly(progress)
            WorkerThreads.run(threadCount) { worker in
                do {
                    let execute = try makeExecutor()
                    while failure.withLock({ $0 == nil }) {
                        let start = next.add(Self.blockRows, ordering: .relaxed).oldValue
                        guard start < count else { return }
                        let rows = min(Self.blockRows, count - start)
                        let answers = try execute(dataset.encodedInputs(firstRow: start), rows)
                        answers.withUnsafeBytes { answers in
                            UnsafeMutableRawBufferPointer(
                                start: memory.base + start * width * DataType.float32.byteCount,
                                count: rows * width * DataType.float32.byteCount
                            ).copyMemory(from: answers)
                        }
                        if worker == 0 { shown.body(start + rows) }
                    }
                } catch {
                    failure.withLock { $0 = "\(error)" }
                }
            }
        }
        if let problem = failure.withLock({ $0 }) { throw self.failure(problem) }
        let values = memory.base.assumingMemoryBound(to: Float.self)
        return Array(UnsafeBufferPointer(start: values, count: count * width))
    }

    private func failure(_ problem: String) -> TrainingError {
        TrainingError(
            .unusableFeature, "the encoder '\(model.graph.name)' failed: \(problem)")
    }

    /// The texts as rows of the model's inputs, and behind them a missing one.
    private func encoded(_ texts: TextDictionary) throws(TrainingError) -> EncodedDataset {
        let count = texts.count + 1
        let dataset = try EncodedDataset(model.graph, rowCount: count)
        var column = TextColumn(codes: [], dictionary: texts, presence: Presence())
        for row in 0..<count {
            column.codes.append(row < texts.count ? UInt32(row) : 0)
            column.presence.append(row < texts.count)
        }
        var lenient = signature
        lenient.features[0].isRequired = false
        do throws(FeatureError) {
            let encoder = try FeatureEncoder(signature: lenient, graph: model.graph)
            let inputs = dataset.encodedInputs(firstRow: 0)
            try RawColumnBuffer().withRawColumn(.text(column), rows: 0..<count) {
                raw throws(FeatureError) in
                var counts = FeatureCounts()
                try encoder.encode(
                    feature: 0, raw, rowCount: count, into: inputs, counts: &counts)
            }
        } catch {
            throw failure("\(error)")
        }
        return dataset
    }
}

/// What is called on the caller's thread alone.
private struct MainThreadOnly: @unchecked Sendable {
    let body: (Int) -> Void

    init(_ body: @escaping (Int) -> Void) { self.body = body }
}

/// The answers of a frozen encoder to the texts of a column.
struct FrozenVectors: Sendable {
    /// Numbers a text.
    let width: Int
    /// One row a text by its code, then the answer to a missing one.
    let values: [Float]

    /// Writes the answers to a column's rows.
    ///
    /// - Parameters:
    ///   - texts: The column.
    ///   - dataset: Has an f32 input with the columns of `slot`.
    ///   - input: Which of the data set's columns it is.
    ///   - column: The first of the input's columns.
    func write(_ texts: TextColumn, to dataset: EncodedDataset, input: Int, column: Int) {
        let target = dataset.columns[input]
        let base = target.storage.base.assumingMemoryBound(to: Float.self) + column
        let missing = values.count / width - 1
        values.withUnsafeBufferPointer { values in
            for row in 0..<texts.codes.count {
                let code = texts.presence[row] ? Int(texts.codes[row]) : missing
                for index in 0..<width {
                    base[row * target.width + index] = values[code * width + index]
                }
            }
        }
    }
}
