/// Computes operations on constants beforehand, by the float reference.
package enum ConstantFolding {
    /// Elements of a result, and of all inputs, beyond which an operation stays in the graph.
    ///
    /// Tables and wide layers are moved by passes that know what for, not copied on the way.
    package static let elementCountMax = 1 << 24
    /// Multiply-adds beyond which an operation stays: some seconds of the reference's work.
    package static let multiplyAddCountMax = 1 << 32

    /// The result, or nil if it is too large or the operation fails on these inputs.
    ///
    /// A reshape shares its input's memory, whatever its size.
    package static func folded(
        _ operation: Operation, _ inputs: [Tensor], _ type: TensorType
    ) -> Tensor? {
        guard let shape = type.fixedSizes, let count = TensorType.product(shape) else { return nil }
        if case .reshape = operation, let source = inputs.first {
            return Tensor(
                dtype: source.dtype, shape: shape, storage: source.storage,
                byteOffset: source.byteOffset)
        }
        let inputCount = inputs.reduce(0) { $0 + $1.elementCount }
        guard count <= elementCountMax, inputCount <= elementCountMax else { return nil }
        return (try? executed(operation, inputs)) ?? nil
    }

    private static func executed(_ operation: Operation, _ inputs: [Tensor]) throws -> Tensor? {
        var builder = try GraphBuilder(name: "constant")
        var tensors: TensorSet = [:]
        var ids: [ValueID] = []
        for (index, tensor) in inputs.enumerated() {
            ids.append(try builder.parameter("input\(index)", tensor.dtype, tensor.shape))
            tensors["input\(index)"] = tensor
        }
        try builder.output(try builder.node("result", operation, ids))
        let graph = builder.finished()
        guard (0...multiplyAddCountMax).contains(graph.work.perRequest) else { return nil }
        let executor = try ReferenceExecutor(graph, tensors)
        return try executor.run([:], rowCount: 1)["result"].map(tensor)
    }

    private static func tensor(_ result: ReferenceTensor) -> Tensor {
        let shape = result.shape
        switch result.elements {
        case .float32(let values): return Tensor(.float32, shape: shape, values)
        case .int32(let values): return Tensor(.int32, shape: shape, values)
        case .int64(let values): return Tensor(.int64, shape: shape, values)
        case .bool(let values):
            return Tensor(.bool, shape: shape, values.map { $0 ? 1 : 0 as UInt8 })
        case .int8(let values): return Tensor(.int8, shape: shape, values)
        case .uint8(let values): return Tensor(.uint8, shape: shape, values)
        }
    }
}
