// Exporters write out what broadcasting does by itself: `unsqueeze` before an operand meets a larger
// one. An operand is taken without the leading dimensions of 1 that only a reshape gave it.

extension Simplification {
    /// A node whose operands are broadcast, with plainer ones; nil if they are plain.
    static func withoutLeadingUnits(
        _ node: Node, _ view: GraphView
    ) -> (operation: Operation, inputs: [ValueID])? {
        let operands: Range<Int>
        switch node.operation {
        case .binary, .compare, .logical, .select, .expand: operands = node.inputs.indices
        case .attention where node.inputs.count > 3: operands = 3..<4
        default: return nil
        }
        for index in operands {
            guard let inner = view.maker(node.inputs[index]),
                case .reshape(let shape) = inner.operation
            else { continue }
            let source = view.type(inner.inputs[0]).shape
            let added = shape.count - source.count
            guard added > 0, shape.prefix(added).allSatisfy({ $0 == 1 }),
                Array(shape.dropFirst(added)) == source
            else { continue }
            var inputs = node.inputs
            inputs[index] = inner.inputs[0]
            let types = inputs.map(view.type)
            guard let result = try? node.operation.resultType(of: types, node: ""),
                result == view.type(node.output)
            else { continue }
            return (node.operation, inputs)
        }
        return nil
    }
}
