package import TandemGraph

// Design: one encoder for training, the command line and the server.
//
// It is made once from a signature and its graph, and validates the one against the other, so that
// whatever it writes is right for the graph: columns that exist, ids that are in their tables.
// A call encodes one feature for a block of rows, straight from the caller's memory into the
// graph's inputs. Each kind of value has its own tight loop; the choice among them is made once a
// call. Nothing is allocated on the way but the text of an error.
//
// A block's values are the same in whichever blocks the rows are encoded: no encoding looks at
// another row.

/// Encodes raw feature values into the inputs of a graph.
///
/// Immutable after its making, so any number of threads may use one.
package struct FeatureEncoder: Sendable {
    /// What is encoded.
    package let signature: Signature
    /// Where a feature's numbers go, by position in `Graph.inputs`.
    struct Target: Sendable {
        var input: Int
        var length: Int?
        var mask: Int?
        var segment: Int?
    }

    /// One a feature.
    let targets: [Target]
    private let names: Vocabulary

    /// Makes an encoder for a graph.
    ///
    /// - Throws: `FeatureError` when the signature does not fit the graph.
    package init(signature: Signature, graph: Graph) throws(FeatureError) {
        try signature.validate(against: graph)
        var positions: [String: Int] = [:]
        for (position, id) in graph.inputs.enumerated() { positions[graph[id].name] = position }
        var targets: [Target] = []
        for feature in signature.features {
            guard let input = positions[feature.slot.input] else {
                throw FeatureError(.unknownInput, feature.name, "goes to no input of the graph")
            }
            targets.append(
                Target(
                    input: input, length: feature.slot.lengthInput.flatMap { positions[$0] },
                    mask: feature.slot.maskInput.flatMap { positions[$0] },
                    segment: feature.slot.segmentInput.flatMap { positions[$0] }))
        }
        let names = signature.features.map { Array($0.name.utf8) }
        self.names = try Vocabulary(
            blob: names.flatMap { $0 }, byteCounts: names.map { UInt32($0.count) })
        self.targets = targets
        self.signature = signature
    }

    /// The position in `Signature.features` of the feature with this name, or nil.
    ///
    /// O(1); allocates nothing.
    package func featureIndex(named name: UnsafeRawBufferPointer) -> Int? {
        names.position(of: name)
    }

    /// Checks a raw column against its feature and stands before its first row.
    ///
    /// - Parameters:
    ///   - feature: Position in `Signature.features`.
    ///   - column: The values; the memory stays the caller's while the cursor is used.
    ///   - rowCount: Rows of the column: 1 for a request's context.
    /// - Returns: The column, to be encoded from its first row on.
    /// - Throws: `FeatureError` `wrongType`, `wrongCount` or `limitExceeded`, naming the feature.
    /// - Complexity: O(rows) for lists, O(values) for texts, else O(1). Allocates nothing.
    package func open(
        feature: Int, column: RawColumn, rowCount: Int
    ) throws(FeatureError) -> FeatureCursor {
        precondition(rowCount >= 0, "a column has no negative number of rows")
        try column.check(against: signature.features[feature], rowCount: rowCount)
        return FeatureCursor(feature: feature, rowCount: rowCount, column: column)
    }

    /// Stands before the first row of a feature of which there is no column: all is missing.
    ///
    /// - Throws: `FeatureError` `missingValue` if the feature is required.
    package func openMissing(feature: Int, rowCount: Int) throws(FeatureError) -> FeatureCursor {
        precondition(rowCount >= 0, "a column has no negative number of rows")
        if signature.features[feature].isRequired {
            throw FeatureError(
                .missingValue, signature.features[feature].name, "is required, there is no column")
        }
        return FeatureCursor(feature: feature, rowCount: rowCount, column: nil)
    }

    /// Encodes the next rows of a column into rows `0 ..< rowCount` of the graph inputs.
    ///
    /// - Parameters:
    ///   - cursor: The column; moved on by `rowCount` rows. Of no further use after a throw.
    ///   - rowCount: How many rows; at most what the cursor has left.
    ///   - inputs: Overwritten in this feature's columns.
    ///   - counts: What was seen is added to it; after a throw it may hold a part.
    ///   - memory: What texts are tokenised in.
    /// - Throws: `FeatureError` `notANumber`, `infiniteNumber`, `identifierOutOfRange`,
    ///   `invalidText` or `missingValue`, with the row.
    /// - Complexity: O(values + texts' bytes), for tokens see `Tokenizer`. Allocates nothing but to
    ///   grow `memory`.
    package func encode(
        _ cursor: inout FeatureCursor, rowCount: Int, into inputs: EncodedInputs,
        counts: inout FeatureCounts, memory: inout TextMemory
    ) throws(FeatureError) {
        precondition(
            rowCount >= 0 && rowCount <= cursor.rowCount - cursor.row,
            "the cursor has fewer rows left")
        let feature = signature.features[cursor.feature]
        let target = targets[cursor.feature]
        counts.rows += rowCount
        let block = RowBlock(column: cursor.column, first: cursor.row, count: rowCount)
        try block.checkPresence(feature, &counts)
        switch feature.encoding {
        case .number(let encoding):
            try block.checkFinite(feature, cursor.position)
            let rows = NumberRows(inputs.inputs[target.input], feature)
            rows.encode(block, encoding, &cursor.position, &counts)
        case .buckets, .vocabulary, .hashing, .hashedWords:
            try block.checkFinite(feature, cursor.position)
            let rows = IdentifierRows(
                inputs.inputs[target.input], length: target.length.map { inputs.inputs[$0] },
                feature)
            rows.encode(block, feature.encoding, &cursor.position, &counts)
        case .identity(let encoding):
            try block.checkRange(feature, 0..<Int64(encoding.idCount), cursor.position)
            let rows = IdentifierRows(
                inputs.inputs[target.input], length: target.length.map { inputs.inputs[$0] },
                feature)
            rows.encode(block, encoding, &cursor.position, &counts)
        case .tokens(let tokenizer):
            let rows = TokenRows(inputs, target, feature, tokenizer)
            try rows.encode(block, &cursor.position, &counts, &memory)
        }
        cursor.row += rowCount
    }

    /// Stands before another row of a column, without looking at the values between.
    ///
    /// - Parameters:
    ///   - cursor: The column; it may have been encoded further already.
    ///   - row: 0 to the cursor's rows.
    /// - Complexity: O(1), for lists and texts O(rows passed over). Allocates nothing.
    package func move(_ cursor: inout FeatureCursor, to row: Int) {
        precondition(row >= 0 && row <= cursor.rowCount, "the column has no such row")
        if row < cursor.row { cursor.rewind() }
        cursor.pass(row - cursor.row, width: signature.features[cursor.feature].width)
    }

    /// Encodes a whole column at once: `open` and `encode` in one.
    ///
    /// - Parameters:
    ///   - feature: Position in `Signature.features`.
    ///   - column: The values, or nil where there is no column: all is missing.
    ///   - rowCount: Rows of the column: 1 for a request's context.
    ///   - inputs: Overwritten in this feature's columns, rows `0 ..< rowCount`.
    ///   - counts: What was seen is added to it.
    /// - Throws: `FeatureError`, naming the feature and, where it is one row's fault, the row.
    /// - Complexity: O(values + texts' bytes). Allocates nothing.
    package func encode(
        feature: Int, _ column: RawColumn?, rowCount: Int, into inputs: EncodedInputs,
        counts: inout FeatureCounts
    ) throws(FeatureError) {
        var memory = TextMemory()
        var cursor: FeatureCursor
        if let column {
            cursor = try open(feature: feature, column: column, rowCount: rowCount)
        } else {
            cursor = try openMissing(feature: feature, rowCount: rowCount)
        }
        try encode(
            &cursor, rowCount: rowCount, into: inputs, counts: &counts, memory: &memory)
    }
}
