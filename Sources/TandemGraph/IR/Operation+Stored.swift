extension Operation {
    /// Makes an operation from its stored form.
    ///
    /// - Throws: `GraphError` `unknownOperation` or `invalidAttribute`, naming `node`.
    package init(
        name: String, attributes: [Attribute], node: String
    ) throws(GraphError) {
        var reader = AttributeReader(attributes: attributes, node: node)
        if let operation = Self.withoutAttributes(name) {
            self = operation
        } else if let operation = try Self.structural(name, &reader) {
            self = operation
        } else if let operation = try Self.arithmetic(name, &reader) {
            self = operation
        } else {
            throw GraphError(
                .unknownOperation, node,
                "operation '\(name)' is not known to this version; use a newer one")
        }
        try reader.finish()
    }

    private static func withoutAttributes(_ name: String) -> Operation? {
        if let function = UnaryFunction(rawValue: name) { return .unary(function) }
        if let function = BinaryFunction(rawValue: name) { return .binary(function) }
        if let comparison = Comparison(rawValue: name) { return .compare(comparison) }
        if let function = LogicalFunction(rawValue: name) { return .logical(function) }
        let plain: [Operation] = [
            .not, .select, .linear, .matmul, .softmax, .embedding, .embeddingPool(.sum),
            .embeddingPool(.mean), .mixture, .quantizedLinear, .quantizedEmbedding,
            .quantizedEmbeddingPool(.sum), .quantizedEmbeddingPool(.mean),
        ]
        return plain.first { $0.name == name }
    }

    private static func structural(
        _ name: String, _ reader: inout AttributeReader
    ) throws(GraphError) -> Operation? {
        switch name {
        case "cast": return .cast(try reader.dtype("to"))
        case "concat": return .concat(axis: try reader.size("axis"))
        case "slice":
            return .slice(
                axis: try reader.size("axis"), start: try reader.dimension("start"),
                end: try reader.dimension("end"))
        case "reshape": return .reshape(try reader.dimensions("shape"))
        case "expand": return .expand(try reader.dimensions("shape"))
        case "transpose": return .transpose(try reader.sizes("permutation"))
        case "gather": return .gather(axis: try reader.size("axis"))
        case "take_along": return .takeAlong(axis: try reader.size("axis"))
        case "range": return .range(count: try reader.dimension("count"))
        case "size": return .size(try reader.dimension("of"))
        default: return nil
        }
    }

    private static func arithmetic(
        _ name: String, _ reader: inout AttributeReader
    ) throws(GraphError) -> Operation? {
        switch name {
        case "affine":
            return .affine(scale: try reader.float("scale"), offset: try reader.float("offset"))
        case "layer_norm": return .layerNorm(epsilon: try reader.float("epsilon"))
        case "cumulative_sum": return .cumulativeSum(axis: try reader.size("axis"))
        case "convolution": return .convolution(try Convolution(&reader))
        case "attention":
            return .attention(heads: try reader.size("heads"), scale: try reader.float("scale"))
        case "lstm": return .recurrent(try Recurrence(.lstm, &reader))
        case "gru":
            let cell = Recurrence.Cell.gru(resetsAfter: try reader.flag("resets_after"))
            return .recurrent(try Recurrence(cell, &reader))
        case "rnn": return .recurrent(try Recurrence(.plain, &reader))
        default:
            for reduction in Reduction.allCases where name == "reduce_\(reduction.rawValue)" {
                return .reduce(reduction, axis: try reader.size("axis"))
            }
            return nil
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
