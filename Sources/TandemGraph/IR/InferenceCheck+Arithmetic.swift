extension InferenceCheck {
    /// Result types of operations that sum over elements.
    func arithmeticType() throws(GraphError) -> TensorType {
        switch operation {
        case .softmax, .quantizationResidual:
            try arity(1...1)
            try dtype(0, .float32)
            try rank(0, atLeast: 1)
            return TensorType(.float32, rows, inputs[0].shape)
        case .layerNorm(let epsilon):
            try arity(3...3)
            try finite(epsilon, "epsilon")
            for index in 0..<3 { try dtype(index, .float32) }
            try rank(0, atLeast: 1)
            for index in 1..<3 { try parameter(index, shape: [lastDimension(0)]) }
            return TensorType(.float32, rows, inputs[0].shape)
        case .reduce(let reduction, let axis):
            try arity(1...1)
            if reduction == .mean { try dtype(0, .float32) } else { try summable(0) }
            try axisOfInput(axis)
            var shape = inputs[0].shape
            shape.remove(at: axis)
            return TensorType(inputs[0].dtype, rows, shape)
        case .cumulativeSum(let axis):
            try arity(1...1)
            try summable(0)
            try axisOfInput(axis)
            return inputs[0]
        case .mixture: return TensorType(.float32, rows, try mixtureShape())
        case .linear, .quantizedLinear, .staticQuantizedLinear:
            return TensorType(.float32, rows, try linearShape())
        case .matmul: return try matrixProductType()
        case .convolution(let convolution): return try convolvedType(convolution)
        default: throw failure(.unknownOperation, "is not an operation that sums")
        }
    }

    private func summable(_ index: Int) throws(GraphError) {
        switch inputs[index].dtype {
        case .float32, .int32, .int64: return
        default:
            throw failure(
                .wrongType,
                "input \(index) must be f32, i32 or i64, is \(inputs[index].dtype.name)")
        }
    }

    private func matrixProductType() throws(GraphError) -> TensorType {
        try arity(2...2)
        try dtype(1, inputs[0].dtype)
        guard inputs[0].dtype == .float32 || inputs[0].dtype == .int32 else {
            throw failure(.wrongType, "inputs must be f32 or i32, are \(inputs[0].dtype.name)")
        }
        for index in 0..<2 { try rank(index, atLeast: 2) }
        let left = inputs[0].shape
        let right = inputs[1].shape
        guard left[left.count - 1] == right[right.count - 2] else {
            throw failure(.wrongShape, "\(left) times \(right) does not fit")
        }
        let outer = try broadcast(Array(left.dropLast(2)), Array(right.dropLast(2)))
        return TensorType(
            inputs[0].dtype, rows, outer + [left[left.count - 2], right[right.count - 1]])
    }

    private func convolvedType(_ convolution: Convolution) throws(GraphError) -> TensorType {
        try arity(2...3)
        for index in inputs.indices { try dtype(index, .float32) }
        let rank = convolution.rank
        let counts = [
            convolution.dilations, convolution.paddingBefore, convolution.paddingAfter,
        ].map(\.count)
        guard rank > 0, counts.allSatisfy({ $0 == rank }), convolution.groups > 0,
            (convolution.strides + convolution.dilations).allSatisfy({ $0 > 0 }),
            (convolution.paddingBefore + convolution.paddingAfter).allSatisfy({ $0 >= 0 })
        else {
            throw failure(.invalidAttribute, "strides, dilations and padding do not fit together")
        }
        let shape = inputs[0].shape
        try self.rank(0, atLeast: rank + 1)
        let channels = shape.count - rank - 1
        guard let weight = inputs[1].fixedSizes, inputs[1].rows == .none,
            weight.count == rank + 2, weight.allSatisfy({ $0 > 0 }),
            weight[0] % convolution.groups == 0,
            shape[channels] == Dimension.fixed(weight[1]).multiplied(by: .fixed(convolution.groups))
        else {
            throw failure(
                .wrongShape,
                "weight \(inputs[1]) does not fit an input of \(shape) in \(convolution.groups) group(s)"
            )
        }
        if inputs.count == 3 { try parameter(2, shape: [.fixed(weight[0])]) }
        var result = Array(shape[..<channels]) + [.fixed(weight[0])]
        for dimension in 0..<rank {
            result.append(
                try convolvedSize(
                    convolution, dimension, shape[channels + 1 + dimension], weight[2 + dimension]))
        }
        return TensorType(.float32, rows, result)
    }

    /// A size with a name passes through a convolution that moves by 1.
    private func convolvedSize(
        _ convolution: Convolution, _ dimension: Int, _ size: Dimension, _ kernel: Int
    ) throws(GraphError) -> Dimension {
        let limit = 1 << 24
        let numbers = [
            kernel, convolution.dilations[dimension], convolution.strides[dimension],
            convolution.paddingBefore[dimension], convolution.paddingAfter[dimension],
        ]
        guard numbers.allSatisfy({ $0 <= limit }), (size.fixedSize ?? 0) <= 1 << 40 else {
            throw failure(.overflow, "a kernel, step or padding is above \(limit)")
        }
        if let fixed = size.fixedSize {
            guard let result = convolution.outputSize(dimension, of: fixed, kernel: kernel) else {
                throw failure(.wrongShape, "the kernel of \(kernel) is wider than its input")
            }
            return .fixed(result)
        }
        let change =
            convolution.paddingBefore[dimension] + convolution.paddingAfter[dimension]
            - (kernel - 1) * convolution.dilations[dimension]
        guard convolution.strides[dimension] == 1, let result = size.adding(.fixed(change)) else {
            throw failure(
                .wrongShape, "steps over the size \(size), known only later; bind it to a number")
        }
        return result
    }

    /// Products whose sum an int32 holds: 65536 * 255 * 128 < 2^31.
    private static var exactProductCountMax: Int { 65_536 }

    func linearShape() throws(GraphError) -> [Dimension] {
        let isQuantized = operation.isQuantizedLinear
        if let grid = operation.activationGrid, !grid.isUsable {
            throw failure(
                .invalidAttribute,
                "a grid has a scale of 2^-100 or more and 0 to 255 steps below 0, not "
                    + "\(grid.scale) and \(grid.stepsBelow)")
        }
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
            guard inputs[1].shape[1].isAtLeast(.fixed(Self.exactProductCountMax + 1)) == false
            else {
                throw failure(
                    .overflow,
                    "int32 sums exactly over \(Self.exactProductCountMax) inputs, not over "
                        + "\(inputs[1].shape[1])")
            }
            try dtype(2, .float32)
            try parameter(2, shape: [width])
        }
        if inputs.count > biasIndex { try bias(biasIndex, shape: [width]) }
        return inputs[0].shape.dropLast() + [width]
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
