/// One operation applied to given tensors.
struct ReferenceEvaluation {
    let inputs: [ReferenceTensor]
    let name: String

    private var rowCount: Int { inputs.map(\.rowCount).max() ?? 1 }

    /// The result, by the operation's definition in `Operation.swift`.
    func result(of operation: Operation) throws(GraphError) -> ReferenceTensor {
        switch operation {
        case .unary(let function):
            return elementwise { ReferenceScalar.value(of: function, Double($0)) }
        case .affine(let scale, let offset):
            return elementwise { offset.addingProduct($0, scale) }
        case .binary(let function): return binary(function)
        case .linear: return linear()
        case .concat(let axis): return concatenated(axis)
        case .slice(let axis, let start, let end):
            return sliced(axis, start.fixedSize ?? 0, end.fixedSize ?? 0)
        case .reshape(let shape):
            return ReferenceTensor(
                rowCount: inputs[0].rowCount, shape: shape.compactMap(\.fixedSize),
                inputs[0].elements)
        case .softmax: return alongLastAxis(ReferenceScalar.softmax)
        case .layerNorm(let epsilon):
            let gamma = inputs[1].floats
            let beta = inputs[2].floats
            return alongLastAxis { ReferenceScalar.layerNorm($0, gamma, beta, epsilon) }
        case .reduce(let reduction, let axis): return reduced(reduction, axis)
        case .embedding, .quantizedEmbedding: return try embedded()
        case .embeddingPool(let reduction), .quantizedEmbeddingPool(let reduction):
            return try pooled(reduction)
        case .mixture: return mixture()
        case .quantizedLinear: return quantizedLinear()
        default:
            throw GraphError(.unknownOperation, name, "\(operation.name) is not executed yet")
        }
    }

    // MARK: Element by element

    private func elementwise(_ function: (Float) -> Float) -> ReferenceTensor {
        ReferenceTensor(
            rowCount: inputs[0].rowCount, shape: inputs[0].shape,
            .float32(inputs[0].floats.map(function)))
    }

    private func binary(_ function: BinaryFunction) -> ReferenceTensor {
        let shape = Self.broadcast(inputs[0].shape, inputs[1].shape)
        let left = Self.indices(of: inputs[0].shape, in: shape)
        let right = Self.indices(of: inputs[1].shape, in: shape)
        var result: [Float] = []
        result.reserveCapacity(rowCount * left.count)
        let a = inputs[0].floats
        let b = inputs[1].floats
        for row in 0..<rowCount {
            let aStart = start(0, row)
            let bStart = start(1, row)
            for index in left.indices {
                result.append(
                    ReferenceScalar.value(
                        of: function, a[aStart + left[index]], b[bStart + right[index]]))
            }
        }
        return ReferenceTensor(rowCount: rowCount, shape: shape, .float32(result))
    }

    private func alongLastAxis(_ function: ([Float]) -> [Float]) -> ReferenceTensor {
        let width = inputs[0].shape.last ?? 1
        let values = inputs[0].floats
        var result: [Float] = []
        result.reserveCapacity(values.count)
        for start in stride(from: 0, to: values.count, by: max(width, 1)) {
            result += function(Array(values[start..<start + width]))
        }
        return ReferenceTensor(
            rowCount: inputs[0].rowCount, shape: inputs[0].shape, .float32(result))
    }

    // MARK: Products

    private func linear() -> ReferenceTensor {
        let depth = inputs[1].shape[1]
        let width = inputs[1].shape[0]
        let weight = inputs[1].floats
        let x = inputs[0].floats
        let outer = inputs[0].shape.dropLast().reduce(1, *)
        let bias = inputs.count > 2 ? inputs[2].floats : [Float](repeating: 0, count: width)
        var result: [Float] = []
        result.reserveCapacity(rowCount * outer * width)
        for row in 0..<rowCount {
            let biasStart = inputs.count > 2 ? start(2, row) : 0
            for position in 0..<outer {
                let xStart = start(0, row) + position * depth
                for column in 0..<width {
                    let sum = ReferenceScalar.dot(x, xStart, weight, column * depth, depth)
                    result.append(Float(sum + Double(bias[biasStart + column])))
                }
            }
        }
        return ReferenceTensor(
            rowCount: rowCount, shape: inputs[0].shape.dropLast() + [width], .float32(result))
    }

    private func quantizedLinear() -> ReferenceTensor {
        let width = inputs[1].shape[0]
        let depth = inputs[1].shape[1]
        let weight = inputs[1].bytes
        let scales = inputs[2].floats
        let x = inputs[0].floats
        let outer = inputs[0].shape.dropLast().reduce(1, *)
        let bias = inputs.count > 3 ? inputs[3].floats : [Float](repeating: 0, count: width)
        var result: [Float] = []
        for row in 0..<rowCount {
            let biasStart = inputs.count > 3 ? start(3, row) : 0
            for position in 0..<outer {
                let xStart = start(0, row) + position * depth
                let (values, scale) = ReferenceScalar.quantized(Array(x[xStart..<xStart + depth]))
                for column in 0..<width {
                    var sum: Int32 = 0
                    for k in 0..<depth {
                        sum += Int32(values[k]) * Int32(weight[column * depth + k])
                    }
                    result.append(
                        bias[biasStart + column].addingProduct(Float(sum), scale * scales[column]))
                }
            }
        }
        return ReferenceTensor(
            rowCount: rowCount, shape: inputs[0].shape.dropLast() + [width], .float32(result))
    }

    private func mixture() -> ReferenceTensor {
        let width = inputs[1].shape[0]
        let gates = inputs[0].floats
        var result: [Float] = []
        for row in 0..<rowCount {
            for column in 0..<width {
                var sum = 0.0
                for expert in 1..<inputs.count {
                    let gate = gates[start(0, row) + expert - 1]
                    sum += Double(gate) * Double(inputs[expert].floats[start(expert, row) + column])
                }
                result.append(Float(sum))
            }
        }
        return ReferenceTensor(rowCount: rowCount, shape: [width], .float32(result))
    }

    // MARK: Tables

    private func embedded() throws(GraphError) -> ReferenceTensor {
        let width = inputs[1].shape[1]
        var result: [Float] = []
        result.reserveCapacity(inputs[0].count * width)
        for id in inputs[0].integers { result += try tableRow(Int(id), table: 1) }
        return ReferenceTensor(
            rowCount: inputs[0].rowCount, shape: inputs[0].shape + [width], .float32(result))
    }

    private func pooled(_ reduction: Reduction) throws(GraphError) -> ReferenceTensor {
        let width = inputs[2].shape[1]
        let ids = inputs[0].integers
        let lengths = inputs[1].integers
        var result: [Float] = []
        for row in 0..<inputs[0].rowCount {
            var sums = [Double](repeating: 0, count: width)
            let length = Int(lengths[row])
            guard length >= 0, length <= inputs[0].rowElementCount else {
                throw GraphError(
                    .indexOutOfRange, name, "length \(length) exceeds the list's \(inputs[0].shape)"
                )
            }
            for position in 0..<length {
                let values = try tableRow(
                    Int(ids[row * inputs[0].rowElementCount + position]), table: 2)
                for column in 0..<width { sums[column] += Double(values[column]) }
            }
            let divisor = reduction == .mean && length > 0 ? Double(length) : 1
            result += sums.map { Float($0 / divisor) }
        }
        return ReferenceTensor(rowCount: inputs[0].rowCount, shape: [width], .float32(result))
    }

    private func tableRow(_ id: Int, table: Int) throws(GraphError) -> [Float] {
        let width = inputs[table].shape[1]
        guard id >= 0, id < inputs[table].shape[0] else {
            throw GraphError(
                .indexOutOfRange, name, "id \(id) is outside a table of \(inputs[table].shape[0])")
        }
        let range = id * width..<(id + 1) * width
        if case .int8(let values) = inputs[table].elements {
            let scale = inputs[table + 1].floats[id]
            return values[range].map { Float($0) * scale }
        }
        return Array(inputs[table].floats[range])
    }
}
