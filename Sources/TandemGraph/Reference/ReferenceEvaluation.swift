/// One operation applied to given tensors.
struct ReferenceEvaluation {
    let inputs: [ReferenceTensor]
    let name: String
    /// The row shape of the result, as inferred.
    let shape: [Int]
    /// Rows of the result: as many as the inputs have that do not exist once.
    let rowCount: Int

    init(_ inputs: [ReferenceTensor], name: String, shape: [Int]) {
        self.inputs = inputs
        self.name = name
        self.shape = shape
        rowCount = inputs.map(\.rowCount).first { $0 != 1 } ?? 1
    }

    /// The result, by the operation's definition in `Operation.swift`.
    ///
    /// Sizes with names are bound before: see `ReferenceExecutor`.
    func result(of operation: Operation) throws(GraphError) -> ReferenceTensor {
        switch operation {
        case .unary, .binary, .compare, .logical, .not, .select, .cast, .affine:
            return try element(operation)
        case .concat(let axis): return concatenated(axis)
        case .slice(let axis, let start, let end):
            return sliced(axis, (start.fixedSize ?? 0)..<(end.fixedSize ?? 0))
        case .reshape: return result(inputs[0].elements)
        case .transpose(let permutation): return transposed(permutation)
        case .expand: return expanded()
        case .gather(let axis): return try gathered(axis)
        case .takeAlong(let axis): return try takenAlong(axis)
        case .range: return result(.int64((0..<shape[0]).map(Int64.init)))
        case .size(let size): return result(.int64([Int64(size.fixedSize ?? 0)]))
        case .softmax, .layerNorm, .reduce, .cumulativeSum, .mixture: return summed(operation)
        case .linear: return linear()
        case .quantizedLinear: return quantizedLinear()
        case .staticQuantizedLinear(let grid): return quantizedLinear(by: grid)
        case .quantizationResidual: return quantizationResidual()
        case .matmul: return matrixProduct()
        case .convolution(let convolution): return convolved(convolution)
        case .embedding, .quantizedEmbedding: return try embedded()
        case .embeddingPool(let reduction), .quantizedEmbeddingPool(let reduction):
            return try pooled(reduction)
        case .attention(let heads, let scale): return attended(heads, scale)
        case .recurrent(let recurrence): return try recurred(recurrence)
        case .quantizedRecurrent(let recurrence): return try quantizedRecurred(recurrence)
        }
    }

    func result(_ elements: ReferenceTensor.Elements) -> ReferenceTensor {
        ReferenceTensor(rowCount: rowCount, shape: shape, elements)
    }

    /// Elements in one row of the result.
    var rowElementCount: Int { shape.reduce(1, *) }

    /// Where a row of an input starts; what exists once is repeated.
    func start(_ input: Int, _ row: Int) -> Int {
        inputs[input].rowCount == 1 ? 0 : row * inputs[input].rowElementCount
    }

    /// The elements of an input repeated to the result's rows, each of the given shape.
    func broadcast(_ input: Int, to shape: [Int]) -> ReferenceTensor.Elements {
        let tensor = inputs[input]
        if tensor.rowCount == rowCount, tensor.shape == shape { return tensor.elements }
        let ones = [Int](repeating: 1, count: shape.count - tensor.shape.count)
        return tensor.elements.moved(
            by: StridedRead(
                broadcasting: [tensor.rowCount] + ones + tensor.shape, to: [rowCount] + shape))
    }

    /// The f32 elements of an input repeated to the result's rows.
    func floats(_ input: Int) -> [Float] {
        Float.values(of: broadcast(input, to: inputs[input].shape)) ?? []
    }
}
