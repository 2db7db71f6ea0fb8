// One rule an operation: where the batch of its result is, and what one row computes.
extension RowWalk {
    /// What stands for a node in the graph of one row.
    ///
    /// Where rows would mix only because a value of batch 1 has its one row there, that row is
    /// treated as any other dimension.
    mutating func result(of node: Node) throws(GraphError) -> RowValue {
        let operands = try operands(node)
        do {
            return try result(of: node, operands)
        } catch {
            guard error.code == .rowsMixed,
                operands.contains(where: { $0.place?.isSingle == true })
            else { throw error }
            var loosened: [RowValue] = []
            for (operand, input) in zip(operands, node.inputs) {
                loosened.append(try unbatched(operand, of: input, for: node))
            }
            do { return try result(of: node, loosened) } catch let second {
                throw second.code == .duplicateName ? error : second
            }
        }
    }

    private mutating func result(
        of node: Node, _ operands: [RowValue]
    ) throws(GraphError) -> RowValue {
        if operands.contains(where: { $0.step != 0 }) { return try stepped(node, operands) }
        switch node.operation {
        case .expand(let target): return try expanded(node, operands[0], target)
        case .range(let count): return try rowNumbers(node, count)
        case .size(let size):
            if let symbol = batch.symbolName, size.symbols.contains(symbol) {
                throw refusal(
                    node, "reads the number of rows; a score may not depend on it")
            }
            return try made(node, node.operation, [], at: nil)
        case .binary, .compare, .logical, .select:
            let rank = shape(node.output).count
            let (values, place) = try broadcast(node, operands, operands.indices, rank: rank)
            guard values.allSatisfy({ $0.step == 0 }) else { return try stepped(node, values) }
            return try made(node, node.operation, values.map(\.id), at: place)
        default: break
        }
        if operands.allSatisfy({ $0.place == nil }) {
            return try made(node, node.operation, operands.map(\.id), at: nil)
        }
        switch node.operation {
        case .unary, .not, .cast, .affine: return try keeping(node, operands)
        case .reshape, .transpose, .slice, .concat, .gather, .takeAlong:
            return try rearranged(node, operands)
        case .softmax, .layerNorm, .linear, .quantizedLinear, .staticQuantizedLinear,
            .quantizationResidual:
            try keepApart(node, operands[0], axis: shape(node.inputs[0]).count - 1)
            return try keeping(node, operands)
        case .embedding, .quantizedEmbedding: return try keeping(node, operands)
        case .cumulativeSum(let axis):
            try keepApart(node, operands[0], axis: axis)
            return try along(node, operands[0], axis) { .cumulativeSum(axis: $0) }
        case .reduce(let reduction, let axis):
            try keepApart(node, operands[0], axis: axis)
            return try along(node, operands[0], axis) { .reduce(reduction, axis: $0) }
        case .matmul: return try multiplied(node, operands)
        case .convolution(let convolution):
            let leading = shape(node.inputs[0]).count - convolution.rank - 1
            try keepLeading(node, operands[0], leading)
            return try keeping(node, operands)
        case .attention: return try attended(node, operands)
        case .recurrent(let recurrence): return try recurred(node, operands, recurrence)
        case .expand, .range, .size, .binary, .compare, .logical, .select, .mixture,
            .embeddingPool, .quantizedEmbeddingPool, .quantizedRecurrent:
            throw refusal(node, "reads the batch as a dimension of its own")
        }
    }

    // MARK: Checks

    /// Refuses a batch at an axis over which an operation computes.
    private func keepApart(
        _ node: Node, _ operand: RowValue, axis: Int
    ) throws(GraphError) {
        guard operand.place?.axis != axis else {
            throw refusal(
                node,
                "computes over dimension \(axis), which is the batch: a row may not depend on "
                    + "other rows")
        }
    }

    /// Refuses a batch behind the dimensions that an operation only repeats itself over.
    func keepLeading(_ node: Node, _ operand: RowValue, _ count: Int) throws(GraphError) {
        guard let place = operand.place else { return }
        guard place.axis < count else {
            throw refusal(
                node,
                "computes over dimension \(place.axis), which is the batch: a row may not depend "
                    + "on other rows")
        }
    }

    /// Refuses weights that have a batch.
    private func keepWeights(_ node: Node, _ operands: ArraySlice<RowValue>) throws(GraphError) {
        guard operands.allSatisfy({ $0.place == nil }) else {
            throw refusal(node, "has weights that vary by row")
        }
    }

    // MARK: Simple rules

    /// The batch stays where the first operand has it; the others are weights.
    private mutating func keeping(
        _ node: Node, _ operands: [RowValue]
    ) throws(GraphError) -> RowValue {
        try keepWeights(node, operands.dropFirst())
        return try made(node, node.operation, operands.map(\.id), at: operands[0].place)
    }

    /// An operation along another axis than the batch, which may take that axis away.
    private mutating func along(
        _ node: Node, _ operand: RowValue, _ axis: Int, _ operation: (Int) -> Operation
    ) throws(GraphError) -> RowValue {
        guard let place = operand.place else {
            return try made(node, node.operation, [operand.id], at: nil)
        }
        let isRemoved = shape(node.output).count < shape(node.inputs[0]).count
        let moved = isRemoved && axis < place.axis ? place.moved(to: place.axis - 1) : place
        return try made(node, operation(place.rowAxis(axis)), [operand.id], at: moved)
    }

    private mutating func attended(
        _ node: Node, _ operands: [RowValue]
    ) throws(GraphError) -> RowValue {
        let rank = shape(node.inputs[0]).count
        for operand in operands.prefix(3) { try keepLeading(node, operand, rank - 2) }
        var (values, place) = try broadcast(node, operands, 0..<3, rank: rank)
        if operands.count == 4 {
            // The mask has one dimension more, for the heads, behind those that lead.
            let maskRank = shape(node.inputs[3]).count
            if var mask = operands[3].place {
                mask = mask.moved(to: mask.axis + rank + 1 - maskRank)
                guard let place, mask.isAligned(with: place),
                    mask.rows == place.rows || mask.isSingle
                else { throw refusal(node, "has a mask whose batch is not the queries'") }
            }
            values.append(operands[3])
            if let place {
                let axis = place.axis - (rank + 1 - maskRank)
                values[3] = try aligned(3, operands[3], to: place, axis: axis, in: node)
            }
        }
        return try made(node, node.operation, try plain(node, values), at: place)
    }

    private mutating func recurred(
        _ node: Node, _ operands: [RowValue], _ recurrence: Recurrence
    ) throws(GraphError) -> RowValue {
        let rank = shape(node.inputs[0]).count
        try keepLeading(node, operands[0], rank - 2)
        guard let place = operands[0].place else {
            throw refusal(node, "has states that vary by row over a sequence that does not")
        }
        let optional = recurrence.optionalInputs
        let rowwise = [optional.length, optional.state, optional.cell].compactMap(\.self)
        var values = operands
        for index in values.indices.dropFirst() {
            if rowwise.contains(index) {
                guard values[index].place.map({ $0.isAligned(with: place) }) ?? true else {
                    throw refusal(node, "has lengths or states whose batch is not the sequence's")
                }
                values[index] = try aligned(
                    index, values[index], to: place, axis: place.axis, in: node)
            } else {
                try keepWeights(node, values[index...index])
            }
        }
        return try made(node, node.operation, try plain(node, values), at: place)
    }

    /// The values' ids, none of which may be a row's number.
    func plain(_ node: Node, _ values: [RowValue]) throws(GraphError) -> [ValueID] {
        guard values.allSatisfy({ $0.step == 0 }) else {
            throw refusal(node, "computes with the number of the row")
        }
        return values.map(\.id)
    }
}
