/// Decides how each column is read and refuses what mixes numbers, texts and truth values.
enum ExpressionTyping {
    /// The tree with its columns decided, and what it gives.
    static func check(
        _ node: ExpressionNode, source: String
    ) throws(TrainingError) -> (node: ExpressionNode, kind: Expression.Kind) {
        switch node {
        case .number: return (node, .number)
        case .text: return (node, .text)
        case .truth, .isMissing: return (node, .truth)
        case .date: return (node, .number)
        case .column(let request): return (node, request.reading == .text ? .text : .number)
        case .name(let name, _): return (.column(ColumnRequest(name, .float64)), .number)
        case .unary(let function, let operand):
            let inner = try check(operand, source: source)
            guard inner.kind == function.operand else {
                throw mismatch(
                    function.rawValue, function.operand, inner.kind, operand, source, at: nil)
            }
            return (.unary(function, inner.node), function.operand)
        case .binary(let binary, let left, let right, let place):
            return try check(binary, left, right, source, at: place)
        }
    }

    private static func check(
        _ binary: BinaryOperator, _ left: ExpressionNode, _ right: ExpressionNode,
        _ source: String, at place: Int
    ) throws(TrainingError) -> (node: ExpressionNode, kind: Expression.Kind) {
        // A bare column beside a text is read as a text.
        var sides = (left, right)
        if case .name(let name, _) = left, case .text = right {
            sides.0 = .column(ColumnRequest(name, .text))
        }
        if case .text = left, case .name(let name, _) = right {
            sides.1 = .column(ColumnRequest(name, .text))
        }
        let first = try check(sides.0, source: source)
        let second = try check(sides.1, source: source)
        let node = ExpressionNode.binary(binary, first.node, second.node, at: place)
        switch binary {
        case .and, .or:
            try expect(.truth, binary, first.kind, left, source, at: place)
            try expect(.truth, binary, second.kind, right, source, at: place)
            return (node, .truth)
        case .equal, .notEqual:
            try expect(first.kind, binary, second.kind, right, source, at: place)
            return (node, .truth)
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .add, .subtract, .multiply, .divide:
            try expect(.number, binary, first.kind, left, source, at: place)
            try expect(.number, binary, second.kind, right, source, at: place)
            let isComparison = binary.rank == BinaryOperator.equal.rank
            return (node, isComparison ? .truth : .number)
        }
    }

    private static func expect(
        _ kind: Expression.Kind, _ binary: BinaryOperator, _ actual: Expression.Kind,
        _ side: ExpressionNode, _ source: String, at place: Int
    ) throws(TrainingError) {
        guard actual != kind else { return }
        throw mismatch(binary.rawValue, kind, actual, side, source, at: place)
    }

    private static func mismatch(
        _ symbol: String, _ kind: Expression.Kind, _ actual: Expression.Kind,
        _ side: ExpressionNode, _ source: String, at place: Int?
    ) -> TrainingError {
        var remedy =
            switch kind {
            case .number: "use numbers here; number(column) reads a column of texts"
            case .truth: "make it a comparison"
            case .text: "put it in quotes, or compare numbers"
            }
        if kind == .truth, case .name(let name, _) = side {
            remedy = "write \(name) == 1, or \(name) == \"yes\""
        }
        return expressionError(
            "'\(symbol)' takes a \(kind.rawValue) value where a \(actual.rawValue) stands",
            source: source, at: place ?? 1, remedy: remedy)
    }
}
