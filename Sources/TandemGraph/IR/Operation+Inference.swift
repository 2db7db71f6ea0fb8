extension Operation {
    /// The type of the result, from the types of the inputs.
    ///
    /// - Parameters:
    ///   - inputs: Types of the inputs, in order.
    ///   - node: The node's name, for messages.
    /// - Returns: Dtype, row axis and row shape of the result.
    /// - Throws: `GraphError` `wrongArity`, `wrongType`, `wrongShape`, `rowsMixed`,
    ///   `invalidAttribute` or `overflow`, naming the node.
    package func resultType(of inputs: [TensorType], node: String) throws(GraphError) -> TensorType
    {
        let check = InferenceCheck(inputs: inputs, operation: self, node: node)
        let type: TensorType
        switch self {
        case .unary, .binary, .compare, .logical, .not, .select, .cast, .affine:
            type = try check.elementwiseType()
        case .concat, .slice, .reshape, .transpose, .expand, .gather, .takeAlong, .range, .size:
            type = try check.structuralType()
        case .softmax, .layerNorm, .reduce, .cumulativeSum, .mixture, .linear, .quantizedLinear,
            .staticQuantizedLinear, .quantizationResidual, .matmul, .convolution:
            type = try check.arithmeticType()
        case .embedding, .embeddingPool, .quantizedEmbedding, .quantizedEmbeddingPool, .attention,
            .recurrent, .quantizedRecurrent:
            type = try check.layerType()
        }
        try type.check(node)
        return type
    }
}

/// The checks that inference is made of; each names the node when it fails.
struct InferenceCheck {
    let inputs: [TensorType]
    let operation: Operation
    let node: String

    /// The row axis of a result: the latest among the inputs.
    var rows: RowAxis { inputs.map(\.rows).max() ?? .none }

    func failure(_ code: GraphError.Code, _ message: String) -> GraphError {
        GraphError(code, node, "\(operation.name): \(message)")
    }

    func arity(_ range: ClosedRange<Int>) throws(GraphError) {
        guard range.contains(inputs.count) else {
            let wanted =
                range.lowerBound == range.upperBound
                ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw failure(.wrongArity, "takes \(wanted) inputs, got \(inputs.count)")
        }
    }

    func dtype(_ index: Int, _ wanted: DataType) throws(GraphError) {
        guard inputs[index].dtype == wanted else {
            throw failure(
                .wrongType,
                "input \(index) must be \(wanted.name), is \(inputs[index].dtype.name)")
        }
    }

    func rank(_ index: Int, atLeast rank: Int) throws(GraphError) {
        guard inputs[index].shape.count >= rank else {
            throw failure(.wrongShape, "input \(index) must have at least \(rank) dimension(s)")
        }
    }

    func axis(_ axis: Int, rank: Int) throws(GraphError) {
        guard axis >= 0, axis < rank else {
            throw failure(.invalidAttribute, "axis \(axis) is outside a shape of rank \(rank)")
        }
    }

    func lastDimension(_ index: Int) -> Dimension { inputs[index].shape.last ?? .fixed(1) }

    /// A weight: on no row axis, with exactly this shape.
    func parameter(_ index: Int, shape: [Dimension]) throws(GraphError) {
        guard inputs[index].rows == .none else {
            throw failure(.rowsMixed, "input \(index) is a weight and cannot depend on rows")
        }
        guard inputs[index].shape == shape else {
            throw failure(
                .wrongShape, "input \(index) must have shape \(shape), has \(inputs[index].shape)")
        }
    }

    /// A bias: a parameter, or a value that exists once a request.
    func bias(_ index: Int, shape: [Dimension]) throws(GraphError) {
        try dtype(index, .float32)
        guard inputs[index].rows != .candidate, inputs[index].shape == shape else {
            throw failure(
                .wrongShape,
                "the bias must be \(shape) and not differ by candidate, is \(inputs[index])")
        }
    }

}
