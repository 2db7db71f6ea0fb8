import TandemGraph

// Design: no loop reaches a graph.
//
// A loop whose trip count is known at import is unrolled: its body is lowered once an iteration,
// with the iteration's number for a constant, so that everything folds that depends on it. One loop
// over the rows of a batch is common, though, and its count is never known: PyTorch's TorchScript
// exporter writes EmbeddingBag as one iteration a bag. That one is recognised by its body and
// becomes one lookup for all bags (`EmbeddingBagLoop`). The newer exporter writes it as a loop that
// appends to a sequence (`BagSequenceLoop`). Others are refused.

extension OperatorTable {
    /// Loops.
    static let loops: [OperatorEntry] = [
        OperatorEntry(
            "Loop", inputs: 0...Int.max, attributes: ["body"], takesSequences: true
        ) { context in
            if let bags = try EmbeddingBagLoop(context)?.lowered() { return [bags] }
            if let results = try BagSequenceLoop(context)?.lowered() { return results }
            return try context.unrolled(try context.requiredGraph("body"))
        }
    ]
}

extension OperatorContext {
    /// The loop's carried values and scanned results, its body lowered once an iteration.
    fileprivate func unrolled(_ body: ONNXGraph) throws(ImportError) -> [ImportedValue] {
        let limit = ImportLimits.loopIterationCountMax
        let count = try optional(0).map(tripCount) ?? limit + 1
        var carried: [ImportedValue] = []
        for index in inputs.indices.dropFirst(2) { carried.append(try input(index)) }
        guard body.inputs.count == carried.count + 2, body.outputs.count > carried.count else {
            throw failure(.wrongArity, "its body does not take and give what the loop does")
        }
        var isGoing = try optional(1).map(condition) ?? true
        var scanned: [[ImportedValue]] = []
        while isGoing, scanned.count < count {
            guard scanned.count < limit,
                scanned.count * body.nodes.count < ImportLimits.nodeCountMax
            else {
                throw failure(
                    .limitExceeded, "it has more than \(scanned.count) iterations",
                    "export with an operator that works on all elements at once")
            }
            let number = constant(scanned.count, .int64)
            let results = try inlined(body, [number, constant(1, .bool)] + carried)
            isGoing = try condition(results[0])
            carried = Array(results[1...].prefix(carried.count))
            scanned.append(Array(results.dropFirst(carried.count + 1)))
        }
        return carried + (try stacked(scanned, body.outputs.count - carried.count - 1))
    }

    private func tripCount(_ value: ImportedValue) throws(ImportError) -> Int {
        guard let numbers = value.integers, numbers.count == 1 else {
            throw failure(
                .dynamicControlFlow, "its trip count is computed from a request",
                "export with fixed sizes, give named dimensions a size by --dim, or use LSTM, GRU "
                    + "and RNN for recurrence")
        }
        return numbers[0]
    }

    private func condition(_ value: ImportedValue) throws(ImportError) -> Bool {
        guard let numbers = value.integers, numbers.count == 1 else {
            throw failure(
                .dynamicControlFlow, "whether it goes on is computed from a request",
                "export with a fixed trip count")
        }
        return numbers[0] != 0
    }

    /// Results of all iterations, each a row.
    private func stacked(
        _ iterations: [[ImportedValue]], _ count: Int
    ) throws(ImportError) -> [ImportedValue] {
        guard count > 0 else { return [] }
        guard !iterations.isEmpty else {
            throw failure(.unsupported, "it has no iteration, but results of each")
        }
        var results: [ImportedValue] = []
        for index in 0..<count {
            var rows: [ImportedValue] = []
            for iteration in iterations {
                guard iteration[index].sequence == nil else {
                    throw failure(.wrongType, "a result of each iteration is a sequence")
                }
                rows.append(try unsqueeze(iteration[index], axes: [0]))
            }
            results.append(try concat(rows, axis: 0))
        }
        return results
    }
}
