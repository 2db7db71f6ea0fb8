package import TandemFeatures
package import TandemGraph

/// What a training run makes: all that a package is written from.
package struct TrainedModel: Sendable {
    /// What it was asked to make.
    package var spec: TrainingSpec
    /// What the model takes and answers.
    package var signature: Signature
    /// The float graph; its outputs are the tasks in raw units.
    package var graph: Graph
    /// The trained parameters, by name.
    package var parameters: TensorSet
    /// How each regression's target was transformed, by task.
    package var targets: [String: TargetTransform]
    /// What happened while training.
    package var history: TrainingHistory
    /// Which rows were for what.
    package var split: RowSplit
    /// What the training rows were like, by feature, in the signature's order.
    package var statistics: [LearningStatistics]
    /// Figures of the float model on the test rows, or on the validation rows if there are none.
    package var figures: [TaskFigures]
    /// Inputs of the graph from rows of the data, for golden vectors and calibration.
    package var samples: [SampleInputs]
    /// Worker threads that were used; part of what decides the parameters' bytes.
    package var threadCount: Int
}

/// Inputs of a graph as one request has them: one context, some candidates.
package struct SampleInputs: Hashable, Sendable {
    /// One graph input.
    package struct Input: Hashable, Sendable {
        /// The input's name.
        package var name: String
        /// Shape of one row.
        package var rowShape: [Int]
        /// One row for a context input, else one a candidate; little-endian, in the input's dtype.
        package var bytes: [UInt8]

        /// Makes an input.
        package init(name: String, rowShape: [Int], bytes: [UInt8]) {
            self.name = name
            self.rowShape = rowShape
            self.bytes = bytes
        }
    }

    /// Number of candidates.
    package var candidateRowCount: Int
    /// One entry a graph input, in the graph's order.
    package var inputs: [Input]

    /// Makes a request.
    package init(candidateRowCount: Int, inputs: [Input]) {
        self.candidateRowCount = candidateRowCount
        self.inputs = inputs
    }
}

extension EncodedDataset {
    /// Takes rows as a request: the first one's context, and all of them as candidates.
    package func sample(_ rows: [Int32], _ graph: Graph) -> SampleInputs {
        var inputs: [SampleInputs.Input] = []
        for (position, id) in graph.inputs.enumerated() {
            let value = graph[id]
            let taken = value.type.rows == .candidate ? rows : Array(rows.prefix(1))
            let count = taken.count * columns[position].width * value.type.dtype.byteCount
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
                if let base = buffer.baseAddress {
                    taken.withUnsafeBufferPointer { rows in
                        copy(column: position, rows: rows, to: UnsafeMutableRawPointer(base))
                    }
                }
                initializedCount = count
            }
            inputs.append(
                SampleInputs.Input(
                    name: value.name, rowShape: value.type.fixedSizes ?? [], bytes: bytes))
        }
        return SampleInputs(candidateRowCount: rows.count, inputs: inputs)
    }
}
