import TandemGraph

/// One thread's share of the work: its executor, and the rows it copies into it.
///
/// Used by one thread at a time.
final class TrainingWorker: @unchecked Sendable {
    let executor: TrainingExecutor
    private let dataset: EncodedDataset
    private let tasks: [TrainingTask]
    /// For each of the executor's inputs its column in the data set.
    private let columns: [Int]
    private let labels: UnsafeMutablePointer<Float>
    private let weights: UnsafeMutablePointer<Float>
    /// For each task the losses since `clearSums`.
    let sums: UnsafeMutablePointer<LossSum>

    init(
        _ plan: GradientPlan, _ store: ParameterStore, _ dataset: EncodedDataset,
        tasks: [TrainingTask], rowCountMax: Int
    ) {
        executor = TrainingExecutor(plan, store, rowCountMax: rowCountMax)
        self.dataset = dataset
        self.tasks = tasks
        columns = executor.inputs.map { input in
            guard let column = dataset.columns.firstIndex(where: { $0.name == input.name }) else {
                preconditionFailure("the data set was encoded for another graph")
            }
            return column
        }
        labels = .allocate(capacity: rowCountMax)
        labels.initialize(repeating: 0, count: rowCountMax)
        weights = .allocate(capacity: rowCountMax)
        weights.initialize(repeating: 0, count: rowCountMax)
        sums = .allocate(capacity: max(tasks.count, 1))
        sums.initialize(repeating: LossSum(), count: max(tasks.count, 1))
    }

    deinit {
        labels.deallocate()
        weights.deallocate()
        sums.deallocate()
    }

    func clearSums() { sums.update(repeating: LossSum(), count: tasks.count) }

    /// Learns from rows: forward, losses, backward.
    ///
    /// - Parameters:
    ///   - rows: At most `rowCountMax`; none leaves gradients of zero.
    ///   - scales: For each task what its losses' gradients are multiplied with.
    func learn(_ rows: UnsafeBufferPointer<Int32>, scales: UnsafePointer<Float>) {
        guard !rows.isEmpty else {
            executor.clearGradients()
            return
        }
        forward(rows)
        for index in tasks.indices {
            addLoss(index, rows, scale: scales[index], gradient: executor.heads[index].gradient)
        }
        executor.backward(rowCount: rows.count)
    }

    /// Keeps the heads' values of rows, and adds the tasks' losses to the sums.
    ///
    /// - Parameters:
    ///   - rows: At most `rowCountMax`.
    ///   - heads: For each head room for the rows' values.
    func score(
        _ rows: UnsafeBufferPointer<Int32>, heads: [UnsafeMutablePointer<Float>]
    ) {
        guard !rows.isEmpty else { return }
        forward(rows)
        for (head, target) in zip(executor.heads, heads) {
            target.update(from: head.values, count: rows.count * head.width)
        }
        for index in tasks.indices { addLoss(index, rows, scale: 0, gradient: nil) }
    }

    private func forward(_ rows: UnsafeBufferPointer<Int32>) {
        for (input, column) in zip(executor.inputs, columns) {
            dataset.copy(column: column, rows: rows, to: input.base)
        }
        executor.forward(rowCount: rows.count)
    }

    private func addLoss(
        _ index: Int, _ rows: UnsafeBufferPointer<Int32>, scale: Float,
        gradient: UnsafeMutablePointer<Float>?
    ) {
        let task = tasks[index]
        Self.copy(task.labels, rows, to: labels)
        if let values = task.rowWeights { Self.copy(values, rows, to: weights) }
        let head = executor.heads[index]
        sums[index] += task.loss.evaluate(
            values: head.values, width: head.width, labels: labels,
            weights: task.rowWeights == nil ? nil : UnsafePointer(weights), rowCount: rows.count,
            scale: scale, gradient: gradient)
    }

    private static func copy(
        _ values: [Float], _ rows: UnsafeBufferPointer<Int32>,
        to out: UnsafeMutablePointer<Float>
    ) {
        values.withUnsafeBufferPointer { values in
            for index in 0..<rows.count { out[index] = values[Int(rows[index])] }
        }
    }
}
