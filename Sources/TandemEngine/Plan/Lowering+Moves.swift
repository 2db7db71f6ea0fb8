import CTandemKernels
import TandemGraph

extension Lowering {
    /// Queues the step of an operation that moves elements, or makes a view.
    func lowerMoves(_ node: Node) throws(EngineError) {
        switch node.operation {
        case .reshape: placement.placeView(node.output, of: node.inputs[0], elementOffset: 0)
        case .slice(let axis, let start, _): try lowerSlice(node, axis, start.fixedSize ?? 0)
        case .concat(let axis): lowerConcat(node, axis)
        case .transpose(let permutation):
            let dense = Walk.dense(sizes(node.inputs[0]))
            move(node, strides: permutation.map { dense[$0] }, offset: 0)
        case .expand:
            move(
                node, strides: Walk.broadcast(sizes(node.inputs[0]), to: sizes(node.output)),
                offset: 0)
        case .gather(let axis), .takeAlong(let axis): lowerPick(node, axis)
        case .range: numbers(node, from: 0)
        case .size(let size): numbers(node, from: size.fixedSize ?? 0)
        default: throw unsupported(node, "it moves no elements")
        }
    }

    private func numbers(_ node: Node, from start: Int) {
        queue(node, reads: []) { lowering in
            CountStep(start: start, output: lowering.location(node.output, for: node))
        }
    }

    /// Reads the result's elements with these strides of the input.
    private func move(_ node: Node, strides: [Int], offset: Int) {
        queue(node, reads: node.inputs) { lowering in
            var input = lowering.location(node.inputs[0], for: node)
            input.elementOffset += offset
            let output = lowering.location(node.output, for: node)
            let result = lowering.sizes(node.output)
            return MoveStep(
                input: input, output: output,
                walk: Walk(
                    result, rows: [input.stride, output.stride],
                    operands: [strides, Walk.dense(result)]))
        }
    }

    private func lowerSlice(_ node: Node, _ axis: Int, _ start: Int) throws(EngineError) {
        let dense = Walk.dense(sizes(node.inputs[0]))
        if axis == 0 {
            placement.placeView(
                node.output, of: node.inputs[0], elementOffset: start * dense[0])
        } else {
            move(node, strides: dense, offset: start * dense[axis])
        }
    }

    private func lowerConcat(_ node: Node, _ axis: Int) {
        let dense = Walk.dense(sizes(node.output))
        var start = 0
        for input in node.inputs {
            let shape = sizes(input)
            let offset = start * dense[axis]
            start += shape[axis]
            if axis == 0, placement.isPlaced(input, insideOf: node.output) {
                placement.touch(input, step: pending.count)
                continue
            }
            let text = "\(graph[node.output].name)[\(offset)...] = copy(\(graph[input].name))"
            queue(node, reads: [input], text: text) { lowering in
                let from = lowering.location(input, for: node)
                var to = lowering.location(node.output, for: node)
                to.elementOffset += offset
                guard axis > 0 else {
                    to.width = from.width
                    return CopyStep(input: from, output: to)
                }
                return MoveStep(
                    input: from, output: to,
                    walk: Walk(
                        shape, rows: [from.stride, to.stride],
                        operands: [Walk.dense(shape), dense]))
            }
        }
    }

    private func lowerPick(_ node: Node, _ axis: Int) {
        let view = AxisView(sizes(node.inputs[0]), axis: axis)
        let indices = sizes(node.inputs[1])
        let isAlong = node.operation == .takeAlong(axis: axis)
        queue(node, reads: node.inputs) { lowering in
            let input = lowering.location(node.inputs[0], for: node)
            let places = lowering.location(node.inputs[1], for: node)
            let output = lowering.location(node.output, for: node)
            guard isAlong else {
                return GatherStep(
                    input: input, indices: places, output: output, outer: view.outer,
                    size: view.length, inner: view.inner, count: indices.reduce(1, *))
            }
            return TakeAlongStep(
                input: input, indices: places, output: output, outer: view.outer,
                size: view.length, inner: view.inner, count: indices[axis])
        }
    }
}
