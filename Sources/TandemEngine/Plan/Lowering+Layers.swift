import CTandemKernels
import TandemGraph

extension Lowering {
    /// Queues a product of two computed matrices.
    func lowerMatrixProduct(_ node: Node) throws(EngineError) {
        guard graph[node.output].type.dtype == .float32 else {
            throw unsupported(node, "products of whole numbers are not computed")
        }
        let (left, right) = (sizes(node.inputs[0]), sizes(node.inputs[1]))
        let result = sizes(node.output)
        let (rows, depth, columns) = (
            left[left.count - 2], left[left.count - 1], right[right.count - 1]
        )
        try checkProduct(node, outputs: columns, inputs: depth)
        scratchBytes = max(
            scratchBytes, MatrixProductStep.scratchBytes(depth: depth, columns: columns))
        let outer = Array(result.dropLast(2))
        func strides(_ sizes: [Int]) -> [Int] {
            let own = Array(sizes.dropLast(2))
            let matrix = sizes.suffix(2).reduce(1, *)
            return Walk.broadcast(own, to: outer).map { $0 * matrix }
        }
        queue(node, reads: node.inputs) { lowering in
            let operands = (node.inputs + [node.output]).map { lowering.location($0, for: node) }
            return MatrixProductStep(
                left: operands[0], right: operands[1], output: operands[2], rows: rows,
                depth: depth, columns: columns,
                outer: Walk(
                    outer, rows: operands.map(\.stride),
                    operands: [strides(left), strides(right), strides(result)]))
        }
    }

    private func checkProduct(_ node: Node, outputs: Int, inputs: Int) throws(EngineError) {
        var bytes = 0
        guard tandemk_f32_gemm_packed_bytes(outputs, inputs, &bytes) else {
            throw EngineError(
                .tooLarge, graph[node.output].name,
                "a product with \(outputs) outputs over \(inputs) inputs is too large")
        }
    }

    /// Queues the attention of a row's sequence.
    func lowerAttention(_ node: Node, heads: Int, scale: Float) throws(EngineError) {
        let shapes = node.inputs.map(sizes)
        guard shapes[0].count == 2, shapes[1].count == 2 else {
            throw unsupported(node, "it has dimensions before the sequence")
        }
        let (queries, keys) = (shapes[0][0], shapes[1][0])
        let (width, valueWidth) = (shapes[0][1] / heads, shapes[2][1] / heads)
        try checkProduct(node, outputs: keys, inputs: width)
        try checkProduct(node, outputs: valueWidth, inputs: keys)
        scratchBytes = max(
            scratchBytes,
            AttentionStep.scratchBytes(
                queries: queries, keys: keys, width: width, valueWidth: valueWidth))
        let mask =
            shapes.count > 3 ? Walk.broadcast(shapes[3], to: [heads, queries, keys]) : [0, 0, 0]
        queue(node, reads: node.inputs) { lowering in
            let inputs = node.inputs.map { lowering.location($0, for: node) }
            return AttentionStep(
                query: inputs[0], key: inputs[1], value: inputs[2],
                mask: inputs.count > 3 ? inputs[3] : nil,
                maskStrides: (mask[0], mask[1], mask[2]),
                output: lowering.location(node.output, for: node), heads: heads, scale: scale,
                queries: queries, keys: keys, width: width, valueWidth: valueWidth)
        }
    }

    /// Queues a recurrent layer over a row's sequence.
    func lowerRecurrent(_ node: Node, _ layer: Recurrence) throws(EngineError) {
        let shape = sizes(node.inputs[0])
        guard shape.count == 2 else {
            throw unsupported(node, "it has dimensions before the sequence")
        }
        let weights = try packed(node)
        let recurrent = try packed(node, 1)
        let bias = try parameter(node.inputs[3], node)
        let optional = layer.optionalInputs
        var peepholes: Tensor?
        if let index = optional.peepholes { peepholes = try parameter(node.inputs[index], node) }
        let width = recurrent.inputCount
        let projected = try projectedTable(node, weights, bias)
        scratchBytesPerRow = max(
            scratchBytesPerRow,
            RecurrentStep.scratchBytes(
                rowCount: 1, positions: projected == nil ? shape[0] : 0,
                gates: layer.cell.gateCount, width: width))
        let holes = peepholes
        var reads = node.inputs
        if let projected { reads[0] = projected.ids }
        queue(node, reads: reads) { lowering in
            let input = lowering.location(reads[0], for: node)
            func place(_ index: Int?) -> Location? {
                index.map { lowering.location(node.inputs[$0], for: node) }
            }
            return RecurrentStep(
                layer: layer,
                source: projected.map { .table($0.table, ids: input) } ?? .values(input),
                weights: weights, recurrentWeights: recurrent, bias: bias,
                length: place(optional.length), state: place(optional.state),
                cell: place(optional.cell), peepholes: holes,
                output: lowering.location(node.output, for: node), positions: shape[0],
                width: width)
        }
    }

    /// Queues a convolution.
    func lowerConvolution(_ node: Node, _ convolution: Convolution) throws(EngineError) {
        let shape = sizes(node.inputs[0])
        guard shape.count == convolution.rank + 1 else {
            throw unsupported(node, "it has dimensions before the channels")
        }
        let weight = try parameter(node.inputs[1], node)
        var bias: Tensor?
        if node.inputs.count > 2 { bias = try parameter(node.inputs[2], node) }
        let added = bias
        queue(node, reads: [node.inputs[0]]) { lowering in
            ConvolutionStep(
                convolution: convolution, input: lowering.location(node.inputs[0], for: node),
                weight: weight, bias: added, output: lowering.location(node.output, for: node),
                inputSizes: Array(shape.dropFirst()),
                outputSizes: Array(lowering.sizes(node.output).dropFirst()))
        }
    }
}
