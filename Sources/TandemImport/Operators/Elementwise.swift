import TandemGraph

extension OperatorTable {
    /// Operators on each element.
    static let elementwise: [OperatorEntry] =
        [
            ("Add", BinaryFunction.add), ("Sub", .subtract), ("Mul", .multiply), ("Div", .divide),
        ].map { name, function in
            OperatorEntry(name, inputs: 2...2) { context in
                [try context.emit(.binary(function), context.input(0), context.input(1))]
            }
        }
        + [
            ("Relu", UnaryFunction.relu), ("Sigmoid", .sigmoid), ("Tanh", .tanh), ("Exp", .exp),
            ("Log", .log), ("Neg", .negate), ("Abs", .abs), ("Sqrt", .sqrt), ("Erf", .erf),
        ].map { name, function in
            OperatorEntry(name, inputs: 1...1) { context in
                [try context.emit(.unary(function), context.input(0))]
            }
        }
        + [
            OperatorEntry("Identity", inputs: 1...1) { [try $0.input(0)] },
            OperatorEntry("Softmax", inputs: 1...1, attributes: ["axis"]) { context in
                [try context.softmax(try context.input(0))]
            },
        ]
}

extension OperatorContext {
    /// Softmax along `axis`; before opset 13 over all axes from `axis` on, together.
    func softmax(_ x: ImportedValue) throws(ImportError) -> ImportedValue {
        let axis = try axis(default: opset < 13 ? 1 : -1, rank: max(x.rank, 1))
        guard opset < 13, axis < x.rank - 1 else {
            return try alongLast(x, axis: axis) { moved throws(ImportError) in
                try emit(.softmax, moved)
            }
        }
        let rest = try product(x.shape[axis...])
        let flat = try reshape(x, Array(x.shape[..<axis]) + [rest])
        return try reshape(try emit(.softmax, flat), x.shape)
    }

    /// Applies a function of the last axis to another axis of a value.
    func alongLast(
        _ x: ImportedValue, axis: Int,
        _ function: (ImportedValue) throws(ImportError) -> ImportedValue
    ) throws(ImportError) -> ImportedValue {
        guard axis != x.rank - 1 else { return try function(x) }
        var permutation = Array(0..<x.rank)
        permutation.swapAt(axis, x.rank - 1)
        let result = try function(try transpose(x, permutation))
        return try transpose(result, permutation)
    }
}
