import Glibc

extension Expression {
    /// The value for each row of a table: numbers, and truth values as 0 and 1.
    ///
    /// Cost: O(rows x operators); one array of doubles an operator at a time. A result that is not
    /// finite, such as of a division by zero, is missing.
    ///
    /// - Precondition: The table has the expression's columns; the kind is no text.
    package func evaluate(_ table: Table) -> Column {
        let values = evaluation(root, table)
        var numbers: [Double] = []
        numbers.reserveCapacity(values.count)
        var presence = Presence()
        for value in values {
            numbers.append(value.isFinite ? value : 0)
            presence.append(value.isFinite)
        }
        return .float64(numbers, presence)
    }

    /// One number a row; NaN is missing.
    private func evaluation(_ node: ExpressionNode, _ table: Table) -> [Double] {
        switch node {
        case .number(let number): constant(number, table)
        case .truth(let truth): constant(truth ? 1 : 0, table)
        case .column(let request): numbers(request, table)
        case .isMissing(.column(let request)): missing(request, table)
        case .isMissing(let operand): evaluation(operand, table).map { $0.isNaN ? 1 : 0 }
        case .date(let request, let form): dates(request, form, table)
        case .unary(let function, let operand):
            evaluation(operand, table).map { apply(function, $0) }
        case .binary(let binary, let left, let right, _):
            texts(binary, left, right, table) ?? numbers(binary, left, right, table)
        case .text, .name: constant(.nan, table)
        }
    }

    private func constant(_ value: Double, _ table: Table) -> [Double] {
        [Double](repeating: value, count: table.rowCount)
    }

    private func column(_ request: ColumnRequest, _ table: Table) -> Column {
        guard let column = table[request] else {
            preconditionFailure("the table lacks the column \(request.column)")
        }
        return column
    }

    private func numbers(_ request: ColumnRequest, _ table: Table) -> [Double] {
        let column = column(request, table)
        return (0..<table.rowCount).map { column.number($0) ?? .nan }
    }

    private func missing(_ request: ColumnRequest, _ table: Table) -> [Double] {
        let presence = column(request, table).presence
        return (0..<table.rowCount).map { presence[$0] ? 0 : 1 }
    }

    /// Each distinct text is parsed once.
    private func dates(_ request: ColumnRequest, _ form: DateForm, _ table: Table) -> [Double] {
        guard case .text(let texts) = column(request, table) else {
            preconditionFailure("dates are read as texts")
        }
        let parsed = (0..<texts.dictionary.count).map { code in
            texts.dictionary.withBytes(of: UInt32(code)) { form.days($0) } ?? .nan
        }
        return (0..<table.rowCount).map { row in
            texts.presence[row] ? parsed[Int(texts.codes[row])] : .nan
        }
    }

    private func apply(_ function: UnaryOperator, _ value: Double) -> Double {
        switch function {
        case .negate: -value
        case .not: value.isNaN ? .nan : 1 - value
        case .log1p: Glibc.log1p(value)
        case .abs: Swift.abs(value)
        case .floor: value.rounded(.down)
        case .hour: ((value - value.rounded(.down)) * 24).rounded(.down)
        case .weekday: weekday(value)
        case .year: DateForm.civil(value).map { Double($0.year) } ?? .nan
        case .month: DateForm.civil(value).map { Double($0.month) } ?? .nan
        }
    }

    /// 1970-01-01 was a Thursday.
    private func weekday(_ days: Double) -> Double {
        let shifted = days.rounded(.down) + 3
        return shifted - 7 * (shifted / 7).rounded(.down)
    }

    private func numbers(
        _ binary: BinaryOperator, _ left: ExpressionNode, _ right: ExpressionNode, _ table: Table
    ) -> [Double] {
        let left = evaluation(left, table)
        let right = evaluation(right, table)
        return left.indices.map { apply(binary, left[$0], right[$0]) }
    }

    private func apply(_ binary: BinaryOperator, _ left: Double, _ right: Double) -> Double {
        switch binary {
        case .and:
            if left == 0 || right == 0 { return 0 }
            return left.isNaN || right.isNaN ? .nan : 1
        case .or:
            if left == 1 || right == 1 { return 1 }
            return left.isNaN || right.isNaN ? .nan : 0
        default: break
        }
        if left.isNaN || right.isNaN { return .nan }
        switch binary {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide: return left / right
        case .equal: return left == right ? 1 : 0
        case .notEqual: return left != right ? 1 : 0
        case .less: return left < right ? 1 : 0
        case .lessOrEqual: return left <= right ? 1 : 0
        case .greater: return left > right ? 1 : 0
        case .greaterOrEqual: return left >= right ? 1 : 0
        case .and, .or: return .nan
        }
    }

    // MARK: - Texts

    /// A comparison of texts, by their codes; nil if the operands are no texts.
    private func texts(
        _ binary: BinaryOperator, _ left: ExpressionNode, _ right: ExpressionNode, _ table: Table
    ) -> [Double]? {
        switch (left, right) {
        case (.text(let first), .text(let second)):
            return constant((first == second) == (binary == .equal) ? 1 : 0, table)
        case (.column(let request), .text(let text)), (.text(let text), .column(let request)):
            guard case .text(let texts) = column(request, table) else { return nil }
            let code = Array(text.utf8).withUnsafeBytes { texts.dictionary.find($0) }
            return compare(binary, table) { row in
                texts.presence[row] ? texts.codes[row] == code : nil
            }
        default: return nil
        }
    }

    private func compare(
        _ binary: BinaryOperator, _ table: Table, _ isEqual: (Int) -> Bool?
    ) -> [Double] {
        (0..<table.rowCount).map { row in
            guard let isEqual = isEqual(row) else { return .nan }
            return isEqual == (binary == .equal) ? 1 : 0
        }
    }
}
