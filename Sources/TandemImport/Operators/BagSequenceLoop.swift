import TandemGraph

/// The loop that PyTorch's newer exporter (`dynamo=True`) writes for EmbeddingBag.
///
/// All ids are looked up before the loop. Iteration i slices rows `offsets[i] ..< offsets[i + 1]`
/// out of them, reduces them, and appends the result to a sequence, which is concatenated behind
/// the loop. Two branches are in its way: an empty bag gives zeros, and the mean of the last bag is
/// spelled as a sum and a division. Where all bags are of one size, which the offsets show, neither
/// changes anything, and the loop is one reduction of `[bags, size, width]`.
struct BagSequenceLoop {
    private let context: OperatorContext
    private let reduction: Reduction
    private let rows: ImportedValue
    private let bagCount: Dimension
    private let bagSize: Int
    /// Whether the sequence is carried before the counter; the exporter writes both orders.
    private let isSequenceFirst: Bool

    /// Reads a `Loop`; nil if it is another one, or its bags are not of one size.
    init?(_ context: OperatorContext) throws(ImportError) {
        let reader = LoopBodyReader(try context.requiredGraph("body"), context)
        let isSequenceFirst = context.optional(2)?.sequence != nil
        let (counter, sequence) = isSequenceFirst ? (3, 2) : (2, 3)
        guard context.node.inputs.count == 4, context.optional(0) == nil,
            context.optional(1)?.integers ?? [1] == [1], context.optional(counter)?.integers == [0],
            case .members(let first) = context.optional(sequence)?.sequence, first.isEmpty,
            let bag = BagSequenceBody(reader, counter: counter, sequence: sequence),
            let offsets = reader.outer(bag.offsets)?.progression, offsets.start == 0,
            offsets.step > 0, let count = offsets.count.subtracting(1),
            reader.size(bag.count) == count,
            let elementCount = count.multiplied(by: .fixed(offsets.step)),
            let rows = reader.outer(bag.rows), rows.shape.first == elementCount,
            bag.lastMean?.isMean(count, elementCount, reader) ?? true
        else { return nil }
        self.context = context
        self.rows = rows
        self.isSequenceFirst = isSequenceFirst
        reduction = bag.reduction
        bagCount = count
        bagSize = offsets.step
    }

    /// The loop's carried values: the number of bags and the sequence of their vectors, in its order.
    func lowered() throws(ImportError) -> [ImportedValue] {
        let shape = [bagCount, .fixed(bagSize)] + rows.shape.dropFirst()
        let bags = try context.reshape(rows, shape)
        let vectors = try context.reduce(reduction, bags, axes: [1])
        let count = try context.reshape(context.sizesConstant([bagCount]), [])
        let sequence = ImportedValue(.slices(vectors), name: context.node.name)
        return isSequenceFirst ? [sequence, count] : [count, sequence]
    }
}

/// What the values of the outside are to the body of such a loop, by name.
private struct BagSequenceBody {
    let reduction: Reduction
    let rows, offsets, count: String
    let lastMean: LastMean?

    /// Recognises a body by its inputs at these places; nil if it is another one.
    init?(_ reader: LoopBodyReader, counter counterPlace: Int, sequence: Int) {
        let body = reader.body
        guard body.inputs.count == 4, body.outputs.count == 3 else { return nil }
        let counter = body.inputs[counterPlace].name
        guard let goesOn = reader.maker(of: body.outputs[0].name, "Less"),
            reader.shift(goesOn.input(0), from: counter) == 1,
            reader.shift(body.outputs[counterPlace - 1].name, from: counter) == 1,
            let insert = reader.maker(of: body.outputs[sequence - 1].name, "SequenceInsert"),
            insert.inputs.count == 2, insert.input(0) == body.inputs[sequence].name,
            let row = reader.maker(of: insert.input(1), "If"),
            let isEmpty = reader.maker(of: row.input(0), "Equal"),
            let start = BagBound(isEmpty.input(0), counter, reader), start.shift == 0,
            let end = BagBound(isEmpty.input(1), counter, reader), end.shift == 1,
            start.offsets == end.offsets,
            let full = reader.result("else_branch", of: row).flatMap({ reader.maker(of: $0) })
        else { return nil }
        var reduce = full
        var lastMean: LastMean?
        if full.operator == "If" {
            guard
                let mean = reader.maker(of: reader.result("else_branch", of: full), "ReduceMean"),
                let last = LastMean(full, counter, rows: mean.input(0), isEmpty.input(0), reader)
            else { return nil }
            (reduce, lastMean) = (mean, last)
        }
        guard let reduction = Self.reductions[reduce.operator], reader.axes(of: reduce) == [0],
            reader.integers("keepdims", of: reduce) ?? [1] == [1],
            let bag = reader.maker(of: reduce.input(0), "Slice"), bag.inputs.count == 3,
            bag.input(1) == isEmpty.input(0), bag.input(2) == isEmpty.input(1)
        else { return nil }
        self.reduction = reduction
        self.lastMean = lastMean
        rows = bag.input(0)
        offsets = start.offsets
        count = goesOn.input(1)
    }

    private static let reductions: [String: Reduction] = [
        "ReduceSum": .sum, "ReduceMean": .mean, "ReduceMax": .maximum,
    ]
}

/// A bound of the iteration's bag: element `counter + shift` of the offsets, as an array of one.
private struct BagBound {
    let offsets: String
    let shift: Int

    init?(_ name: String, _ counter: String, _ reader: LoopBodyReader) {
        guard let slice = reader.maker(of: name, "Slice"), slice.inputs.count == 3,
            let start = reader.shift(slice.input(1), from: counter),
            let end = reader.shift(slice.input(2), from: counter), end == start + 1
        else { return nil }
        offsets = slice.input(0)
        shift = start
    }
}

/// The mean of the last bag: `if counter == last { sum(rows) / (total - start) }`.
private struct LastMean {
    private let last, total: String

    /// Recognises the branch of the last bag; nil if it is another one.
    ///
    /// - Parameters:
    ///   - choice: The `If` between the last bag and others.
    ///   - counter: The name of the iteration's number.
    ///   - rows: The name of the bag's rows.
    ///   - start: The name of the bag's first bound.
    ///   - reader: Looks into the body.
    init?(
        _ choice: ONNXNode, _ counter: String, rows: String, _ start: String,
        _ reader: LoopBodyReader
    ) {
        guard let isLast = reader.maker(of: choice.input(0), "Equal"),
            reader.shift(isLast.input(0), from: counter) == 0,
            let guarded = reader.maker(of: reader.result("then_branch", of: choice), "If"),
            let isSome = reader.maker(of: guarded.input(0), "Greater"),
            reader.size(isSome.input(1)) == 0,
            let quotient = reader.maker(of: reader.result("then_branch", of: guarded), "Div"),
            let sum = reader.maker(of: quotient.input(0), "ReduceSum"), sum.input(0) == rows,
            reader.axes(of: sum) == [0], reader.integers("keepdims", of: sum) ?? [1] == [1],
            let divisor = reader.maker(of: quotient.input(1), "Cast"),
            divisor.input(0) == isSome.input(0),
            let rest = reader.maker(of: divisor.input(0), "Sub"), rest.input(1) == start
        else { return nil }
        last = isLast.input(1)
        total = rest.input(0)
    }

    /// Whether it is the same as the mean of other bags: the last one, up to the end of all rows.
    func isMean(
        _ bagCount: Dimension, _ elementCount: Dimension, _ reader: LoopBodyReader
    ) -> Bool {
        reader.size(last) == bagCount.subtracting(1) && reader.size(total) == elementCount
    }
}
