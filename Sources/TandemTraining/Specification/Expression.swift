// Design: a small language over columns, for labels, masks, filters and derived columns.
//
//     PageValues > 0
//     income == "50000+."
//     date(`Delivered to Client Date`, "%d-%b-%y") > date(`Scheduled Delivery Date`, "%d-%b-%y")
//
// It has numbers, texts and truth values and never turns one into another in silence: `Revenue` is
// not a truth value, `Revenue == "TRUE"` is. What an expression compares a column with decides how
// the column is read, so a spec declares no column types. A missing value makes what is computed
// from it missing, with `and` and `or` as far as the other side decides (Kleene's logic), so a
// label that cannot be known is missing and not false. There are no loops, no variables and no
// strings to build: what needs them belongs before the CSV file.
//
//     or > and > not > == != < <= > >= > + - > * / > unary -      (loosest first)
//     number, "text" or 'text', column, `column with any characters`, ( ... )
//     number(c)        the number in c, missing where c holds words
//     date(c, "form")  days since 1970-01-01, missing where c is no date; forms: see `DateForm`
//     missing(c), present(c)    whether c has a value
//     year(d), month(d), weekday(d), hour(d)    of such days; weekdays from 0, Monday, to 6
//     log1p(x), abs(x), floor(x)

/// An expression over the columns of a table, type-checked.
package struct Expression: Hashable, Sendable {
    /// What an expression gives for each row.
    package enum Kind: String, Sendable {
        /// A number.
        case number
        /// True or false.
        case truth
        /// A text.
        case text
    }

    /// The text it was parsed from.
    package let source: String
    /// What it gives.
    package let kind: Kind
    let root: ExpressionNode

    /// The columns it reads, and how.
    package var requests: Set<ColumnRequest> { root.requests }

    /// The names of the columns it reads.
    package var columns: Set<String> { Set(root.requests.map(\.column)) }

    /// Parses an expression.
    ///
    /// - Parameter text: At most `TrainingLimits.expressionBytesMax` bytes.
    /// - Throws: `invalidExpression` with the character; `overLimit`.
    package init(_ text: String) throws(TrainingError) {
        var parser = try ExpressionParser(text)
        let root = try parser.parse()
        let typed = try ExpressionTyping.check(root, source: text)
        self.init(source: text, kind: typed.kind, root: typed.node)
    }

    /// The value of one column.
    package init(column: String, reading: ColumnReading) {
        let isText = reading == .text
        self.init(
            source: column, kind: isText ? .text : .number,
            root: .column(ColumnRequest(column, reading)))
    }

    init(source: String, kind: Kind, root: ExpressionNode) {
        self.source = source
        self.kind = kind
        self.root = root
    }
}

/// The tree of an expression.
indirect enum ExpressionNode: Hashable, Sendable {
    case number(Double)
    case text(String)
    case truth(Bool)
    /// A column not yet known to be a number or a text.
    case name(String, at: Int)
    case column(ColumnRequest)
    case date(ColumnRequest, DateForm)
    case isMissing(ExpressionNode)
    case unary(UnaryOperator, ExpressionNode)
    case binary(BinaryOperator, ExpressionNode, ExpressionNode, at: Int)

    /// The columns that are read.
    var requests: Set<ColumnRequest> {
        switch self {
        case .number, .text, .truth, .name: []
        case .column(let request), .date(let request, _): [request]
        case .unary(_, let operand), .isMissing(let operand): operand.requests
        case .binary(_, let left, let right, _): left.requests.union(right.requests)
        }
    }
}

/// An operator or function of one value.
enum UnaryOperator: String, Hashable, Sendable {
    case negate = "-"
    case not
    case log1p
    case abs
    case floor
    case year
    case month
    case weekday
    case hour

    var operand: Expression.Kind { self == .not ? .truth : .number }
}

/// An operator between two values.
enum BinaryOperator: String, Hashable, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case and
    case or

    /// Looser operators have lower ranks.
    var rank: Int {
        switch self {
        case .or: 1
        case .and: 2
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: 4
        case .add, .subtract: 5
        case .multiply, .divide: 6
        }
    }

    /// The rank of `not`, between `and` and the comparisons.
    static let rankOfNot = 3
}
