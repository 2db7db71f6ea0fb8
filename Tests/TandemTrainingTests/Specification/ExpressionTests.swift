import TandemTraining
import Testing

@Suite struct ExpressionTests {
    let text = """
        n,m,city,when,words
        1,10,Bern,02-Jun-06,5
        2,,Basel,29-Feb-08,See DN-304
        ,30,,30-Feb-08,7

        """

    @Test(arguments: [
        ("n + m * 2", [21, nil, nil]), ("-n - -1", [0, -1, nil]), ("(n + 1) / 2", [1, 1.5, nil]),
        ("n / 0", [nil, nil, nil]), ("2 - 1 - 1 + 0 * n", [0, 0, nil]),
        ("n == 1", [1, 0, nil]), ("n != 1", [0, 1, nil]), ("n < 2", [1, 0, nil]),
        ("n <= 1 or m >= 30", [1, nil, 1]), ("n > 1 and m > 20", [0, nil, nil]),
        ("not n == 1", [0, 1, nil]), ("not (n == 1 or n == 2)", [0, 0, nil]),
        ("city == 'Bern'", [1, 0, nil]), ("\"Bern\" != city", [0, 1, nil]),
        ("city == 'Paris'", [0, 0, nil]), ("'a' == 'a'", [1, 1, 1]),
        ("missing(n)", [0, 0, 1]), ("present(city)", [1, 1, 0]),
        ("number(words)", [5, nil, 7]), ("`n` * 1", [1, 2, nil]),
        ("date(when, '%d-%b-%y')", [13_301, 13_938, nil]),
        ("year(date(when, '%d-%b-%y'))", [2006, 2008, nil]),
        ("month(date(when, '%d-%b-%y'))", [6, 2, nil]),
        ("weekday(date(when, '%d-%b-%y'))", [4, 4, nil]),
        ("log1p(0 * n)", [0, 0, nil]), ("abs(-n)", [1, 2, nil]), ("floor(n / 2)", [0, 1, nil]),
        ("true and n == 1", [1, 0, nil]), ("false or n == 1", [1, 0, nil]),
        ("1.5e1 + 0 * n", [15, 15, nil]),
    ])
    func `evaluates to these values`(source: String, expected: [Double?]) throws {
        #expect(try values(source) == expected)
    }

    @Test func `knows what it gives and which columns it reads`() throws {
        let expression = try Expression("`Line Item` > 2 and city == 'Bern' or missing(words)")
        #expect(expression.kind == .truth)
        #expect(
            expression.requests == [
                ColumnRequest("Line Item", .float64), ColumnRequest("city", .text),
                ColumnRequest("words", .text),
            ])
        #expect(try Expression("n + 1").kind == .number)
    }

    @Test(arguments: [
        ("", 1), ("n +", 4), ("n = 1", 3), ("n == 1)", 7), ("(n", 3), ("n & m", 3), ("f(n)", 1),
        ("n < m < 3", 7), ("'open", 1), ("`open", 1), ("date(n)", 7), ("date(n, '%Q')", 9),
        ("1x2", 2), ("n == 'a' + 1", 10), ("and", 1), ("number(1)", 8), ("n ; m", 3),
    ])
    func `refuses what it cannot parse, with the character`(source: String, at: Int) throws {
        let error = try refusal { () throws(TrainingError) in _ = try Expression(source) }
        #expect(error.code == .invalidExpression)
        #expect(error.actual == at)
    }

    @Test(arguments: [
        ("n and m == 1", "write n == 1"), ("not n", "write n == 1"),
        ("n == 1 + 'a'", "use numbers"),
        ("'a' < 'b'", "use numbers"), ("n > 'a'", "use numbers"), ("'a' == 1", "in quotes"),
        ("(n > 1) == 2", "a comparison"), ("abs(n > 1)", "use numbers"), ("-'a'", "use numbers"),
    ])
    func `refuses to mix numbers, texts and truth values`(source: String, remedy: String) throws {
        let error = try refusal { () throws(TrainingError) in _ = try Expression(source) }
        #expect(error.code == .invalidExpression)
        #expect(error.remedy.contains(remedy), "\(error)")
    }

    @Test func `names the function that was meant`() throws {
        let error = try refusal { () throws(TrainingError) in _ = try Expression("presnt(n)") }
        #expect(error.remedy.contains("'present'"))
    }

    @Test func `refuses one byte and one level over the limits`() throws {
        let longest = "1" + String(repeating: " ", count: TrainingLimits.expressionBytesMax - 1)
        #expect(try Expression(longest).kind == .number)
        let long = try refusal { () throws(TrainingError) in _ = try Expression(longest + " ") }
        #expect(long.code == .overLimit)
        #expect(long.limit == TrainingLimits.expressionBytesMax)
        let levels = TrainingLimits.expressionDepthMax - 1
        let deepest =
            String(repeating: "(", count: levels) + "1" + String(repeating: ")", count: levels)
        #expect(try Expression(deepest).kind == .number)
        let deep = try refusal { () throws(TrainingError) in _ = try Expression("(\(deepest))") }
        #expect(deep.code == .invalidExpression)
        #expect(deep.limit == TrainingLimits.expressionDepthMax)
    }

    private func values(_ source: String) throws -> [Double?] {
        let expression = try Expression(source)
        let file = try TemporaryFile(text)
        let table = try TableReader(
            paths: [file.path],
            columns: Array(expression.requests) + [ColumnRequest("city", .text)]
        ).readAll()
        let column = expression.evaluate(table)
        return (0..<table.rowCount).map { column.number($0) }
    }
}
