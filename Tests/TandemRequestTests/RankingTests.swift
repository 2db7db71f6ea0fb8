import TandemRequest
import TandemServingSupport
import TandemWire
import Testing

@Suite struct RankingTests {
    private func ranked(
        _ ranking: RankingMessage, tasks: [String] = [], rows: Int = 5
    ) throws -> ReadAnswer {
        var message = TinyRequests.predict(rows: rows)
        message.tasks = tasks
        message.ranking = ranking
        return try RunHarness().answer(message)
    }

    private func refusal(_ ranking: RankingMessage) throws -> RequestError {
        var message = TinyRequests.predict(rows: 5)
        message.ranking = ranking
        return try #require(try RunHarness().refusal(message))
    }

    // Ratings of rows 0 ... 4 are 1, 3, 5, 7, 1.

    @Test func `ranks best first, ties in the request's order`() throws {
        let answer = try ranked(RankingMessage(.weightedSum([.init("rating", weight: 1)])))
        #expect(answer.rankedRows == [3, 2, 1, 0, 4])
        #expect(answer.rankedScores == [7, 5, 3, 1, 1])
        #expect(answer.values("rating") == [1, 3, 5, 7, 1])
    }

    @Test(arguments: 1...5) func `returns the best k`(count: Int) throws {
        let answer = try ranked(
            RankingMessage(
                .weightedSum([.init("rating", weight: -1)]), topK: UInt32(count)))
        #expect(answer.rankedRows == Array([0, 4, 1, 2, 3].prefix(count)))
    }

    @Test func `returns the ranked rows' scores only where asked`() throws {
        let answer = try ranked(
            RankingMessage(.expression("rating"), topK: 2, rankedRowsOnly: true))
        #expect(answer.rankedRows == [3, 2])
        #expect(answer.values("rating") == [7, 5])
        #expect(answer.values("class")?.count == 6)
    }

    @Test func `ranks by a task that is not in the answer`() throws {
        let answer = try ranked(RankingMessage(.expression("rating"), topK: 1), tasks: ["click"])
        #expect(answer.rankedRows == [3])
        #expect(answer.tasks.map(\.name) == ["click"])
        let only = try ranked(
            RankingMessage(.expression("rating"), topK: 1, rankedRowsOnly: true),
            tasks: ["click"])
        #expect(only.values("click") == answer.values("click").map { [$0[3]] })
    }

    @Test func `combines tasks by sum, product, expression and the package's formula`() throws {
        let all = try ranked(RankingMessage(.named("value")))
        let click = try #require(all.values("click"))
        let rating = try #require(all.values("rating"))
        let rows = try #require(all.rankedRows).map(Int.init)
        #expect(all.rankedScores == rows.map { click[$0] * rating[$0] })
        let product = try ranked(
            RankingMessage(
                .powerProduct([.init("click", weight: 1), .init("rating", weight: 1)])))
        #expect(product.rankedRows == all.rankedRows)
        #expect(product.rankedScores == all.rankedScores)
        let sum = try ranked(
            RankingMessage(
                .weightedSum([.init("click", weight: 2), .init("rating", weight: 0.5)])))
        let sumRows = try #require(sum.rankedRows).map(Int.init)
        #expect(sum.rankedScores == sumRows.map { click[$0] * 2 + rating[$0] * 0.5 })
        let classes = try ranked(
            RankingMessage(.weightedSum([.init("class", weight: 1, column: 1)]), topK: 1))
        #expect(classes.rankedRows == [3])
    }

    @Test func `a negative score counts as nothing in a product`() throws {
        let answer = try ranked(
            RankingMessage(.powerProduct([.init("rating", weight: 0)])))
        #expect(answer.rankedScores == [1, 1, 1, 1, 1])
        #expect(answer.rankedRows == [0, 1, 2, 3, 4])
    }

    @Test func `ranks scores that are not a number last`() throws {
        // log of 0 and of a negative number, for rows whose rating is 1 and 3.
        let answer = try ranked(RankingMessage(.expression("log(rating - 4)")))
        #expect(answer.rankedRows == [3, 2, 0, 1, 4])
        #expect(answer.rankedScores[2].isNaN)
    }

    @Test(arguments: [0, 6]) func `refuses a top k outside of the rows`(count: UInt32) throws {
        let error = try refusal(RankingMessage(.expression("click"), topK: count))
        #expect(error.code == .topKOutOfRange)
        #expect(error.bound == 5 && error.actual == Int(count))
    }

    @Test func `refuses unknown tasks, columns and formulas`() throws {
        let task = try refusal(RankingMessage(.weightedSum([.init("clicks", weight: 1)])))
        #expect(task.code == .taskUnknown && task.task == "clicks")
        let column = try refusal(
            RankingMessage(.powerProduct([.init("class", weight: 1, column: 3)])))
        #expect(column.code == .columnOutOfRange)
        #expect(column.bound == 2 && column.actual == 3)
        let formula = try refusal(RankingMessage(.named("valeu")))
        #expect(formula.code == .formulaUnknown)
        #expect(formula.message.contains("did you mean 'value'?"))
    }

    @Test func `forgets a formula that did not parse`() throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict(rows: 5)
        message.ranking = RankingMessage(.expression("rating +"))
        #expect(harness.refusal(message)?.code == .formulaInvalid)
        #expect(harness.refusal(message)?.code == .formulaInvalid)
        message.ranking = RankingMessage(.expression("rating"))
        for _ in 0..<2 { #expect(try harness.answer(message).rankedRows == [3, 2, 1, 0, 4]) }
    }

    @Test func `ranks the most rows a request may have`() throws {
        let rows = 65_536
        var message = TinyRequests.predict(rows: rows)
        message.tasks = ["click"]
        message.ranking = RankingMessage(.expression("price_rank"), topK: 3)
        message.ranking = RankingMessage(.expression("rating"), topK: 3, rankedRowsOnly: true)
        let answer = try RunHarness().answer(message)
        #expect(answer.rankedRows == [3, 7, 11])
    }
}
