// Design: local rules until nothing changes.
//
// Each rule looks at one node and what makes its inputs, and says what the same value is in fewer or
// plainer operations. Exporters leave reshapes that change nothing, slices of what was just joined,
// arithmetic with single numbers spelled in five ways; after these rules each of them has one
// spelling, which is what the patterns of layers are written for. Numbers change by rounding only:
// a division by a constant becomes a product, steps of scale and offset become one.

/// Brings a graph's arithmetic and moves into one plain spelling.
package enum Simplification {
    /// The graph after one walk of all rules; values keep their names where they stay.
    ///
    /// - Throws: `GraphError`, if a tensor is missing.
    package static func applied(to model: WeightedGraph) throws(GraphError) -> WeightedGraph {
        let view = GraphView(model)
        return try GraphRewriter.rewrite(model) { rewriter, node throws(GraphError) in
            try replaced(node, view, &rewriter)
        }
    }

    private static func replaced(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        if let folded = try folded(node, view, &rewriter) { return folded }
        if let kept = unchanged(node, view) { return try rewriter.value(kept) }
        if let known = try decided(node, view, &rewriter) { return known }
        let own: (operation: Operation, inputs: [ValueID])? =
            switch node.operation {
            case .reshape, .transpose, .cast, .affine: merged(node, view)
            case .slice(let axis, let start, let end):
                slicedPart(node, view, axis, start.fixedSize, end.fixedSize)
            case .concat(let axis): joined(node, view, axis)
            case .binary(let function): arithmetic(node, view, function)
            default: nil
            }
        guard let plainer = own ?? withoutLeadingUnits(node, view) else { return nil }
        var inputs: [ValueID] = []
        for input in plainer.inputs { inputs.append(try rewriter.value(input)) }
        return try rewriter.node(view.model.graph[node.output].name, plainer.operation, inputs)
    }

    /// A value of parameters alone, computed now.
    private static func folded(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        var tensors: [Tensor] = []
        for input in node.inputs {
            guard let tensor = view.tensor(input) else { return nil }
            tensors.append(tensor)
        }
        let isOutput = view.model.graph.outputs.contains(node.output)
        guard !isOutput,
            let tensor = ConstantFolding.folded(
                node.operation, tensors, view.type(node.output))
        else { return nil }
        return try rewriter.parameter(view.model.graph[node.output].name, tensor)
    }

    /// The input that a node gives back as it is.
    private static func unchanged(_ node: Node, _ view: GraphView) -> ValueID? {
        guard let input = node.inputs.first else { return nil }
        let isOutput = view.model.graph.outputs.contains(node.output)
        let isSame =
            switch node.operation {
            case .reshape, .expand, .slice, .cast: view.type(input) == view.type(node.output)
            case .transpose(let permutation): permutation == Array(permutation.indices)
            case .concat: node.inputs.count == 1
            case .affine(let scale, let offset): scale == 1 && offset == 0
            default: false
            }
        return isSame && !isOutput ? input : nil
    }

    // MARK: Decisions

    /// A comparison whose outcome is known, and a choice by one.
    ///
    /// Exporters ask of every index whether it is negative, also of positions they counted.
    private static func decided(
        _ node: Node, _ view: GraphView, _ rewriter: inout GraphRewriter
    ) throws(GraphError) -> ValueID? {
        let name = view.model.graph[node.output].name
        let shape = view.type(node.output).shape
        switch node.operation {
        case .compare(.less) where view.isNonNegative(node.inputs[0]):
            guard let limit = view.uniformInteger(node.inputs[1]), limit <= 0 else { return nil }
            let never = try rewriter.parameter(
                "\(name)/never", Tensor(.bool, shape: [], [0 as UInt8]))
            return try rewriter.node(name, .expand(shape), [never])
        case .logical(let function):
            for (index, other) in [(0, 1), (1, 0)] {
                let constant = view.withoutExpansion(node.inputs[index])
                guard let truth = view.uniformInteger(constant),
                    (function == .and && truth == 1) || (function == .or && truth == 0)
                else { continue }
                let value = try rewriter.value(node.inputs[other])
                return try rewriter.node(name, .expand(shape), [value])
            }
            return nil
        case .gather(let axis):
            // Positions one behind the other: a cut.
            guard let size = view.type(node.inputs[0]).shape[axis].fixedSize,
                let places = view.integers(node.inputs[1])?.map({ $0 < 0 ? $0 + size : $0 }),
                let first = places.first, first >= 0, first < size, places.count <= size - first,
                places == Array(first..<first + places.count)
            else { return nil }
            let part = try rewriter.node(
                "\(name)/part",
                .slice(axis: axis, start: .fixed(first), end: .fixed(first + places.count)),
                [try rewriter.value(node.inputs[0])])
            return try rewriter.node(name, .reshape(shape), [part])
        case .select:
            guard let choice = view.uniformInteger(view.withoutExpansion(node.inputs[0])) else {
                return nil
            }
            let picked = node.inputs[choice != 0 ? 1 : 2]
            return try rewriter.node(name, .expand(shape), [try rewriter.value(picked)])
        default: return nil
        }
    }

    // MARK: Rules

    /// Two steps of one kind as one.
    private static func merged(
        _ node: Node, _ view: GraphView
    ) -> (operation: Operation, inputs: [ValueID])? {
        guard let inner = view.maker(node.inputs[0]) else { return nil }
        switch (node.operation, inner.operation) {
        case (.reshape, .reshape): return (node.operation, inner.inputs)
        case (.transpose(let outer), .transpose(let first)):
            return (.transpose(outer.map { first[$0] }), inner.inputs)
        case (.cast(let narrow), .cast(.int64))
        where narrow == view.type(inner.inputs[0]).dtype && narrow != .float32:
            return (.reshape(view.type(node.output).shape), inner.inputs)
        case (.affine(let scale, let offset), .affine(let innerScale, let innerOffset)):
            let shift = offset.addingProduct(innerOffset, scale)
            guard (scale * innerScale).isFinite, shift.isFinite else { return nil }
            return (.affine(scale: scale * innerScale, offset: shift), inner.inputs)
        default: return nil
        }
    }

    /// The parts of a concat that a slice of it covers.
    private static func slicedPart(
        _ node: Node, _ view: GraphView, _ axis: Int, _ start: Int?, _ end: Int?
    ) -> (operation: Operation, inputs: [ValueID])? {
        guard let start, let end, let inner = view.maker(node.inputs[0]) else { return nil }
        if case .slice(axis, let first, _) = inner.operation, let first = first.fixedSize {
            return (
                .slice(axis: axis, start: .fixed(first + start), end: .fixed(first + end)),
                inner.inputs
            )
        }
        guard case .concat(axis) = inner.operation else { return nil }
        var position = 0
        var covered: [ValueID] = []
        for input in inner.inputs {
            guard let size = view.type(input).shape[axis].fixedSize else { return nil }
            let range = position..<position + size
            position += size
            if range.upperBound <= start || range.lowerBound >= end { continue }
            if range.lowerBound <= start, range.upperBound >= end, size != end - start {
                let from = start - range.lowerBound
                return (
                    .slice(axis: axis, start: .fixed(from), end: .fixed(from + end - start)),
                    [input]
                )
            }
            guard range.lowerBound >= start, range.upperBound <= end else { return nil }
            covered.append(input)
        }
        return covered.isEmpty ? nil : (.concat(axis: axis), covered)
    }

    /// Concats of concats along one axis as one.
    private static func joined(
        _ node: Node, _ view: GraphView, _ axis: Int
    ) -> (operation: Operation, inputs: [ValueID])? {
        var inputs: [ValueID] = []
        var isNested = false
        for input in node.inputs {
            if let parts = view.inputs(input, of: .concat(axis: axis)), view.useCount(input) == 1 {
                inputs += parts
                isNested = true
            } else {
                inputs.append(input)
            }
        }
        return isNested ? (.concat(axis: axis), inputs) : nil
    }

    /// Arithmetic with a single number, and operands that broadcasting repeats anyway.
    private static func arithmetic(
        _ node: Node, _ view: GraphView, _ function: BinaryFunction
    ) -> (operation: Operation, inputs: [ValueID])? {
        let shape = view.type(node.output).shape
        for (index, other) in [(1, 0), (0, 1)] {
            let value = node.inputs[other]
            guard let number = view.scalar(node.inputs[index]), number.isFinite,
                view.type(value).shape == shape
            else { continue }
            if function == .power, index == 1, number == 2 {
                return (.binary(.multiply), [value, value])
            }
            if let operation = withNumber(function, number, isLeft: index == 0) {
                return (operation, [value])
            }
        }
        return withoutExpansion(node, view, function, shape)
    }

    /// `function` of a value and one number.
    private static func withNumber(
        _ function: BinaryFunction, _ number: Float, isLeft: Bool
    ) -> Operation? {
        switch function {
        case .add: .affine(scale: 1, offset: number)
        case .multiply: .affine(scale: number, offset: 0)
        case .subtract:
            isLeft ? .affine(scale: -1, offset: number) : .affine(scale: 1, offset: -number)
        case .divide where isLeft && number == 1: .unary(.reciprocal)
        case .divide where !isLeft && (1 / number).isNormal: .affine(scale: 1 / number, offset: 0)
        case .maximum where number == 0: .unary(.relu)
        case .power where !isLeft && number == 0.5: .unary(.sqrt)
        case .power where !isLeft && number == 1: .affine(scale: 1, offset: 0)
        default: nil
        }
    }

    private static func withoutExpansion(
        _ node: Node, _ view: GraphView, _ function: BinaryFunction, _ shape: [Dimension]
    ) -> (operation: Operation, inputs: [ValueID])? {
        for index in 0..<2 {
            guard let inner = view.maker(node.inputs[index]), case .expand = inner.operation
            else { continue }
            var inputs = node.inputs
            inputs[index] = inner.inputs[0]
            let types = inputs.map(view.type)
            guard let result = try? Operation.binary(function).resultType(of: types, node: ""),
                result.shape == shape
            else { continue }
            return (.binary(function), inputs)
        }
        return nil
    }
}
