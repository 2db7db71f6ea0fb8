package import TandemGraph

/// One task as the trainer sees it: where its loss attaches, and its label in each row.
package struct TrainingTask: Sendable {
    /// The task's name.
    package var name: String
    /// The value that the loss reads: logits, or the transformed target.
    package var head: ValueID
    /// How far predictions are from labels.
    package var loss: LossFunction
    /// The loss's weight among the tasks, 0 or more.
    package var weight: Float
    /// One label a row of the data set, in the loss's unit; NaN where the task has none.
    package var labels: [Float]
    /// One weight a row, 0 or more; nil for 1.
    package var rowWeights: [Float]?

    /// Makes a task.
    package init(
        name: String, head: ValueID, loss: LossFunction, weight: Float = 1, labels: [Float],
        rowWeights: [Float]? = nil
    ) {
        self.name = name
        self.head = head
        self.loss = loss
        self.weight = weight
        self.labels = labels
        self.rowWeights = rowWeights
    }

    /// The sum of the weights of the labelled rows among these.
    package func labelledWeight(_ rows: [Int32]) -> Double {
        rows.reduce(0) { sum, row in
            labels[Int(row)].isNaN ? sum : sum + Double(rowWeights?[Int(row)] ?? 1)
        }
    }
}

/// Row numbers of the parts of a data set.
package struct RowSplit: Hashable, Sendable {
    /// Rows that gradients come from.
    package var training: [Int32]
    /// Rows that decide when to stop; may be empty.
    package var validation: [Int32]
    /// Rows that nothing but the final figures sees; may be empty.
    package var test: [Int32]

    /// Makes a split.
    package init(training: [Int32], validation: [Int32], test: [Int32] = []) {
        self.training = training
        self.validation = validation
        self.test = test
    }
}
