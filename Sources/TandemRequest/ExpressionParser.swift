// Design: the ranking language.
//
//     expression = term { ("+" | "-") term }
//     term       = factor { ("*" | "/") factor }
//     factor     = "-" factor | power
//     power      = primary [ "^" factor ]                  so 2^3^2 = 2^(3^2), -2^2 = -(2^2)
//     primary    = number | task | function "(" expression { "," expression } ")"
//                | "(" expression ")"
//     task       = name [ "[" integer "]" ]                the column of a task with width above 1
//     name       = letter or "_", then letters, digits, "_" | '"' any text but '"' '"'
//     number     = digits [ "." digits ] [ ("e" | "E") [ "+" | "-" ] digits ]
//     function   = abs sqrt exp log log1p (one argument), min max pow (two or more; pow two)
//
// Blanks between tokens are ignored. A function is told from a task by its parenthesis, so a task
// may be called `log`. Written by hand because it is 150 lines and must not allocate: a caller may
// send a fresh formula with each request.

/// Turns a ranking expression into a program.
struct ExpressionParser {
    private let text: UnsafeRawBufferPointer
    private let tasks: TaskTable
    private var position = 0
    private var nesting = 0

    /// Parses an expression into `program`, which is emptied first.
    ///
    /// - Parameters:
    ///   - text: The expression, UTF-8.
    ///   - program: Overwritten; of no use after a throw.
    ///   - tasks: What its names are looked up in.
    /// - Throws: `formulaInvalid` with the byte offset, `taskUnknown`, `columnOutOfRange` or
    ///   `formulaTooLarge`.
    /// - Complexity: O(bytes). Allocates nothing once `program` has grown, unless it throws.
    static func parse(
        _ text: UnsafeRawBufferPointer, into program: inout ScoreProgram, tasks: TaskTable
    ) throws(RequestError) {
        program.removeAll()
        var parser = ExpressionParser(text: text, tasks: tasks)
        try parser.expression(&program)
        parser.skipBlanks()
        guard parser.position == text.count else {
            throw parser.invalid("expected an operator or the end")
        }
    }

    private init(text: UnsafeRawBufferPointer, tasks: TaskTable) {
        self.text = text
        self.tasks = tasks
    }

    // MARK: Grammar

    private mutating func expression(_ program: inout ScoreProgram) throws(RequestError) {
        try term(&program)
        while true {
            if take("+") {
                try term(&program)
                try emit(.binary(.add), &program)
            } else if take("-") {
                try term(&program)
                try emit(.binary(.subtract), &program)
            } else {
                return
            }
        }
    }

    private mutating func term(_ program: inout ScoreProgram) throws(RequestError) {
        try factor(&program)
        while true {
            if take("*") {
                try factor(&program)
                try emit(.binary(.multiply), &program)
            } else if take("/") {
                try factor(&program)
                try emit(.binary(.divide), &program)
            } else {
                return
            }
        }
    }

    private mutating func factor(_ program: inout ScoreProgram) throws(RequestError) {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= RankingLimits.nestingMax else {
            throw RequestError(
                .formulaTooLarge,
                "the ranking expression nests deeper than \(RankingLimits.nestingMax) at byte "
                    + "\(position)", bound: RankingLimits.nestingMax, offset: position)
        }
        if take("-") {
            try factor(&program)
            return try emit(.unary(.negate), &program)
        }
        try primary(&program)
        if take("^") {
            try factor(&program)
            try emit(.binary(.power), &program)
        }
    }

    private mutating func primary(_ program: inout ScoreProgram) throws(RequestError) {
        skipBlanks()
        guard position < text.count else {
            throw invalid("expected a task, a number or '(', not the end")
        }
        if take("(") {
            try expression(&program)
            guard take(")") else { throw invalid("expected ')'") }
            return
        }
        let byte = text[position]
        if Self.isDigit(byte) || byte == UInt8(ascii: ".") {
            return try emit(.number(try number()), &program)
        }
        let start = position
        if byte == UInt8(ascii: "\"") { return try task(quotedName(), at: start, &program) }
        guard Self.isNameStart(byte) else {
            throw invalid("expected a task, a number or '('")
        }
        while position < text.count, Self.isNamePart(text[position]) { position += 1 }
        let name = UnsafeRawBufferPointer(rebasing: text[start..<position])
        if take("(") { return try function(name, at: start, &program) }
        try task(name, at: start, &program)
    }

    private mutating func function(
        _ name: UnsafeRawBufferPointer, at start: Int, _ program: inout ScoreProgram
    ) throws(RequestError) {
        try expression(&program)
        if let unary = ScoreUnary.allCases.first(where: { Self.equal(name, $0.rawValue) }) {
            try emit(.unary(unary), &program)
        } else {
            let function: ScoreBinary? =
                Self.equal(name, "min")
                ? .min : Self.equal(name, "max") ? .max : Self.equal(name, "pow") ? .power : nil
            guard let function else {
                position = start
                throw invalid(
                    "there is no function '\(String(decoding: name, as: UTF8.self))'; there are "
                        + "abs, sqrt, exp, log, log1p, min, max, pow")
            }
            guard take(",") else { throw invalid("expected ',' and a second argument") }
            try expression(&program)
            try emit(.binary(function), &program)
            while function != .power, take(",") {
                try expression(&program)
                try emit(.binary(function), &program)
            }
        }
        guard take(")") else { throw invalid("expected ')'") }
    }

    private mutating func task(
        _ name: UnsafeRawBufferPointer, at start: Int, _ program: inout ScoreProgram
    ) throws(RequestError) {
        let task: Int
        do throws(RequestError) {
            task = try tasks.find(name)
        } catch {
            var error = error
            error.message = "the ranking expression is wrong at byte \(start): \(error.message)"
            error.offset = start
            throw error
        }
        let width = tasks.widths[task]
        var column = 0
        if take("[") {
            skipBlanks()
            let digits = position
            while position < text.count, Self.isDigit(text[position]), column < 1 << 30 {
                column = column * 10 + Int(text[position] - UInt8(ascii: "0"))
                position += 1
            }
            guard position > digits else { throw invalid("expected a column number") }
            guard take("]") else { throw invalid("expected ']'") }
        } else if width > 1 {
            throw invalid(
                "task '\(String(decoding: name, as: UTF8.self))' has \(width) columns; say which, "
                    + "such as \(String(decoding: name, as: UTF8.self))[0]")
        }
        guard column < width else {
            let text = String(decoding: name, as: UTF8.self)
            throw RequestError(
                .columnOutOfRange,
                "task '\(text)' has \(width) columns, there is no column \(column)", task: text,
                bound: width - 1, actual: column, offset: start)
        }
        try emit(.score(task: task, column: column), &program)
    }

    // MARK: Tokens

    private mutating func quotedName() throws(RequestError) -> UnsafeRawBufferPointer {
        let start = position + 1
        position = start
        while position < text.count, text[position] != UInt8(ascii: "\"") { position += 1 }
        guard position < text.count else {
            position = start - 1
            throw invalid("a quoted name does not end")
        }
        defer { position += 1 }
        return UnsafeRawBufferPointer(rebasing: text[start..<position])
    }

    /// A decimal number; rounded by way of double, so exact for up to 15 digits.
    private mutating func number() throws(RequestError) -> Float {
        let start = position
        func digits(_ position: inout Int) {
            while position < text.count, Self.isDigit(text[position]) { position += 1 }
        }
        digits(&position)
        if position < text.count, text[position] == UInt8(ascii: ".") {
            position += 1
            digits(&position)
        }
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            var end = position + 1
            if end < text.count, text[end] == UInt8(ascii: "+") || text[end] == UInt8(ascii: "-") {
                end += 1
            }
            let exponent = end
            digits(&end)
            if end > exponent { position = end }
        }
        let bytes = UnsafeRawBufferPointer(rebasing: text[start..<position])
        guard
            let value = Float(Substring(decoding: bytes, as: UTF8.self)), value.isFinite
        else {
            position = start
            throw invalid("expected a number within the range of float32")
        }
        return value
    }

    private mutating func skipBlanks() {
        while position < text.count, text[position] == 0x20 || 9...13 ~= text[position] {
            position += 1
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private func emit(
        _ operation: ScoreOperation, _ program: inout ScoreProgram
    ) throws(RequestError) {
        guard program.append(operation) else {
            throw RequestError(
                .formulaTooLarge,
                "the ranking expression is too large at byte \(position): at most "
                    + "\(RankingLimits.operationsMax) operations and \(RankingLimits.stackMax) "
                    + "values that wait", bound: RankingLimits.operationsMax, offset: position)
        }
    }

    private func invalid(_ problem: String) -> RequestError {
        let given = String(decoding: text.dropFirst(position).prefix(16), as: UTF8.self)
        return RequestError(
            .formulaInvalid, "the ranking expression is wrong at byte \(position): \(problem)",
            given: given.isEmpty ? nil : given, offset: position)
    }

    private static func equal(_ bytes: UnsafeRawBufferPointer, _ text: String) -> Bool {
        bytes.elementsEqual(text.utf8)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        // Bytes from 0x80 are parts of other alphabets' letters; the wire checked that it is UTF-8.
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || byte == UInt8(ascii: "_")
            || byte >= 0x80
    }

    private static func isNamePart(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) }
}
