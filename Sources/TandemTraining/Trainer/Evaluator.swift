// Design: one measurement for every executor.
//
// The trainer, the engine's float and int8 programs and the reference are all measured here: rows
// are handed to a closure in blocks, its answers are put together and compared with the labels. So
// two figures that stand side by side in a table differ in the executor and in nothing else.

package import TandemFeatures

/// Measures predictions of a spec's tasks against the labels of examples.
package struct Evaluator: Sendable {
    private let tasks: [Task]
    private let labels: [TaskLabels]
    private let usesLog1p: [Bool]

    /// Computes the outputs of a graph for a block of rows.
    ///
    /// Takes the graph's inputs in the order of `Graph.inputs`, each with a row for every row of the
    /// block, context inputs too, rows end to end; and the number of rows. Answers one array an
    /// output in the order of `Graph.outputs`, row-major, in raw units.
    package typealias Predict = (_ inputs: EncodedInputs, _ rowCount: Int) throws -> [[Float]]

    /// Rows that are handed out at a time; bounds the memory beside the outputs.
    package static let blockRows = 4096

    /// Measures the tasks of a signature on examples.
    ///
    /// - Precondition: The signature's tasks are the spec's, in its order.
    package init(_ spec: TrainingSpec, _ examples: Examples, tasks: [Task]) {
        precondition(
            tasks.map(\.name) == examples.tasks.map(\.name), "examples were read by another spec")
        self.tasks = tasks
        labels = examples.tasks
        usesLog1p = spec.tasks.map { task in
            if case .regression(let target) = task.kind { target.usesLog1p } else { false }
        }
    }

    /// The figures of each task, in order.
    ///
    /// - Parameters:
    ///   - outputs: One array a task, row-major, in the order of `rows`.
    ///   - rows: Row numbers of the examples.
    /// - Returns: One entry a task.
    package func figures(of outputs: [[Float]], rows: [Int32]) -> [TaskFigures] {
        tasks.indices.map { index in
            TaskFigures.measure(
                tasks[index], scores: outputs[index],
                labels: rows.map { labels[index].labels[Int($0)] },
                weights: labels[index].rowWeights.map { weights in rows.map { weights[Int($0)] } },
                usesLog1p: usesLog1p[index])
        }
    }

    /// Runs rows through an executor and measures its answers.
    ///
    /// - Parameters:
    ///   - dataset: The examples, encoded for the executor's graph.
    ///   - rows: Row numbers.
    ///   - predict: The executor.
    /// - Returns: One entry a task.
    /// - Throws: What `predict` throws.
    package func evaluate(
        _ dataset: EncodedDataset, rows: [Int32], predict: Predict
    ) rethrows -> [TaskFigures] {
        var outputs = tasks.map { task -> [Float] in
            var values: [Float] = []
            values.reserveCapacity(rows.count * task.kind.width)
            return values
        }
        try forEachBlock(dataset, rows: rows) { inputs, count in
            for (index, values) in try predict(inputs, count).enumerated() {
                outputs[index] += values
            }
        }
        return figures(of: outputs, rows: rows)
    }

    /// Hands rows out, block by block, in the form that executors take.
    ///
    /// - Parameters:
    ///   - dataset: The examples, encoded.
    ///   - rows: Row numbers.
    ///   - body: Takes a block's inputs, which are valid until it returns, and its rows.
    /// - Throws: What `body` throws.
    package func forEachBlock(
        _ dataset: EncodedDataset, rows: [Int32],
        _ body: (_ inputs: EncodedInputs, _ rowCount: Int) throws -> Void
    ) rethrows {
        let block = RowBuffer(dataset, rowCountMax: min(Self.blockRows, max(rows.count, 1)))
        var start = 0
        while start < rows.count {
            let end = min(start + Self.blockRows, rows.count)
            block.fill(rows[start..<end])
            try body(block.inputs, end - start)
            start = end
        }
    }
}

/// Memory for a block of a data set's rows, end to end.
private final class RowBuffer {
    private let dataset: EncodedDataset
    private let memory: [UnsafeMutableRawPointer]

    init(_ dataset: EncodedDataset, rowCountMax: Int) {
        self.dataset = dataset
        memory = dataset.columns.map { column in
            .allocate(byteCount: max(rowCountMax * column.width * 4, 1), alignment: 64)
        }
    }

    deinit { for pointer in memory { pointer.deallocate() } }

    var inputs: EncodedInputs {
        EncodedInputs(
            zip(memory, dataset.columns).map { EncodedInput(base: $0, rowStride: $1.width) })
    }

    func fill(_ rows: ArraySlice<Int32>) {
        rows.withUnsafeBufferPointer { rows in
            for index in memory.indices {
                dataset.copy(column: index, rows: rows, to: memory[index])
            }
        }
    }
}
