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
        let rows = inputs.map(\.rows).max() ?? .none
        switch self {
        case .unary, .affine, .softmax:
            try check.arity(1...1)
            try check.dtype(0, .float32)
            if self == .softmax { try check.rank(0, atLeast: 1) }
            return TensorType(.float32, rows, inputs[0].shape)
        case .binary:
            try check.arity(2...2)
            try check.dtype(0, .float32)
            try check.dtype(1, .float32)
            return TensorType(.float32, rows, try check.broadcast())
        case .linear, .quantizedLinear:
            return TensorType(.float32, rows, try check.linearShape())
        case .layerNorm:
            try check.arity(3...3)
            for index in 0..<3 { try check.dtype(index, .float32) }
            try check.rank(0, atLeast: 1)
            for index in 1..<3 { try check.parameter(index, shape: [check.lastDimension(0)]) }
            return TensorType(.float32, rows, inputs[0].shape)
        case .concat(let axis): return try check.concatenated(axis: axis, rows: rows)
        case .slice(let axis, let start, let end):
            return try check.sliced(axis: axis, start: start, end: end)
        case .reshape(let sizes): return try check.reshaped(sizes)
        case .reduce(_, let axis):
            try check.arity(1...1)
            try check.dtype(0, .float32)
            try check.axis(axis, rank: inputs[0].shape.count)
            var shape = inputs[0].shape
            shape.remove(at: axis)
            return TensorType(.float32, rows, shape)
        case .embedding, .quantizedEmbedding:
            try check.arity(self == .embedding ? 2...2 : 3...3)
            let width = try check.table(at: 1)
            return TensorType(.float32, rows, inputs[0].shape + [width])
        case .embeddingPool, .quantizedEmbeddingPool:
            return TensorType(.float32, rows, [try check.pooledWidth()])
        case .mixture: return TensorType(.float32, rows, try check.mixtureShape())
        }
    }
}

/// The checks that inference is made of; each names the node when it fails.
private struct InferenceCheck {
    let inputs: [TensorType]
    let operation: Operation
    let node: String

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

    func broadcast() throws(GraphError) -> [Dimension] {
        let left = inputs[0].shape
        let right = inputs[1].shape
        let rank = max(left.count, right.count)
        var shape: [Dimension] = []
        for position in 0..<rank {
            let a = position < rank - left.count ? .fixed(1) : left[position - rank + left.count]
            let b = position < rank - right.count ? .fixed(1) : right[position - rank + right.count]
            if a == b || b == .fixed(1) {
                shape.append(a)
            } else if a == .fixed(1) {
                shape.append(b)
            } else {
                throw failure(.wrongShape, "shapes \(left) and \(right) do not broadcast")
            }
        }
        return shape
    }

    func linearShape() throws(GraphError) -> [Dimension] {
        let isQuantized = operation == .quantizedLinear
        let biasIndex = isQuantized ? 3 : 2
        try arity(biasIndex...biasIndex + 1)
        try dtype(0, .float32)
        try dtype(1, isQuantized ? .int8 : .float32)
        try rank(0, atLeast: 1)
        guard inputs[1].shape.count == 2, inputs[1].rows == .none,
            inputs[1].shape[1] == lastDimension(0)
        else {
            throw failure(
                .wrongShape,
                "weight must be [N, \(lastDimension(0))] without rows, is \(inputs[1])")
        }
        let width = inputs[1].shape[0]
        if isQuantized {
            try dtype(2, .float32)
            try parameter(2, shape: [width])
        }
        if inputs.count > biasIndex { try bias(biasIndex, shape: [width]) }
        return inputs[0].shape.dropLast() + [width]
    }

    func concatenated(axis: Int, rows: RowAxis) throws(GraphError) -> TensorType {
        try arity(1...Int.max)
        try self.axis(axis, rank: inputs[0].shape.count)
        var total = 0
        for (index, input) in inputs.enumerated() {
            try dtype(index, inputs[0].dtype)
            var expected = inputs[0].shape
            guard input.shape.count == expected.count, let size = input.shape[axis].fixedSize
            else {
                throw failure(
                    .wrongShape, "input \(index) has shape \(input.shape), expected \(expected)")
            }
            expected[axis] = input.shape[axis]
            guard input.shape == expected else {
                throw failure(
                    .wrongShape, "input \(index) has shape \(input.shape), expected \(expected)")
            }
            let (sum, overflow) = total.addingReportingOverflow(size)
            if overflow { throw failure(.overflow, "joined size does not fit") }
            total = sum
        }
        var shape = inputs[0].shape
        shape[axis] = .fixed(total)
        return TensorType(inputs[0].dtype, rows, shape)
    }

    func sliced(axis: Int, start: Int, end: Int) throws(GraphError) -> TensorType {
        try arity(1...1)
        try self.axis(axis, rank: inputs[0].shape.count)
        guard let size = inputs[0].shape[axis].fixedSize, start < end, end <= size else {
            throw failure(
                .invalidAttribute,
                "elements \(start) ..< \(end) do not lie in \(inputs[0].shape[axis])")
        }
        var type = inputs[0]
        type.shape[axis] = .fixed(end - start)
        return type
    }

    func reshaped(_ sizes: [Int]) throws(GraphError) -> TensorType {
        try arity(1...1)
        guard let count = inputs[0].rowElementCount, TensorType.product(sizes) == count else {
            throw failure(.wrongShape, "\(inputs[0].shape) does not have the elements of \(sizes)")
        }
        return TensorType(inputs[0].dtype, inputs[0].rows, sizes: sizes)
    }

    /// Checks ids, the table at `index` and the scales behind it; returns the row width.
    func table(at index: Int) throws(GraphError) -> Dimension {
        let hasScales = inputs.count > index + 1
        try dtype(0, .int32)
        try dtype(index, hasScales ? .int8 : .float32)
        let table = inputs[index]
        guard table.shape.count == 2, table.rows == .none else {
            throw failure(.wrongShape, "the table must be [V, D] without rows, is \(table)")
        }
        if hasScales {
            try dtype(index + 1, .float32)
            try parameter(index + 1, shape: [table.shape[0]])
        }
        return table.shape[1]
    }

    func pooledWidth() throws(GraphError) -> Dimension {
        if case .embeddingPool = operation { try arity(3...3) } else { try arity(4...4) }
        try dtype(1, .int32)
        guard inputs[0].shape.count == 1, inputs[1].shape.isEmpty,
            inputs[0].rows == inputs[1].rows
        else {
            throw failure(
                .wrongShape,
                "ids must be [S] and length [] on one row axis, are \(inputs[0]) and \(inputs[1])")
        }
        return try table(at: 2)
    }

    func mixtureShape() throws(GraphError) -> [Dimension] {
        try arity(2...Int.max)
        for index in inputs.indices { try dtype(index, .float32) }
        guard inputs[0].shape == [.fixed(inputs.count - 1)] else {
            throw failure(
                .wrongShape,
                "gates must be [\(inputs.count - 1)], one an expert, are \(inputs[0].shape)")
        }
        for index in 1..<inputs.count
        where inputs[index].shape != inputs[1].shape || inputs[index].shape.count != 1 {
            throw failure(.wrongShape, "experts must all be [D]; input \(index) differs")
        }
        return inputs[1].shape
    }
}
