import TandemGraph

/// Layers, whole.
extension GraphGenerator {
    /// Adds a node of that name, or nothing where no value fits.
    mutating func drawLayer(_ name: String) throws(GraphError) {
        switch name {
        case "softmax":
            guard let x = floats(rank: 1) else { return }
            try node(.softmax, [x], bound: 1)
        case "layer_norm":
            guard let x = floats(rank: 1), let width = shape(x).last?.fixedSize else { return }
            // With a small epsilon, equal numbers would be magnified.
            try node(
                .layerNorm(epsilon: isSmooth ? 0.5 : 1e-5),
                [x, try parameter(.float32, [width]), try parameter(.float32, [width])],
                bound: 24)
        case "linear": try linear(nil)
        case "quantized_linear": try linear(.quantizedLinear)
        case "static_quantized_linear":
            try linear(
                .staticQuantizedLinear(
                    ActivationGrid(
                        scale: Float(number(1...64)) / 128, stepsBelow: number(0...255))))
        case "quantization_residual":
            guard let x = floats(rank: 1) else { return }
            try node(.quantizationResidual, [x], bound: bound(x))
        case "matmul": try matmul()
        case "convolution": try convolution()
        case "embedding", "quantized_embedding": try embedding(isQuantized: name != "embedding")
        case "embedding_sum": try pool(.embeddingPool(.sum), isQuantized: false)
        case "embedding_mean": try pool(.embeddingPool(.mean), isQuantized: false)
        case "quantized_embedding_sum":
            try pool(.quantizedEmbeddingPool(.sum), isQuantized: true)
        case "quantized_embedding_mean":
            try pool(.quantizedEmbeddingPool(.mean), isQuantized: true)
        case "mixture": try mixture()
        case "attention": try attention()
        case "lstm": try recurrent(.lstm)
        case "quantized_lstm": try quantizedRecurrent(.lstm)
        case "quantized_gru": try quantizedRecurrent(.gru(resetsAfter: true))
        case "gru": try recurrent(.gru(resetsAfter: chance(1, in: 2)))
        case "rnn": try recurrent(.plain)
        default: preconditionFailure("no generator draws '\(name)': add a case")
        }
    }

    // MARK: Products

    private mutating func linear(_ quantized: Operation?) throws(GraphError) {
        let isQuantized = quantized != nil
        guard let x = floats(rank: 1), let depth = shape(x).last?.fixedSize,
            !isQuantized || isStable(x)
        else { return }
        let width = number(1...4)
        var inputs = [x, try parameter(isQuantized ? .int8 : .float32, [width, depth])]
        if isQuantized { inputs.append(try parameter(.float32, [width])) }
        if chance(1, in: 2) {
            inputs.append(try operand(.float32, [.fixed(width)], upTo: .context))
        }
        try node(
            quantized ?? .linear, inputs,
            bound: bound(x) * Double(depth * (isQuantized ? 32 : 4)) + 64)
    }

    private mutating func matmul() throws(GraphError) {
        guard
            let x = pick({
                ($1.dtype == .float32 || $1.dtype == .int32) && $1.shape.count >= 2
            })
        else { return }
        let (rank, columns) = (shape(x).count, size())
        let inner = shape(x)[rank - 1]
        let outer = repeated(Array(shape(x).dropLast(2)))
        let y = try operand(type(x).dtype, outer + [inner, columns])
        try node(.matmul, [x, y], bound: bound(x) * bound(y) * 16)
    }

    private mutating func convolution() throws(GraphError) {
        let rank = number(1...2)
        guard let x = floats(rank: rank + 1) else { return }
        let channelAxis = shape(x).count - rank - 1
        guard let channels = shape(x)[channelAxis].fixedSize, channels > 0 else { return }
        let groups = channels % 2 == 0 && chance(1, in: 2) ? 2 : 1
        var layer = Convolution(
            strides: [], dilations: [], paddingBefore: [], paddingAfter: [], groups: groups)
        var kernel: [Int] = []
        for size in shape(x)[(channelAxis + 1)...] {
            let (taps, dilation) = (number(1...3), number(1...2))
            kernel.append(taps)
            layer.dilations.append(dilation)
            // As much padding as the kernel reaches, so that there is room.
            layer.paddingBefore.append((taps - 1) * dilation)
            layer.paddingAfter.append(number(0...1))
            layer.strides.append(size.fixedSize == nil ? 1 : number(1...2))
            guard size != 0 else { return }
        }
        let width = groups * number(1...2)
        var inputs = [x, try parameter(.float32, [width, channels / groups] + kernel)]
        if chance(1, in: 2) { inputs.append(try parameter(.float32, [width])) }
        try node(.convolution(layer), inputs, bound: bound(x) * 4 * 36 + 8)
    }

    // MARK: Tables

    /// A table; of int8 with its scales at the rows' ends, or beside.
    private mutating func table(_ rows: Int, isQuantized: Bool) throws(GraphError) -> [ValueID] {
        let width = number(1...4)
        guard isQuantized else { return [try parameter(.float32, [rows, width])] }
        if chance(1, in: 2) { return [try scaledRows(rows, width: width)] }
        return [try parameter(.int8, [rows, width]), try parameter(.float32, [rows])]
    }

    private mutating func ids(below count: Int, _ shape: [Dimension]) throws(GraphError) -> ValueID
    {
        try fresh(.int32, shape, .id(count))
    }

    private mutating func embedding(isQuantized: Bool) throws(GraphError) {
        let rows = number(1...6)
        let batch = options.batch.map { [Dimension.symbol($0)] } ?? []
        let ids = try ids(below: rows, batch + shape().dropLast())
        try node(
            isQuantized ? .quantizedEmbedding : .embedding,
            [ids] + (try table(rows, isQuantized: isQuantized)), bound: 32)
    }

    private mutating func pool(_ operation: Operation, isQuantized: Bool) throws(GraphError) {
        let (rows, count) = (number(1...6), size())
        let ids = try ids(below: rows, [count])
        let axis = type(ids).rows
        let length: ValueID
        if axis == .none, let size = count.fixedSize {
            length = try parameter(.int32, [], 0...size)
        } else {
            length = try input(.int32, [], axis, .length(count))
        }
        try node(
            operation, [ids, length] + (try table(rows, isQuantized: isQuantized)), bound: 128)
    }

    // MARK: Whole layers

    private mutating func mixture() throws(GraphError) {
        guard let x = pick({ $1.dtype == .float32 && $1.shape.count == 1 }) else { return }
        let count = number(1...3)
        var inputs = [try operand(.float32, [.fixed(count)]), x]
        for _ in 1..<max(count, 1) { inputs.append(try operand(.float32, shape(x))) }
        let largest = inputs.map { bound($0) }.max() ?? 8
        try node(.mixture, inputs, bound: largest * largest * 3)
    }

    private mutating func attention() throws(GraphError) {
        guard let query = floats(rank: 2), let width = shape(query).last?.fixedSize, width > 0
        else { return }
        let heads = width % 2 == 0 ? number(1...2) : 1
        let outer = Array(shape(query).dropLast(2))
        let keys = isSmooth ? .fixed(number(1...3)) : size()
        let key = try operand(.float32, outer + [keys, .fixed(width)])
        let value = try operand(.float32, outer + [keys, .fixed(heads * number(1...2))])
        var inputs = [query, key, value]
        if chance(1, in: 2) {
            let scores = outer + [.fixed(heads), shape(query)[shape(query).count - 2], keys]
            inputs.append(try operand(.float32, repeated(scores)))
        }
        // A small scale: with large scores, a last bit of one decides.
        try node(.attention(heads: heads, scale: 0.125), inputs, bound: bound(value))
    }

    private mutating func recurrent(_ cell: Recurrence.Cell) throws(GraphError) {
        guard let x = floats(rank: 2), let depth = shape(x).last?.fixedSize else { return }
        let outer = Array(shape(x).dropLast(2))
        let (units, gates) = (number(1...3), cell.gateCount)
        let results = Recurrence.Result.allCases.filter { $0 != .lastCell || cell == .lstm }
        var layer = Recurrence(cell, result: one(of: results) ?? .last)
        layer.isReversed = chance(1, in: 2)
        var inputs = [
            x, try parameter(.float32, [gates * units, depth]),
            try parameter(.float32, [gates * units, units]),
            try parameter(.float32, [2 * gates * units]),
        ]
        if chance(1, in: 2) {
            layer.hasLength = true
            inputs.append(try fresh(.int32, outer, .length(shape(x)[shape(x).count - 2])))
        }
        let state = outer + [.fixed(units)]
        if chance(1, in: 2) {
            layer.hasInitialState = true
            inputs.append(try operand(.float32, state))
        }
        if cell == .lstm {
            layer.hasInitialCell = chance(1, in: 2)
            layer.hasPeepholes = chance(1, in: 2)
            if layer.hasInitialCell { inputs.append(try operand(.float32, state)) }
            if layer.hasPeepholes { inputs.append(try parameter(.float32, [3 * units])) }
        }
        try node(.recurrent(layer), inputs, bound: 72)
    }

    private mutating func quantizedRecurrent(_ cell: Recurrence.Cell) throws(GraphError) {
        let (units, count, isLSTM) = (number(1...3), size(), cell == .lstm)
        let results = Recurrence.Result.allCases.filter { isLSTM || $0 != .lastCell }
        let gated = cell.gateCount * units
        var layer = Recurrence(cell, result: one(of: results) ?? .last)
        layer.isReversed = chance(1, in: 2)
        var inputs = [
            try operand(.float32, [count, .fixed(gated)]),
            try parameter(.int8, [gated, units]), try parameter(.float32, [gated]),
            try parameter(.float32, [gated]),
        ]
        if chance(1, in: 2) {
            layer.hasLength = true
            inputs.append(try fresh(.int32, [], .length(count)))
        }
        layer.hasInitialState = chance(1, in: 2)
        layer.hasInitialCell = isLSTM && chance(1, in: 2)
        if layer.hasInitialState { inputs.append(try operand(.float32, [.fixed(units)])) }
        if layer.hasInitialCell { inputs.append(try operand(.float32, [.fixed(units)])) }
        try node(.quantizedRecurrent(layer), inputs, bound: 72)
    }
}
