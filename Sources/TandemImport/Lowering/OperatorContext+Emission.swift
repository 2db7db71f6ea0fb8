import TandemGraph

// The way into the graph, and the few combinations that many operators need.

extension OperatorContext {
    /// Applies an operation of the graph: folded where its inputs are known, else a node.
    ///
    /// - Throws: `ImportError` with this node's name when the inputs do not fit the operation.
    func emit(_ operation: Operation, _ inputs: ImportedValue...) throws(ImportError)
        -> ImportedValue
    {
        try emit(operation, inputs)
    }

    /// Applies an operation of the graph to a list of inputs.
    ///
    /// - Throws: `ImportError` with this node's name when the inputs do not fit the operation.
    func emit(
        _ operation: Operation, _ inputs: [ImportedValue]
    ) throws(ImportError) -> ImportedValue {
        do throws(GraphError) {
            return try lowering.emit(operation, inputs, name: node.name)
        } catch {
            throw failure(error)
        }
    }

    /// The error of this node for one of the graph's room.
    func failure(_ error: GraphError) -> ImportError {
        let codes: [GraphError.Code: ImportProblem.Code] = [
            .wrongType: .wrongType, .wrongArity: .wrongArity, .invalidAttribute: .invalidAttribute,
            .overflow: .overflow, .wrongShape: .wrongShape,
        ]
        let code = codes[error.code] ?? .unsupported
        let remedies: [ImportProblem.Code: String] = [
            .wrongShape: "if named sizes are the same, give both one name or a size by --dim",
            .wrongType: "put a Cast before the node",
        ]
        let remedy = remedies[code] ?? ""
        return failure(code, error.message, remedy)
    }

    // MARK: Constants

    /// A constant from a tensor.
    func constant(_ tensor: Tensor) -> ImportedValue {
        ImportedValue(tensor, name: "\(node.name).constant")
    }

    /// An f32 scalar.
    func constant(_ value: Float) -> ImportedValue {
        constant(Tensor(.float32, shape: [], [value]))
    }

    /// An i64 array of one dimension.
    func constant(_ values: [Int]) -> ImportedValue {
        constant(Tensor(.int64, shape: [values.count], values.map { Int64($0) }))
    }

    /// A scalar of any dtype, from a whole number that fits it.
    func constant(_ value: Int, _ dtype: DataType) -> ImportedValue {
        let tensor: Tensor
        switch dtype {
        case .float32: tensor = Tensor(.float32, shape: [], [Float(value)])
        case .int64: tensor = Tensor(.int64, shape: [], [Int64(value)])
        case .int32: tensor = Tensor(.int32, shape: [], [Int32(truncatingIfNeeded: value)])
        case .int8: tensor = Tensor(.int8, shape: [], [Int8(truncatingIfNeeded: value)])
        case .uint8: tensor = Tensor(.uint8, shape: [], [UInt8(truncatingIfNeeded: value)])
        case .bool: tensor = Tensor(.bool, shape: [], [value == 0 ? 0 : 1 as UInt8])
        }
        return constant(tensor)
    }

    /// An i64 array of one dimension of sizes, named ones among them.
    func sizesConstant(_ sizes: [Dimension]) -> ImportedValue {
        ImportedValue(
            sizes: sizes, dtype: .int64, shape: [sizes.count], name: "\(node.name).sizes")
    }

    // MARK: Combinations

    /// The value in another dtype; itself if it has it.
    func cast(_ value: ImportedValue, to dtype: DataType) throws(ImportError) -> ImportedValue {
        try emit(.cast(dtype), value)
    }

    /// The value under another shape.
    func reshape(
        _ value: ImportedValue, _ shape: [Dimension]
    ) throws(ImportError) -> ImportedValue {
        try emit(.reshape(shape), value)
    }

    /// The value with its axes in another order.
    func transpose(
        _ value: ImportedValue, _ permutation: [Int]
    ) throws(ImportError) -> ImportedValue {
        try emit(.transpose(permutation), value)
    }

    /// The value with its last two axes exchanged.
    func transposeLast(_ value: ImportedValue) throws(ImportError) -> ImportedValue {
        var permutation = Array(0..<value.rank)
        guard value.rank >= 2 else {
            throw failure(.wrongShape, "needs a matrix, got \(value.type)")
        }
        permutation.swapAt(value.rank - 1, value.rank - 2)
        return try emit(.transpose(permutation), value)
    }

    /// The value broadcast to a shape.
    func expand(
        _ value: ImportedValue, _ shape: [Dimension]
    ) throws(ImportError) -> ImportedValue {
        try emit(.expand(shape), value)
    }

    /// The value with axes of size 1 put in, so that they stand at these places of the result.
    func unsqueeze(
        _ value: ImportedValue, axes: [Int]
    ) throws(ImportError) -> ImportedValue {
        let rank = value.rank + axes.count
        var places: Set<Int> = []
        for axis in axes {
            guard places.insert(try self.axis(axis, rank: rank)).inserted else {
                throw failure(.invalidAttribute, "axis \(axis) is named twice")
            }
        }
        var rest = value.shape[...]
        var shape: [Dimension] = []
        for axis in 0..<rank {
            shape.append(places.contains(axis) ? 1 : rest.popFirst() ?? 1)
        }
        return try reshape(value, shape)
    }

    /// The value without these axes, which have size 1.
    func squeeze(_ value: ImportedValue, axes: [Int]) throws(ImportError) -> ImportedValue {
        var places: Set<Int> = []
        for axis in axes { places.insert(try self.axis(axis, rank: value.rank)) }
        for place in places where value.shape[place] != 1 {
            throw failure(
                .wrongShape, "axis \(place) of \(value.type) does not have size 1")
        }
        let shape = value.shape.indices.filter { !places.contains($0) }.map { value.shape[$0] }
        return try reshape(value, shape)
    }

    /// The shape that two shapes broadcast to, by NumPy's rule.
    func broadcastShape(
        _ left: [Dimension], _ right: [Dimension]
    ) throws(ImportError) -> [Dimension] {
        let rank = max(left.count, right.count)
        let a = [Dimension](repeating: 1, count: rank - left.count) + left
        let b = [Dimension](repeating: 1, count: rank - right.count) + right
        var shape: [Dimension] = []
        for (one, other) in zip(a, b) {
            guard one == other || one == 1 || other == 1 else {
                throw failure(
                    .wrongShape, "shapes \(left) and \(right) do not broadcast",
                    "if named sizes are the same, give both one name or a size by --dim")
            }
            shape.append(one == 1 ? other : one)
        }
        return shape
    }

    /// The product of sizes.
    ///
    /// - Throws: `ImportError` `overflow`.
    func product(_ sizes: some Sequence<Dimension>) throws(ImportError) -> Dimension {
        guard let product = Dimension.product(sizes) else {
            throw failure(.overflow, "the product of sizes does not fit")
        }
        return product
    }
}
