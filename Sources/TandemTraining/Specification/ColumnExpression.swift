import TandemFeatures
import TandemNotation

/// A place in a spec where a column or an expression may stand.
///
/// A text that is the whole name of a column is that column, whatever characters it has; any other
/// is an expression. So it means something only once the columns are known.
package struct ColumnExpression: Hashable, Sendable {
    /// What the spec says.
    package let text: String
    /// The spec's key, for errors.
    package let key: String
    /// The spec's line, for errors.
    package let line: Int?

    init(_ text: String, key: String, line: Int?) {
        self.text = text
        self.key = key
        self.line = line
    }

    /// The expression, derived columns put in for their names.
    ///
    /// A whole column is read in the reading given.
    func resolved(
        in columns: ColumnScope, reading: ColumnReading
    ) throws(TrainingError) -> Expression {
        do throws(TrainingError) {
            if columns.contains(text) {
                return try columns.expanded(Expression(column: text, reading: reading))
            }
            let expression = try columns.expanded(try Expression(text))
            for request in expression.requests.sorted(by: { $0.column < $1.column }) {
                try columns.check(request.column)
            }
            return expression
        } catch {
            throw error.with(\.key, error.key ?? key).with(\.line, error.line ?? line)
        }
    }
}

/// The columns that names in a spec may mean: those of the files, and those derived from them.
struct ColumnScope {
    /// The files' columns, in order.
    let fileColumns: [String]
    /// Derived columns by name, not expanded.
    private let derived: [String: Expression]
    private let known: Set<String>

    /// Parses the derived columns.
    init(fileColumns: [String], derived: [DerivedColumn]) throws(TrainingError) {
        self.fileColumns = fileColumns
        known = Set(fileColumns)
        var parsed: [String: Expression] = [:]
        for column in derived {
            do throws(TrainingError) {
                let text = column.value.text
                let expression =
                    known.contains(text)
                    ? Expression(column: text, reading: .float64) : try Expression(text)
                guard expression.kind != .text else {
                    throw TrainingError(
                        .invalidExpression, "gives a text", remedy: "use the column")
                }
                parsed[column.name] = expression
            } catch {
                throw error.with(\.key, column.value.key).with(\.line, column.value.line)
            }
        }
        self.derived = parsed
        // Finds unknown columns and circles now, with the derived column's own line.
        for column in derived { _ = try column.value.resolved(in: self, reading: .float64) }
    }

    /// Whether the name is a column.
    func contains(_ name: String) -> Bool { known.contains(name) || derived[name] != nil }

    /// Whether the name is a derived column; it hides a file's column of that name.
    func isDerived(_ name: String) -> Bool { derived[name] != nil }

    /// Refuses a name that is no column.
    func check(_ name: String) throws(TrainingError) {
        guard !contains(name) else { return }
        throw TrainingError(
            .missingColumn, "there is no such column",
            remedy: NearestName.remedy(name, among: fileColumns + derived.keys.sorted())
        ).with(\.column, name)
    }

    /// The expression with derived columns put in for their names.
    func expanded(_ expression: Expression) throws(TrainingError) -> Expression {
        if case .column(let request) = expression.root, let whole = derived[request.column] {
            guard request.reading != .text else { throw textOfDerived(request.column) }
            let root = try expanded(whole.root, within: [request.column])
            return Expression(source: expression.source, kind: whole.kind, root: root)
        }
        let root = try expanded(expression.root, within: [])
        return Expression(source: expression.source, kind: expression.kind, root: root)
    }

    /// Within a derived column its own name means the file's column.
    private func expanded(
        _ node: ExpressionNode, within open: [String]
    ) throws(TrainingError) -> ExpressionNode {
        switch node {
        case .number, .text, .truth, .name: return node
        case .isMissing(.column(let request)):
            guard isDerived(request.column), open.last != request.column else { return node }
            let number = ExpressionNode.column(ColumnRequest(request.column, .float64))
            return .isMissing(try expanded(number, within: open))
        case .isMissing(let operand): return .isMissing(try expanded(operand, within: open))
        case .unary(let function, let operand):
            return .unary(function, try expanded(operand, within: open))
        case .binary(let binary, let left, let right, let place):
            return .binary(
                binary, try expanded(left, within: open), try expanded(right, within: open),
                at: place)
        case .date(let request, _):
            if isDerived(request.column), open.last != request.column {
                throw textOfDerived(request.column)
            }
            return node
        case .column(let request):
            guard let column = derived[request.column], open.last != request.column else {
                return node
            }
            guard request.reading != .text else { throw textOfDerived(request.column) }
            guard !open.contains(request.column) else {
                throw TrainingError(
                    .invalidExpression, "the derived column '\(request.column)' refers to itself",
                    remedy: "break the circle \((open + [request.column]).joined(separator: " > "))"
                ).with(\.column, request.column)
            }
            return try expanded(column.root, within: open + [request.column])
        }
    }

    private func textOfDerived(_ name: String) -> TrainingError {
        TrainingError(
            .invalidExpression, "the derived column '\(name)' is a number and stands for a text",
            remedy: "compare it with numbers"
        ).with(\.column, name)
    }
}
