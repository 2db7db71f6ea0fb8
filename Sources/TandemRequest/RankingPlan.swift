internal import Glibc
internal import TandemWire

/// How one request ranks: its formula, and how many rows it wants.
///
/// Kept from request to request, so that a formula that comes again is not parsed again and the
/// arrays keep their memory.
struct RankingPlan {
    /// Whether the request ranks at all.
    private(set) var isWanted = false
    /// Rows to return, best first; 1 to the request's rows.
    private(set) var count = 0
    /// Whether the answer's scores are of the ranked rows only, in ranked order.
    private(set) var rankedRowsOnly = false
    /// The combined score.
    private(set) var program = ScoreProgram()
    private var parsedText: [UInt8] = []

    /// Takes a request's ranking.
    ///
    /// - Throws: `topKOutOfRange`, or what is wrong with the formula.
    /// - Complexity: O(formula); allocates nothing once the arrays have grown, but for a named
    ///   formula's reference.
    mutating func take(
        _ ranking: RankingView?, rows: Int, model: ServableModel
    ) throws(RequestError) {
        guard let ranking else {
            isWanted = false
            rankedRowsOnly = false
            return
        }
        isWanted = true
        rankedRowsOnly = ranking.rankedRowsOnly
        count = ranking.topK ?? rows
        guard count >= 1 && count <= rows else {
            throw RequestError(
                .topKOutOfRange, "top_k is \(count); it must be 1 to the request's \(rows) rows",
                limit: "rows", bound: rows, actual: count)
        }
        switch ranking.formula {
        case .expression(let text): try takeExpression(text, model)
        case .named(let name):
            parsedText.removeAll(keepingCapacity: true)
            program = try model.formula(named: name.bytes)
        case .weightedSum(let terms): try takeTerms(terms, model, isProduct: false)
        case .powerProduct(let terms): try takeTerms(terms, model, isProduct: true)
        }
    }

    private mutating func takeExpression(
        _ text: TextView, _ model: ServableModel
    ) throws(RequestError) {
        if isParsed(text.bytes) { return }
        // Only a text that parsed is remembered.
        parsedText.removeAll(keepingCapacity: true)
        try ExpressionParser.parse(text.bytes, into: &program, tasks: model.tasks)
        parsedText.append(contentsOf: text.bytes)
    }

    /// Whether the program is this text's.
    private func isParsed(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let given = text.baseAddress, text.count == parsedText.count else { return false }
        return parsedText.withUnsafeBytes { parsed in
            parsed.baseAddress.map { memcmp($0, given, text.count) == 0 } ?? false
        }
    }

    private mutating func takeTerms(
        _ terms: RankingTermListView, _ model: ServableModel, isProduct: Bool
    ) throws(RequestError) {
        parsedText.removeAll(keepingCapacity: true)
        program.removeAll()
        for index in 0..<terms.endIndex {
            let term = terms[index]
            let task = try model.tasks.find(term.task.bytes)
            let width = model.tasks.widths[task]
            guard term.column < width else {
                throw RequestError(
                    .columnOutOfRange,
                    "task '\(model.tasks.names[task])' has \(width) columns, there is no column "
                        + "\(term.column)", task: model.tasks.names[task], bound: width - 1,
                    actual: term.column)
            }
            // At most 256 terms of 6 operations and 3 waiting values: within the program's limits.
            _ = program.append(.score(task: task, column: term.column))
            if isProduct {
                _ = program.append(.number(0))
                _ = program.append(.binary(.max))
            }
            _ = program.append(.number(term.weight))
            _ = program.append(.binary(isProduct ? .power : .multiply))
            if index > 0 { _ = program.append(.binary(isProduct ? .multiply : .add)) }
        }
    }
}
