import TandemFeatures
import TandemNotation

/// Cuts an expression into tokens and builds its tree by precedence climbing.
struct ExpressionParser {
    private enum Token: Equatable {
        case number(Double)
        case text(String)
        case name(String)
        case quotedName(String)
        case symbol(String)
        case end
    }

    private let source: String
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var token = Token.end
    // The character at which the current token begins, from 1.
    private var tokenStart = 1
    private var depth = 0

    init(_ text: String) throws(TrainingError) {
        guard text.utf8.count <= TrainingLimits.expressionBytesMax else {
            throw TrainingError(
                .overLimit,
                "an expression is longer than \(TrainingLimits.expressionBytesMax) bytes",
                remedy: "derive the column before"
            ).with(\.limit, TrainingLimits.expressionBytesMax).with(\.actual, text.utf8.count)
        }
        source = text
        scalars = Array(text.unicodeScalars)
    }

    /// The whole text's tree.
    mutating func parse() throws(TrainingError) -> ExpressionNode {
        try next()
        let root = try expression(above: 0)
        guard token == .end else { throw unexpected() }
        return root
    }

    // MARK: - Grammar

    private mutating func expression(above rank: Int) throws(TrainingError) -> ExpressionNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= TrainingLimits.expressionDepthMax else {
            throw failure("is nested more than \(TrainingLimits.expressionDepthMax) deep")
                .with(\.limit, TrainingLimits.expressionDepthMax)
        }
        var left = try operand(above: rank)
        while let binary = binaryOperator, binary.rank > rank {
            let start = tokenStart
            try next()
            // Operators of one rank group from the left: the right side must bind tighter.
            let right = try expression(above: binary.rank)
            left = .binary(binary, left, right, at: start)
            if binary.rank == BinaryOperator.equal.rank, binaryOperator?.rank == binary.rank {
                throw failure("compares twice", remedy: "join two comparisons with 'and'")
            }
        }
        return left
    }

    private mutating func operand(above rank: Int) throws(TrainingError) -> ExpressionNode {
        switch token {
        case .name("not") where rank < BinaryOperator.rankOfNot:
            try next()
            return .unary(.not, try expression(above: BinaryOperator.rankOfNot - 1))
        case .symbol("-"):
            try next()
            return .unary(.negate, try expression(above: BinaryOperator.multiply.rank))
        case .symbol("("):
            try next()
            let inner = try expression(above: 0)
            try expect(")")
            return inner
        case .number(let number):
            try next()
            return .number(number)
        case .text(let text):
            try next()
            return .text(text)
        case .name(let name): return try named(name)
        case .quotedName(let name):
            let start = tokenStart
            try next()
            return .name(name, at: start)
        case .symbol, .end: throw unexpected()
        }
    }

    private mutating func named(_ name: String) throws(TrainingError) -> ExpressionNode {
        let start = tokenStart
        try next()
        if token == .symbol("(") { return try call(name, start) }
        switch name {
        case "true": return .truth(true)
        case "false": return .truth(false)
        case "and", "or", "not":
            throw failure(
                "'\(name)' stands where a value is expected", at: start,
                remedy: "write a column of that name in backticks")
        default: return .name(name, at: start)
        }
    }

    private mutating func call(_ name: String, _ start: Int) throws(TrainingError) -> ExpressionNode
    {
        try expect("(")
        let result: ExpressionNode
        switch name {
        case "number": result = .column(ColumnRequest(try column(of: name), .looseNumber))
        case "missing": result = .isMissing(.column(ColumnRequest(try column(of: name), .text)))
        case "present":
            let column = ExpressionNode.column(ColumnRequest(try column(of: name), .text))
            result = .unary(.not, .isMissing(column))
        case "date": result = try date()
        default:
            guard Self.functions.contains(name), let function = UnaryOperator(rawValue: name) else {
                throw failure(
                    "there is no function '\(name)'", at: start,
                    remedy: NearestName.remedy(name, among: Self.functions))
            }
            result = .unary(function, try expression(above: 0))
        }
        try expect(")")
        return result
    }

    private static let functions = [
        "number", "date", "missing", "present", "log1p", "abs", "floor", "year", "month",
        "weekday", "hour",
    ]

    /// What follows `date(`, but for the closing parenthesis.
    private mutating func date() throws(TrainingError) -> ExpressionNode {
        let column = try column(of: "date")
        try expect(",")
        guard case .text(let form) = token else {
            throw failure("date needs a form", remedy: "write date(column, \"%Y-%m-%d\")")
        }
        guard let parsed = DateForm(form) else {
            throw failure(
                "'\(form)' is no form of a date", remedy: "use %Y %y %m %b %d %H %M %S")
        }
        try next()
        return .date(ColumnRequest(column, .text), parsed)
    }

    /// The column that a function is called with.
    private mutating func column(of function: String) throws(TrainingError) -> String {
        switch token {
        case .name(let name), .quotedName(let name):
            try next()
            return name
        default:
            throw failure("\(function) takes a column", remedy: "write \(function)(column)")
        }
    }

    private var binaryOperator: BinaryOperator? {
        switch token {
        case .symbol(let symbol), .name(let symbol): BinaryOperator(rawValue: symbol)
        default: nil
        }
    }

    private mutating func expect(_ symbol: String) throws(TrainingError) {
        guard token == .symbol(symbol) else { throw unexpected(expected: symbol) }
        try next()
    }

    // MARK: - Tokens

    private mutating func next() throws(TrainingError) {
        while index < scalars.count, scalars[index].properties.isWhitespace { index += 1 }
        tokenStart = index + 1
        guard index < scalars.count else {
            token = .end
            return
        }
        let scalar = scalars[index]
        switch scalar {
        case "\"", "'": token = .text(try delimited(by: scalar, "a text"))
        case "`": token = .quotedName(try delimited(by: scalar, "a column's name"))
        case "0"..."9": token = .number(try number())
        case _ where isNameStart(scalar): token = .name(name())
        default: token = .symbol(try symbol())
        }
    }

    private mutating func delimited(
        by mark: Unicode.Scalar, _ what: String
    ) throws(TrainingError) -> String {
        var text = String.UnicodeScalarView()
        index += 1
        while index < scalars.count, scalars[index] != mark {
            text.append(scalars[index])
            index += 1
        }
        guard index < scalars.count else {
            throw failure("\(what) is never closed", remedy: "close it with \(mark)")
        }
        index += 1
        return String(text)
    }

    private mutating func number() throws(TrainingError) -> Double {
        let start = index
        while index < scalars.count {
            let scalar = scalars[index]
            let isSign = scalar == "+" || scalar == "-"
            let isAfterExponent = index > start && scalars[index - 1] == "e"
            guard
                scalar.properties.numericType != nil || scalar == "." || scalar == "e"
                    || isSign && isAfterExponent
            else { break }
            index += 1
        }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[start..<index])
        guard let number = Double(String(text)), number.isFinite else {
            throw failure("'\(String(text))' is not a number")
        }
        return number
    }

    private mutating func name() -> String {
        var text = String.UnicodeScalarView()
        while index < scalars.count, isNameStart(scalars[index]) || isNamePart(scalars[index]) {
            text.append(scalars[index])
            index += 1
        }
        return String(text)
    }

    private mutating func symbol() throws(TrainingError) -> String {
        let pair = String(String.UnicodeScalarView(scalars[index...].prefix(2)))
        if ["==", "!=", "<=", ">="].contains(pair) {
            index += 2
            return pair
        }
        let single = String(Character(scalars[index]))
        switch single {
        case "=": throw failure("'=' compares nothing", remedy: "write '=='")
        case "&", "|", "!": throw failure("'\(single)' is no operator", remedy: "use and, or, not")
        case "+", "-", "*", "/", "<", ">", "(", ")", ",": break
        default: throw failure("'\(single)' means nothing here")
        }
        index += 1
        return single
    }

    private func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar == "_"
    }

    private func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.numericType != nil || scalar == "."
    }

    // MARK: - Errors

    private func failure(
        _ problem: String, at start: Int? = nil, remedy: String = ""
    ) -> TrainingError {
        expressionError(problem, source: source, at: start ?? tokenStart, remedy: remedy)
    }

    private func unexpected(expected: String? = nil) -> TrainingError {
        let found =
            switch token {
            case .end: "the end"
            case .number(let number): "\(number)"
            case .text(let text): "the text '\(text.cutShort)'"
            case .name(let name), .quotedName(let name): "'\(name.cutShort)'"
            case .symbol(let symbol): "'\(symbol)'"
            }
        let wanted = expected.map { "'\($0)'" } ?? "a value or an operator"
        return failure(
            "\(wanted) is expected, not \(found)",
            remedy: "a name with blanks or signs goes in backticks")
    }
}

/// An error at a character of an expression.
func expressionError(
    _ problem: String, source: String, at character: Int, remedy: String
) -> TrainingError {
    TrainingError(
        .invalidExpression, "\(problem), at character \(character) of '\(source.cutShort)'",
        remedy: remedy
    ).with(\.text, source.cutShort).with(\.actual, character)
}
