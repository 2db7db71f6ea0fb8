extension InferenceCheck {
    /// Result types of operations on each element.
    func elementwiseType() throws(GraphError) -> TensorType {
        switch operation {
        case .unary(let function):
            try arity(1...1)
            switch function {
            case .negate, .abs, .sign: try numeric(0)
            default: try dtype(0, .float32)
            }
            return TensorType(inputs[0].dtype, rows, inputs[0].shape)
        case .affine(let scale, let offset):
            try arity(1...1)
            try dtype(0, .float32)
            try finite(scale, "scale")
            try finite(offset, "offset")
            return TensorType(.float32, rows, inputs[0].shape)
        case .binary(let function):
            try arity(2...2)
            try numeric(0)
            if function == .power { try dtype(0, .float32) }
            try dtype(1, inputs[0].dtype)
            return TensorType(inputs[0].dtype, rows, try broadcast())
        case .compare:
            try arity(2...2)
            try dtype(1, inputs[0].dtype)
            return TensorType(.bool, rows, try broadcast())
        case .logical:
            try arity(2...2)
            try dtype(0, .bool)
            try dtype(1, .bool)
            return TensorType(.bool, rows, try broadcast())
        case .not:
            try arity(1...1)
            try dtype(0, .bool)
            return TensorType(.bool, rows, inputs[0].shape)
        case .select:
            try arity(3...3)
            try dtype(0, .bool)
            try dtype(2, inputs[1].dtype)
            let branches = try broadcast(inputs[1].shape, inputs[2].shape)
            return TensorType(inputs[1].dtype, rows, try broadcast(inputs[0].shape, branches))
        case .cast(let dtype):
            try arity(1...1)
            return TensorType(dtype, rows, inputs[0].shape)
        default: throw failure(.unknownOperation, "is not an operation on elements")
        }
    }

    func finite(_ number: Float, _ attribute: String) throws(GraphError) {
        guard number.isFinite else {
            throw failure(.invalidAttribute, "the \(attribute) must be finite, is \(number)")
        }
    }

    func numeric(_ index: Int) throws(GraphError) {
        guard inputs[index].dtype != .bool else {
            throw failure(.wrongType, "input \(index) must be numbers, is bool")
        }
    }

    func broadcast() throws(GraphError) -> [Dimension] {
        try broadcast(inputs[0].shape, inputs[1].shape)
    }

    /// NumPy's rule: shapes are aligned at their ends, and a size of 1 is repeated.
    func broadcast(
        _ left: [Dimension], _ right: [Dimension]
    ) throws(GraphError) -> [Dimension] {
        let rank = max(left.count, right.count)
        var shape: [Dimension] = []
        for position in 0..<rank {
            let a = position < rank - left.count ? 1 : left[position - rank + left.count]
            let b = position < rank - right.count ? 1 : right[position - rank + right.count]
            if a == b || b == 1 {
                shape.append(a)
            } else if a == 1 {
                shape.append(b)
            } else {
                throw failure(.wrongShape, "shapes \(left) and \(right) do not broadcast")
            }
        }
        return shape
    }
}
