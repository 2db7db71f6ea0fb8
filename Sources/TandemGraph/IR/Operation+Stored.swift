// Design: stored names can be listed.
//
// Operations without attributes are a list; those with some are an enumeration, so that the compiler
// asks for the reading of each. Tests and documentation go through all names, and an operation cannot
// be left out of either.

extension Operation {
    /// Makes an operation from its stored form.
    ///
    /// - Throws: `GraphError` `unknownOperation` or `invalidAttribute`, naming `node`.
    package init(
        name: String, attributes: [Attribute], node: String
    ) throws(GraphError) {
        var reader = AttributeReader(attributes: attributes, node: node)
        if let operation = Self.plain[name] {
            self = operation
        } else if let name = AttributedName(rawValue: name) {
            self = try Self.read(name, &reader)
        } else {
            throw GraphError(
                .unknownOperation, node,
                "operation '\(name)' is not known to this version; use a newer one")
        }
        try reader.finish()
    }

    /// The names of all operations, sorted.
    package static var storedNames: [String] {
        (Array(plain.keys) + AttributedName.allCases.map(\.rawValue)).sorted()
    }

    /// Operations that have no attributes, by name.
    private static let plain: [String: Operation] = {
        let operations: [Operation] =
            UnaryFunction.allCases.map(Operation.unary)
            + BinaryFunction.allCases.map(Operation.binary)
            + Comparison.allCases.map(Operation.compare)
            + LogicalFunction.allCases.map(Operation.logical)
            + [
                .not, .select, .linear, .matmul, .softmax, .embedding, .embeddingPool(.sum),
                .embeddingPool(.mean), .mixture, .quantizedLinear, .quantizationResidual,
                .quantizedEmbedding,
                .quantizedEmbeddingPool(.sum), .quantizedEmbeddingPool(.mean),
            ]
        return Dictionary(uniqueKeysWithValues: operations.map { ($0.name, $0) })
    }()

    /// Names of operations that have attributes.
    private enum AttributedName: String, CaseIterable {
        case affine, attention, cast, concat, convolution, expand, gather, gru, lstm, range
        case reshape, rnn, size, slice, transpose
        case cumulativeSum = "cumulative_sum"
        case layerNorm = "layer_norm"
        case quantizedGRU = "quantized_gru"
        case quantizedLSTM = "quantized_lstm"
        case staticQuantizedLinear = "static_quantized_linear"
        case takeAlong = "take_along"
        case reduceSum = "reduce_sum"
        case reduceMean = "reduce_mean"
        case reduceMaximum = "reduce_maximum"
        case reduceMinimum = "reduce_minimum"
        case reduceProduct = "reduce_product"
    }

    private static func read(
        _ name: AttributedName, _ reader: inout AttributeReader
    ) throws(GraphError) -> Operation {
        switch name {
        case .affine:
            .affine(scale: try reader.float("scale"), offset: try reader.float("offset"))
        case .attention:
            .attention(heads: try reader.size("heads"), scale: try reader.float("scale"))
        case .cast: .cast(try reader.dtype("to"))
        case .concat: .concat(axis: try reader.size("axis"))
        case .convolution: .convolution(try Convolution(&reader))
        case .expand: .expand(try reader.dimensions("shape"))
        case .gather: .gather(axis: try reader.size("axis"))
        case .gru:
            .recurrent(
                try Recurrence(.gru(resetsAfter: try reader.flag("resets_after")), &reader))
        case .lstm: .recurrent(try Recurrence(.lstm, &reader))
        case .quantizedGRU:
            .quantizedRecurrent(
                try Recurrence(.gru(resetsAfter: try reader.flag("resets_after")), &reader))
        case .quantizedLSTM: .quantizedRecurrent(try Recurrence(.lstm, &reader))
        case .staticQuantizedLinear:
            .staticQuantizedLinear(
                ActivationGrid(
                    scale: try reader.float("scale"), stepsBelow: try reader.size("steps_below")))
        case .range: .range(count: try reader.dimension("count"))
        case .reshape: .reshape(try reader.dimensions("shape"))
        case .rnn: .recurrent(try Recurrence(.plain, &reader))
        case .size: .size(try reader.dimension("of"))
        case .slice:
            .slice(
                axis: try reader.size("axis"), start: try reader.dimension("start"),
                end: try reader.dimension("end"))
        case .transpose: .transpose(try reader.sizes("permutation"))
        case .cumulativeSum: .cumulativeSum(axis: try reader.size("axis"))
        case .layerNorm: .layerNorm(epsilon: try reader.float("epsilon"))
        case .takeAlong: .takeAlong(axis: try reader.size("axis"))
        case .reduceSum: .reduce(.sum, axis: try reader.size("axis"))
        case .reduceMean: .reduce(.mean, axis: try reader.size("axis"))
        case .reduceMaximum: .reduce(.maximum, axis: try reader.size("axis"))
        case .reduceMinimum: .reduce(.minimum, axis: try reader.size("axis"))
        case .reduceProduct: .reduce(.product, axis: try reader.size("axis"))
        }
    }
}

extension Convolution {
    fileprivate init(_ reader: inout AttributeReader) throws(GraphError) {
        self.init(
            strides: try reader.sizes("strides"), dilations: try reader.sizes("dilations"),
            paddingBefore: try reader.sizes("padding_before"),
            paddingAfter: try reader.sizes("padding_after"), groups: try reader.size("groups"))
    }
}

extension Recurrence {
    fileprivate init(_ cell: Cell, _ reader: inout AttributeReader) throws(GraphError) {
        self.init(cell, result: try reader.word("result"))
        isReversed = try reader.flag("reversed")
        hasLength = try reader.flag("length")
        hasInitialState = try reader.flag("state")
        if cell == .lstm {
            hasInitialCell = try reader.flag("cell")
            hasPeepholes = try reader.flag("peepholes")
        }
    }
}
