import TandemGraph
import Testing

/// One operation as a graph of its own, run by the reference executor.
enum OneOperation {
    /// Runs an operation over inputs on row axes; what is on none and no input is a parameter.
    static func run(
        _ operation: Operation, _ inputs: [(RowAxis, ReferenceTensor)], rowCount: Int
    ) throws -> ReferenceTensor {
        var builder = try GraphBuilder(name: "one")
        var given: [String: ReferenceTensor] = [:]
        var tensors: TensorSet = [:]
        var ids: [ValueID] = []
        for (index, (axis, tensor)) in inputs.enumerated() {
            let name = "x\(index)"
            if axis == .none {
                ids.append(try builder.parameter(name, tensor.dtype, tensor.shape))
                tensors[name] = parameter(tensor)
            } else {
                ids.append(
                    try builder.input(name, TensorType(tensor.dtype, axis, sizes: tensor.shape)))
                given[name] = tensor
            }
        }
        try builder.output(try builder.node("y", operation, ids))
        let outputs = try ReferenceExecutor(builder.finished(), tensors)
            .run(given, rowCount: rowCount)
        return try #require(outputs["y"])
    }

    /// Runs an operation of a graph without rows; the inputs at the given places are parameters.
    static func run(
        _ operation: Operation, _ inputs: [ReferenceTensor], parameters: Set<Int> = []
    ) throws -> ReferenceTensor {
        var builder = try GraphBuilder(name: "one")
        var given: [String: ReferenceTensor] = [:]
        var tensors: TensorSet = [:]
        var ids: [ValueID] = []
        for (index, tensor) in inputs.enumerated() {
            let name = "x\(index)"
            if parameters.contains(index) {
                ids.append(try builder.parameter(name, tensor.dtype, tensor.shape))
                tensors[name] = parameter(tensor)
            } else {
                ids.append(
                    try builder.input(name, TensorType(tensor.dtype, .none, sizes: tensor.shape)))
                given[name] = tensor
            }
        }
        try builder.output(try builder.node("y", operation, ids))
        let outputs = try ReferenceExecutor(builder.finished(), tensors).run(given)
        return try #require(outputs["y"])
    }

    private static func parameter(_ tensor: ReferenceTensor) -> Tensor {
        switch tensor.elements {
        case .float32(let values): Tensor(.float32, shape: tensor.shape, values)
        case .int32(let values): Tensor(.int32, shape: tensor.shape, values)
        case .int64(let values): Tensor(.int64, shape: tensor.shape, values)
        case .bool(let values):
            Tensor(.bool, shape: tensor.shape, values.map { $0 ? 1 : 0 } as [UInt8])
        case .int8(let values): Tensor(.int8, shape: tensor.shape, values)
        case .uint8(let values): Tensor(.uint8, shape: tensor.shape, values)
        }
    }

    /// Numbers without pattern that f32 holds exactly: `(i * step mod modulus - modulus / 2) / 4`.
    static func pattern(_ shape: [Int], _ step: Int = 7, _ modulus: Int = 13) -> ReferenceTensor {
        let values = (0..<shape.reduce(1, *)).map {
            Float(($0 * step) % modulus - modulus / 2) / 4
        }
        return ReferenceTensor(shape: shape, .float32(values))
    }

    /// Whether numbers are those that NumPy or ONNX Runtime gave, to seven figures.
    static func agree(_ tensor: ReferenceTensor, _ shape: [Int], _ expected: [Float]) -> Bool {
        tensor.shape == shape && tensor.floats.count == expected.count
            && zip(tensor.floats, expected).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($1)) }
    }
}
