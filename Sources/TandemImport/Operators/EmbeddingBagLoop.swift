import TandemGraph

/// The loop that PyTorch's TorchScript exporter writes for EmbeddingBag.
///
/// Iteration i slices elements `offsets[i] ..< offsets[i + 1]` out of a flat array of ids, looks
/// them up, may multiply by a slice of weights, and reduces. Where all bags are of one size, which
/// the offsets show, this is one lookup of ids `[bags, size]` and a reduction of axis 1.
struct EmbeddingBagLoop {
    private let context: OperatorContext
    private let reduction: Reduction
    private let table, ids: ImportedValue
    private let weights: ImportedValue?
    /// Ids and weights as bags: `[bags, size]`.
    private let shape: [Dimension]

    /// Reads a `Loop`; nil if it is another one, or its bags are not of one size.
    init?(_ context: OperatorContext) throws(ImportError) {
        let reader = LoopBodyReader(try context.requiredGraph("body"), context)
        guard let bag = BagBody(reader), context.node.inputs.count <= 2,
            context.optional(1)?.integers ?? [1] == [1],
            reader.outer(bag.goesOn)?.integers == [1],
            let starts = reader.outer(bag.starts)?.progression, starts.start == 0, starts.step > 0,
            let stops = reader.outer(bag.stops)?.progression, stops.start == starts.step,
            stops.step == starts.step, context.optional(0)?.sizes == [stops.count],
            let elementCount = stops.count.multiplied(by: .fixed(starts.step)),
            let table = reader.outer(bag.table),
            let ids = reader.outer(bag.ids), ids.shape == [elementCount]
        else { return nil }
        self.context = context
        self.table = table
        self.ids = ids
        reduction = bag.reduction
        shape = [stops.count, .fixed(starts.step)]
        weights = bag.weights.flatMap { reader.outer($0) }
        guard bag.weights == nil || weights?.shape == [elementCount] else { return nil }
    }

    /// The bags' vectors, `[bags, width]`.
    func lowered() throws(ImportError) -> ImportedValue {
        var rows = try context.emit(.gather(axis: 0), table, context.reshape(ids, shape))
        if let weights {
            rows = try context.multiply(rows, context.reshape(weights, shape + [1]))
        }
        return try context.reduce(reduction, rows, axes: [1])
    }
}

/// What the values of the outside are to the body of a loop over bags, by name.
private struct BagBody {
    let reduction: Reduction
    let table, ids, starts, stops, goesOn: String
    let weights: String?

    /// Recognises a body; nil if it is another one.
    init?(_ reader: LoopBodyReader) {
        guard reader.body.outputs.count == 2, let goesOn = reader.condition,
            let reduce = reader.maker(of: reader.body.outputs[1].name),
            let reduction = Self.reductions[reduce.operator],
            reader.integers("keepdims", of: reduce) == [0], reader.axes(of: reduce) == [0],
            var rows = reader.maker(reduce, 0)
        else { return nil }
        var slices: [LoopBodyReader.Slice] = []
        if rows.operator == "Mul" {
            guard let wide = reader.maker(rows, 1), wide.operator == "Unsqueeze",
                reader.axes(of: wide) == [1],
                let share = reader.maker(wide, 0).flatMap({ reader.slice($0) }),
                let lookup = reader.maker(rows, 0)
            else { return nil }
            slices.append(share)
            rows = lookup
        }
        guard rows.operator == "Gather", reader.integers("axis", of: rows) ?? [0] == [0],
            let bag = reader.maker(rows, 1).flatMap({ reader.slice($0) }),
            slices.allSatisfy({ $0.starts == bag.starts && $0.stops == bag.stops })
        else { return nil }
        self.reduction = reduction
        self.goesOn = goesOn
        table = rows.inputs[0]
        (ids, starts, stops) = (bag.array, bag.starts, bag.stops)
        weights = slices.first?.array
    }

    private static let reductions: [String: Reduction] = [
        "ReduceSum": .sum, "ReduceMean": .mean, "ReduceMax": .maximum,
    ]
}
