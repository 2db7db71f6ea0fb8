/// Where one graph input's rows are written.
package struct EncodedInput {
    /// The first row's first element; f32 or i32 as the graph declares.
    ///
    /// Borrowed.
    package var base: UnsafeMutableRawPointer
    /// Elements from one row to the next; at least the row's element count.
    package var rowStride: Int

    /// Makes a description.
    package init(base: UnsafeMutableRawPointer, rowStride: Int) {
        self.base = base
        self.rowStride = rowStride
    }
}

/// Where a graph's inputs are written, borrowed from whoever runs the graph.
///
/// - Important: Each input has room for as many rows as are encoded at a time, from `base` on.
package struct EncodedInputs {
    /// One entry a graph input, in the order of `Graph.inputs`.
    package var inputs: [EncodedInput]

    /// Makes a description.
    package init(_ inputs: [EncodedInput]) { self.inputs = inputs }
}

/// What was seen of one feature's raw values; for the statistics.
///
/// Add them up with `+=`.
package struct FeatureCounts: Equatable, Sendable {
    /// Rows encoded.
    package var rows = 0
    /// Rows without a value.
    package var missingRows = 0
    /// Values of the rows that have one: differs from `rows` for lists and vectors.
    package var values = 0
    /// Values that the vocabulary does not hold.
    package var unknownValues = 0
    /// Numbers that a `clip` limited, and lists and texts that were cut at the longest length.
    package var clippedValues = 0

    /// Nothing seen.
    package init() {}

    /// Adds what another count has seen.
    package static func += (left: inout FeatureCounts, right: FeatureCounts) {
        left.rows += right.rows
        left.missingRows += right.missingRows
        left.values += right.values
        left.unknownValues += right.unknownValues
        left.clippedValues += right.clippedValues
    }
}
