extension InferenceCheck {
    /// Result types of operations that move elements without changing them.
    func structuralType() throws(GraphError) -> TensorType {
        switch operation {
        case .concat(let axis): return try concatenated(axis: axis, rows: rows)
        case .slice(let axis, let start, let end):
            return try sliced(axis: axis, start: start, end: end)
        case .reshape(let shape): return try reshaped(shape)
        case .transpose(let permutation):
            try arity(1...1)
            guard permutation.sorted() == Array(inputs[0].shape.indices) else {
                throw failure(
                    .invalidAttribute,
                    "\(permutation) does not name each dimension of \(inputs[0].shape) once")
            }
            return TensorType(
                inputs[0].dtype, inputs[0].rows, permutation.map { inputs[0].shape[$0] })
        case .expand(let shape):
            try arity(1...1)
            guard try broadcast(inputs[0].shape, shape) == shape else {
                throw failure(.wrongShape, "\(inputs[0].shape) does not expand to \(shape)")
            }
            return TensorType(inputs[0].dtype, inputs[0].rows, shape)
        case .gather(let axis):
            try arity(2...2)
            try axisOfInput(axis)
            try index(1)
            try indexed(axis)
            let shape =
                inputs[0].shape[..<axis] + inputs[1].shape + inputs[0].shape[(axis + 1)...]
            return TensorType(inputs[0].dtype, rows, Array(shape))
        case .takeAlong(let axis): return try takenAlong(axis)
        case .range(let count):
            try arity(0...0)
            try size(count)
            return TensorType(.int64, .none, [count])
        case .size(let size):
            try arity(0...0)
            try self.size(size)
            return TensorType(.int64, .none, [])
        default: throw failure(.unknownOperation, "is not an operation that moves elements")
        }
    }

    /// Indices: i32 or i64.
    func index(_ index: Int) throws(GraphError) {
        guard inputs[index].dtype == .int32 || inputs[index].dtype == .int64 else {
            throw failure(
                .wrongType,
                "input \(index) must be i32 or i64 indices, is \(inputs[index].dtype.name)")
        }
    }

    /// Refuses indices into nothing, which no executor could answer.
    private func indexed(_ axis: Int) throws(GraphError) {
        guard inputs[0].shape[axis] != 0 || inputs[1].shape.contains(0) else {
            throw failure(.wrongShape, "picks from axis \(axis) of \(inputs[0]), which is empty")
        }
    }

    private func size(_ size: Dimension) throws(GraphError) {
        guard size.isAtLeast(0) != false else {
            throw failure(.invalidAttribute, "the size \(size) is below 0")
        }
    }

    func axisOfInput(_ axis: Int) throws(GraphError) {
        try self.axis(axis, rank: inputs[0].shape.count)
    }

    private func takenAlong(_ axis: Int) throws(GraphError) -> TensorType {
        try arity(2...2)
        try axisOfInput(axis)
        try index(1)
        try indexed(axis)
        var expected = inputs[0].shape
        if inputs[1].shape.indices.contains(axis) { expected[axis] = inputs[1].shape[axis] }
        guard inputs[1].shape == expected else {
            throw failure(
                .wrongShape,
                "indices \(inputs[1].shape) must have the sizes of \(inputs[0].shape) but at axis \(axis)"
            )
        }
        return TensorType(inputs[0].dtype, rows, expected)
    }

    private func concatenated(axis: Int, rows: RowAxis) throws(GraphError) -> TensorType {
        try arity(1...Int.max)
        try self.axis(axis, rank: inputs[0].shape.count)
        var total = Dimension.fixed(0)
        for (index, input) in inputs.enumerated() {
            try dtype(index, inputs[0].dtype)
            var expected = inputs[0].shape
            if input.shape.count == expected.count { expected[axis] = input.shape[axis] }
            guard input.shape == expected else {
                throw failure(
                    .wrongShape, "input \(index) has shape \(input.shape), expected \(expected)")
            }
            guard let sum = total.adding(input.shape[axis]) else {
                throw failure(.overflow, "joined size does not fit")
            }
            total = sum
        }
        var shape = inputs[0].shape
        shape[axis] = total
        return TensorType(inputs[0].dtype, rows, shape)
    }

    /// What is certainly outside is refused; sizes with names are checked when they are bound.
    private func sliced(
        axis: Int, start: Dimension, end: Dimension
    ) throws(GraphError) -> TensorType {
        try arity(1...1)
        try axisOfInput(axis)
        let size = inputs[0].shape[axis]
        guard start.isAtLeast(0) != false, end.isAtLeast(start) != false,
            size.isAtLeast(end) != false, let length = end.subtracting(start)
        else {
            throw failure(
                .invalidAttribute, "elements \(start) ..< \(end) do not lie in \(size)")
        }
        var type = inputs[0]
        type.shape[axis] = length
        return type
    }

    private func reshaped(_ shape: [Dimension]) throws(GraphError) -> TensorType {
        try arity(1...1)
        guard let count = Dimension.product(inputs[0].shape), Dimension.product(shape) == count,
            shape.allSatisfy({ $0.isAtLeast(0) != false })
        else {
            throw failure(.wrongShape, "\(inputs[0].shape) does not have the elements of \(shape)")
        }
        return TensorType(inputs[0].dtype, inputs[0].rows, shape)
    }
}
