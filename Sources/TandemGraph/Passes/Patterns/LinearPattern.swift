/// A product with a constant matrix: `linear` without bias.
///
/// PyTorch, Keras and ONNX all export `MatMul(x, W)` with W `[K, N]`; ours is `[N, K]`.
enum LinearPattern: LayerPattern {
    static func replacement(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        guard case .matmul = node.operation, let weight = view.tensor(node.inputs[1]),
            weight.dtype == .float32, weight.shape.count == 2
        else { return nil }
        let name = view.model.graph[node.inputs[1]].name
        let turned = try rewriter.parameter("\(name)/turned", weight.transposed())
        let x = try rewriter.value(node.inputs[0])
        return try rewriter.node(view.model.graph[node.output].name, .linear, [x, turned])
    }
}

extension Tensor {
    /// An f32 matrix with rows and columns exchanged.
    ///
    /// - Precondition: The tensor is f32 of two dimensions.
    package func transposed() -> Tensor {
        let (rows, columns) = (shape[0], shape[1])
        let result = Tensor(zeros: .float32, shape: [columns, rows])
        let source = elements(as: Float.self)
        let target = result.elements(as: Float.self)
        // Tiles of 16 keep both sides' lines in the first cache.
        for rowStart in stride(from: 0, to: rows, by: 16) {
            for columnStart in stride(from: 0, to: columns, by: 16) {
                for row in rowStart..<min(rowStart + 16, rows) {
                    for column in columnStart..<min(columnStart + 16, columns) {
                        target[column * rows + row] = source[row * columns + column]
                    }
                }
            }
        }
        return result
    }
}
