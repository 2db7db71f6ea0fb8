extension InferenceCheck {
    /// Result types of whole layers: tables, attention, recurrence.
    func layerType() throws(GraphError) -> TensorType {
        switch operation {
        case .embedding, .quantizedEmbedding:
            let width = try tableWidth(at: 1, isQuantized: operation == .quantizedEmbedding)
            return TensorType(.float32, rows, inputs[0].shape + [width])
        case .embeddingPool(let reduction):
            return try pooledType(reduction, isQuantized: false)
        case .quantizedEmbeddingPool(let reduction):
            return try pooledType(reduction, isQuantized: true)
        case .attention(let heads, let scale):
            try finite(scale, "scale")
            return TensorType(.float32, rows, try attentionShape(heads: heads))
        case .recurrent(let recurrence):
            return TensorType(.float32, rows, try recurrentShape(recurrence))
        case .quantizedRecurrent(let recurrence):
            return TensorType(.float32, rows, try quantizedRecurrentShape(recurrence))
        default: throw failure(.unknownOperation, "is not a layer")
        }
    }

    private func attentionShape(heads: Int) throws(GraphError) -> [Dimension] {
        try arity(3...4)
        for index in inputs.indices { try dtype(index, .float32) }
        for index in 0..<3 { try rank(index, atLeast: 2) }
        let query = inputs[0].shape
        let key = inputs[1].shape
        let value = inputs[2].shape
        let outer = Array(query.dropLast(2))
        guard heads > 0, let width = query.last?.fixedSize, width % heads == 0,
            let valueWidth = value.last?.fixedSize, valueWidth % heads == 0,
            key.last == query.last, Array(key.dropLast(2)) == outer,
            Array(value.dropLast()) == Array(key.dropLast())
        else {
            throw failure(
                .wrongShape,
                "\(heads) heads over query \(query), key \(key) and value \(value) do not fit")
        }
        if inputs.count == 4 {
            let scores = outer + [.fixed(heads), query[query.count - 2], key[key.count - 2]]
            guard try broadcast(inputs[3].shape, scores) == scores else {
                throw failure(
                    .wrongShape, "mask \(inputs[3].shape) does not broadcast to \(scores)")
            }
        }
        return Array(query.dropLast()) + [.fixed(valueWidth)]
    }

    private func recurrentShape(_ recurrence: Recurrence) throws(GraphError) -> [Dimension] {
        try arity(recurrence.inputCount...recurrence.inputCount)
        let isLSTM = recurrence.cell == .lstm
        guard
            isLSTM
                || (recurrence.result != .lastCell && !recurrence.hasInitialCell
                    && !recurrence.hasPeepholes)
        else { throw failure(.invalidAttribute, "only an LSTM has a cell and peepholes") }
        for index in inputs.indices where index != recurrence.optionalInputs.length {
            try dtype(index, .float32)
        }
        try rank(0, atLeast: 2)
        let gates = recurrence.cell.gateCount
        guard inputs[1].shape.count == 2, let gated = inputs[1].shape[0].fixedSize, gated > 0,
            gated % gates == 0, gated <= Int(Int32.max)
        else {
            throw failure(
                .wrongShape, "weight must be [\(gates) * H, K], is \(inputs[1].shape)")
        }
        let state = Dimension.fixed(gated / gates)
        try parameter(1, shape: [.fixed(gated), lastDimension(0)])
        try parameter(2, shape: [.fixed(gated), state])
        try parameter(3, shape: [.fixed(2 * gated)])
        if let peepholes = recurrence.optionalInputs.peepholes {
            try parameter(peepholes, shape: [.fixed(gated / gates * 3)])
        }
        return try recurrentResult(recurrence, state)
    }

    private func quantizedRecurrentShape(
        _ recurrence: Recurrence
    ) throws(GraphError) -> [Dimension] {
        try arity(recurrence.inputCount...recurrence.inputCount)
        guard recurrence.canBeQuantized else {
            throw failure(
                .invalidAttribute,
                "is an LSTM without peepholes or a GRU that resets after the product only")
        }
        for index in inputs.indices where index != recurrence.optionalInputs.length {
            try dtype(index, index == 1 ? .int8 : .float32)
        }
        try rank(0, atLeast: 2)
        let gates = recurrence.cell.gateCount
        guard let gated = lastDimension(0).fixedSize, gated > 0, gated % gates == 0 else {
            throw failure(
                .wrongShape, "input 0 must be [..., S, \(gates) * H], is \(inputs[0].shape)")
        }
        let state = Dimension.fixed(gated / gates)
        try parameter(1, shape: [.fixed(gated), state])
        try parameter(2, shape: [.fixed(gated)])
        try parameter(3, shape: [.fixed(gated)])
        return try recurrentResult(recurrence, state)
    }

    /// Checks what both forms have besides, and returns the result's shape.
    private func recurrentResult(
        _ recurrence: Recurrence, _ state: Dimension
    ) throws(GraphError) -> [Dimension] {
        let optional = recurrence.optionalInputs
        let outer = Array(inputs[0].shape.dropLast(2))
        if let length = optional.length {
            try dtype(length, .int32)
            try exactShape(length, outer)
        }
        for index in [optional.state, optional.cell] {
            if let index { try exactShape(index, outer + [state]) }
        }
        return recurrence.result == .sequence
            ? Array(inputs[0].shape.dropLast()) + [state] : outer + [state]
    }

    private func exactShape(_ index: Int, _ shape: [Dimension]) throws(GraphError) {
        guard inputs[index].shape == shape else {
            throw failure(
                .wrongShape, "input \(index) must have shape \(shape), has \(inputs[index].shape)")
        }
    }

    /// Checks ids, and the table at `index` with its scales; returns how wide a looked-up row is.
    private func tableWidth(at index: Int, isQuantized: Bool) throws(GraphError) -> Dimension {
        try arity(index + 1...index + (isQuantized ? 2 : 1))
        try dtype(0, .int32)
        try dtype(index, isQuantized ? .int8 : .float32)
        let table = inputs[index]
        guard table.shape.count == 2, table.rows == .none, table.shape[0] != 0 else {
            throw failure(
                .wrongShape, "the table must be [V, D] without rows, V above 0, is \(table)")
        }
        guard isQuantized else { return table.shape[1] }
        if inputs.count > index + 1 {
            try dtype(index + 1, .float32)
            try parameter(index + 1, shape: [table.shape[0]])
            return table.shape[1]
        }
        let scale = Dimension.fixed(ScaledRows.scaleByteCount)
        guard table.shape[1].isAtLeast(scale) != false,
            let width = table.shape[1].subtracting(scale)
        else {
            throw failure(
                .wrongShape,
                "rows must end with their scales, \(scale) bytes; the table is \(table)")
        }
        return width
    }

    private func pooledType(
        _ reduction: Reduction, isQuantized: Bool
    ) throws(GraphError) -> TensorType {
        guard reduction == .sum || reduction == .mean else {
            throw failure(.invalidAttribute, "pools by sum or mean, not \(reduction.rawValue)")
        }
        let width = try tableWidth(at: 2, isQuantized: isQuantized)
        try dtype(1, .int32)
        guard inputs[0].shape.count == 1, inputs[1].shape.isEmpty,
            inputs[0].rows == inputs[1].rows
        else {
            throw failure(
                .wrongShape,
                "ids must be [S] and length [] on one row axis, are \(inputs[0]) and \(inputs[1])")
        }
        return TensorType(.float32, rows, [width])
    }
}
