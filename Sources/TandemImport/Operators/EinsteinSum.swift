import TandemGraph

// Design: sums over named indices are matrix products.
//
// Two operands are brought into the form [batch..., left, inner] and [batch..., inner, right], where
// batch are the indices that both have and the result keeps, inner those that nothing later needs,
// and left and right the others, each joined into one axis. More operands are taken one after the
// other. Forms that a `matmul` or `linear` has already come out as just that, since a transpose or
// reshape that changes nothing is not emitted.

/// One `Einsum` node while it is lowered.
struct EinsteinSum {
    /// An operand or partial result; a label an axis, no two alike.
    private struct Term {
        var value: ImportedValue
        var labels: [String]

        func size(_ label: String) -> Dimension {
            labels.firstIndex(of: label).map { value.shape[$0] } ?? 1
        }
    }

    private let context: OperatorContext

    /// Lowers a node.
    init(_ context: OperatorContext) { self.context = context }

    /// The sum.
    ///
    /// - Throws: `ImportError` when the equation and the operands do not fit.
    func result() throws(ImportError) -> ImportedValue {
        guard let text = try context.string("equation") else {
            throw context.failure(.invalidAttribute, "attribute 'equation' is missing")
        }
        let equation = text.filter { $0 != " " }
        let sides = equation.split(separator: "->", omittingEmptySubsequences: false)
        let operands = try context.allInputs()
        let left = (sides.first ?? "").split(separator: ",", omittingEmptySubsequences: false)
        guard sides.count <= 2, left.count == operands.count else {
            throw context.failure(
                .invalidAttribute, "'\(text)' does not fit \(operands.count) operands")
        }
        var terms: [Term] = []
        for (operand, letters) in zip(operands, left) {
            terms.append(try term(operand, try labels(letters, rank: operand.rank)))
        }
        let output =
            try sides.count == 2
            ? explicit(sides[1], terms) : implicit(left.joined(), terms)
        return try sum(terms, output)
    }

    // MARK: The equation

    /// The labels of a term; what `...` stands for is numbered from the back.
    private func labels(_ letters: Substring, rank: Int) throws(ImportError) -> [String] {
        let parts = letters.split(separator: "...", omittingEmptySubsequences: false)
        let named = parts.joined().map(String.init)
        let hidden = rank - named.count
        guard parts.count <= 2, named.allSatisfy({ $0.first?.isLetter == true }),
            parts.count == 2 ? hidden >= 0 : hidden == 0
        else {
            throw context.failure(
                .invalidAttribute, "term '\(letters)' does not fit an operand of rank \(rank)")
        }
        guard parts.count == 2 else { return named }
        let front = parts[0].count
        return named[..<front] + (0..<hidden).map { "\(hidden - $0)" } + named[front...]
    }

    private func hidden(_ terms: [Term]) -> [String] {
        let labels = Set(terms.flatMap(\.labels).filter { $0.first?.isNumber == true })
        return labels.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
    }

    private func explicit(
        _ letters: Substring, _ terms: [Term]
    ) throws(ImportError) -> [String] {
        let parts = letters.split(separator: "...", omittingEmptySubsequences: false)
        let middle = parts.count == 2 ? hidden(terms) : []
        let output =
            parts[0].map(String.init) + middle + (parts.count == 2 ? parts[1] : "").map(String.init)
        let known = Set(terms.flatMap(\.labels))
        guard parts.count <= 2, Set(output).count == output.count, known.isSuperset(of: output)
        else {
            throw context.failure(.invalidAttribute, "the result '\(letters)' is not well formed")
        }
        return output
    }

    /// Without an arrow: what `...` stands for, then the letters that occur once, sorted.
    private func implicit(_ letters: String, _ terms: [Term]) -> [String] {
        let named = letters.filter(\.isLetter).map(String.init)
        let once = named.filter { letter in named.count { $0 == letter } == 1 }
        return hidden(terms) + once.sorted()
    }

    /// A term whose labels differ: of two axes with one label only the diagonal is left.
    private func term(
        _ value: ImportedValue, _ labels: [String]
    ) throws(ImportError) -> Term {
        var term = Term(value: value, labels: labels)
        while let (first, second) = repeated(term.labels) {
            let rest = term.labels.indices.filter { $0 != first && $0 != second }
            let size = term.value.shape[first]
            guard let count = size.fixedSize, term.value.shape[second] == size else {
                throw context.failure(
                    .wrongShape,
                    "a diagonal needs two equal sizes known at import, "
                        + "\(term.value.type) has others")
            }
            let moved = try context.transpose(term.value, rest + [first, second])
            let outer = rest.map { term.value.shape[$0] }
            let flat = try context.reshape(moved, outer + [.fixed(count * count)])
            let places = (0..<count).map { $0 * (count + 1) }
            let kept = rest.map { term.labels[$0] } + [term.labels[first]]
            term = Term(
                value: try context.gather(flat, axis: rest.count, places), labels: kept)
        }
        return term
    }

    private func repeated(_ labels: [String]) -> (Int, Int)? {
        for (first, label) in labels.enumerated() {
            let second = labels[(first + 1)...].firstIndex(of: label)
            if let second { return (first, second) }
        }
        return nil
    }

    // MARK: The sum

    private func sum(_ terms: [Term], _ output: [String]) throws(ImportError) -> ImportedValue {
        guard var result = terms.first else {
            throw context.failure(.wrongArity, "there are no operands")
        }
        for index in terms.indices.dropFirst() {
            let later = terms[(index + 1)...].flatMap(\.labels)
            result = try product(result, terms[index], keeping: Set(output + later))
        }
        result = try reduced(result, keeping: Set(output))
        return try ordered(result, output).value
    }

    private func reduced(_ term: Term, keeping kept: Set<String>) throws(ImportError) -> Term {
        let axes = term.labels.indices.filter { !kept.contains(term.labels[$0]) }
        if axes.isEmpty { return term }
        return Term(
            value: try context.reduce(.sum, term.value, axes: axes),
            labels: term.labels.filter(kept.contains))
    }

    private func ordered(_ term: Term, _ labels: [String]) throws(ImportError) -> Term {
        let order = labels.compactMap { term.labels.firstIndex(of: $0) }
        return Term(value: try context.transpose(term.value, order), labels: labels)
    }

    private func product(
        _ a: Term, _ b: Term, keeping kept: Set<String>
    ) throws(ImportError) -> Term {
        let first = try reduced(a, keeping: kept.union(b.labels))
        let second = try reduced(b, keeping: kept.union(a.labels))
        let shared = first.labels.filter(second.labels.contains)
        let batch = shared.filter(kept.contains)
        let inner = shared.filter { !kept.contains($0) }
        let left = first.labels.filter { !shared.contains($0) }
        let right = second.labels.filter { !shared.contains($0) }
        let labels = batch + left + right
        if inner.isEmpty {
            let ones = [Dimension](repeating: 1, count: right.count)
            let x = try ordered(first, batch + left).value
            let y = try ordered(second, batch + right).value
            let wide = try context.reshape(x, x.shape + ones)
            let between = [Dimension](repeating: 1, count: left.count)
            let high = try context.reshape(
                y, Array(y.shape[..<batch.count]) + between + y.shape[batch.count...])
            return Term(value: try context.multiply(wide, high), labels: labels)
        }
        let x = try ordered(first, batch + left + inner).value
        let y = try ordered(second, batch + inner + right).value
        let width = try context.product(left.map(first.size))
        let depth = try context.product(inner.map(first.size))
        let height = try context.product(right.map(second.size))
        let matrix = try context.matmul(
            try context.reshape(x, batch.map(first.size) + [width, depth]),
            try context.reshape(y, batch.map(second.size) + [depth, height]))
        let shape =
            Array(matrix.shape[..<batch.count]) + left.map(first.size) + right.map(second.size)
        return Term(value: try context.reshape(matrix, shape), labels: labels)
    }
}

extension OperatorTable {
    static let sums: [OperatorEntry] = [
        OperatorEntry("Einsum", inputs: 1...4096, attributes: ["equation"]) { context in
            [try EinsteinSum(context).result()]
        }
    ]
}
