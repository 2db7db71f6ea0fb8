import TandemGraph

// Recurrent layers. Each output of each direction is an operation of its own; the sequence is
// brought to [batch, steps, features], which the graph's operation takes.

extension OperatorTable {
    static let recurrences: [OperatorEntry] = [
        OperatorEntry(
            "LSTM", inputs: 3...8, attributes: RecurrentLayer.attributes.union(["input_forget"])
        ) { try RecurrentLayer($0, .lstm).outputs() },
        OperatorEntry(
            "GRU", inputs: 3...6,
            attributes: RecurrentLayer.attributes.union(["linear_before_reset"])
        ) { context in
            let resetsAfter = try context.flag("linear_before_reset", default: false)
            return try RecurrentLayer(context, .gru(resetsAfter: resetsAfter)).outputs()
        },
        OperatorEntry("RNN", inputs: 3...6, attributes: RecurrentLayer.attributes) { context in
            try RecurrentLayer(context, .plain).outputs()
        },
    ]
}

/// One `LSTM`, `GRU` or `RNN` node while it is lowered.
struct RecurrentLayer {
    static let attributes: Set<String> = [
        "activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size",
        "layout",
    ]

    private let context: OperatorContext
    private let cell: Recurrence.Cell
    private let isBatchFirst: Bool
    /// Whether each direction is visited backwards.
    private let directions: [Bool]
    private let x: ImportedValue
    private let weight: ImportedValue
    private let recurrentWeight: ImportedValue

    /// Reads a node; weights other than the node's own are those of a quantised form.
    init(
        _ context: OperatorContext, _ cell: Recurrence.Cell, weights: [ImportedValue]? = nil
    ) throws(ImportError) {
        self.context = context
        self.cell = cell
        isBatchFirst = try context.flag("layout", default: false)
        let direction = try context.string("direction", default: "forward")
        switch direction {
        case "forward": directions = [false]
        case "reverse": directions = [true]
        case "bidirectional": directions = [false, true]
        default:
            throw context.failure(.invalidAttribute, "there is no direction '\(direction)'")
        }
        let sequence = try context.float(try context.input(0))
        guard sequence.rank == 3 else {
            throw context.failure(.wrongShape, "needs a sequence of rows, got \(sequence.type)")
        }
        x = isBatchFirst ? sequence : try context.transpose(sequence, [1, 0, 2])
        if let weights {
            (weight, recurrentWeight) = (weights[0], weights[1])
        } else {
            (weight, recurrentWeight) = (try context.input(1), try context.input(2))
        }
        for value in [weight, recurrentWeight]
        where value.rank != 3 || value.shape[0] != .fixed(directions.count) {
            throw context.failure(
                .wrongShape, "\(directions.count) direction(s) with weights of \(value.type)")
        }
        try checkForm()
    }

    /// Refuses what the operation of the graph cannot say.
    private func checkForm() throws(ImportError) {
        let usual: [String]
        switch cell {
        case .lstm: usual = ["sigmoid", "tanh", "tanh"]
        case .gru: usual = ["sigmoid", "tanh"]
        case .plain: usual = ["tanh"]
        }
        let wanted = directions.flatMap { _ in usual }
        let named = try context.strings("activations") ?? wanted
        guard named.map({ $0.lowercased() }) == wanted else {
            throw context.failure(
                .unsupported, "activations \(named) are not the usual ones",
                "use sigmoid gates and tanh, or write the cell out step by step")
        }
        if let clip = try context.float("clip"), clip != 0 {
            throw context.failure(
                .unsupported, "gates clipped to \(clip)", "export without the attribute 'clip'")
        }
        if try context.flag("input_forget", default: false) {
            throw context.failure(
                .unsupported, "coupled input and forget gates", "use a plain LSTM")
        }
    }

    /// All states, the last states, and an LSTM's last cells.
    func outputs() throws(ImportError) -> [ImportedValue] {
        var outputs: [ImportedValue] = []
        let results: [Recurrence.Result] =
            cell == .lstm ? [.sequence, .last, .lastCell] : [.sequence, .last]
        for (index, result) in results.enumerated() {
            guard context.wantsOutput(index) else {
                // A place that nothing reads; the array keeps its order.
                outputs.append(x)
                continue
            }
            var parts: [ImportedValue] = []
            for direction in directions.indices {
                parts.append(try layer(result, direction))
            }
            outputs.append(try joined(parts, isSequence: result == .sequence))
        }
        return outputs
    }

    /// Directions become an axis: `[S, D, B, H]` or `[D, B, H]`, batch first as the layout says.
    private func joined(
        _ parts: [ImportedValue], isSequence: Bool
    ) throws(ImportError) -> ImportedValue {
        let axis = isSequence ? 2 : 1
        var wide: [ImportedValue] = []
        for part in parts { wide.append(try context.unsqueeze(part, axes: [axis])) }
        let value = try context.concat(wide, axis: axis)
        if isBatchFirst { return value }
        return try context.transpose(value, isSequence ? [1, 2, 0, 3] : [1, 0, 2])
    }

    private func layer(
        _ result: Recurrence.Result, _ direction: Int
    ) throws(ImportError) -> ImportedValue {
        var recurrence = Recurrence(cell, result: result)
        recurrence.isReversed = directions[direction]
        let recurrent = try share(recurrentWeight, direction)
        let gated = recurrent.shape[0]
        var inputs = [x, try share(weight, direction), recurrent]
        guard let biasWidth = gated.multiplied(by: 2) else {
            throw context.failure(.overflow, "the bias does not fit")
        }
        if let bias = context.optional(3) {
            inputs.append(try share(bias, direction))
        } else {
            inputs.append(try context.filled(0, .float32, [biasWidth]))
        }
        if let lengths = context.optional(4) {
            recurrence.hasLength = true
            inputs.append(try context.cast(lengths, to: .int32))
        }
        if let state = context.optional(5) {
            recurrence.hasInitialState = true
            inputs.append(try initial(state, direction))
        }
        if cell == .lstm, let state = context.optional(6) {
            recurrence.hasInitialCell = true
            inputs.append(try initial(state, direction))
        }
        if cell == .lstm, let peepholes = context.optional(7) {
            recurrence.hasPeepholes = true
            inputs.append(try share(peepholes, direction))
        }
        return try context.emit(.recurrent(recurrence), inputs)
    }

    private func share(
        _ value: ImportedValue, _ direction: Int
    ) throws(ImportError) -> ImportedValue {
        guard value.rank >= 2 else {
            throw context.failure(.wrongShape, "a weight of \(value.type) has no directions")
        }
        let part = try context.slice(value, axis: 0, .fixed(direction), .fixed(direction + 1))
        return try context.squeeze(part, axes: [0])
    }

    /// A direction's initial state, `[B, H]`.
    private func initial(
        _ value: ImportedValue, _ direction: Int
    ) throws(ImportError) -> ImportedValue {
        let axis = isBatchFirst ? 1 : 0
        guard value.rank == 3 else {
            throw context.failure(.wrongShape, "an initial state of \(value.type)")
        }
        let part = try context.slice(value, axis: axis, .fixed(direction), .fixed(direction + 1))
        return try context.squeeze(part, axes: [axis])
    }
}
