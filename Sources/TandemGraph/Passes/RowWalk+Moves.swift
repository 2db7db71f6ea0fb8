// Operations that move elements, and products of matrices.
extension RowWalk {
    /// Moves elements within each row; the batch moves with them.
    mutating func rearranged(
        _ node: Node, _ operands: [RowValue]
    ) throws(GraphError) -> RowValue {
        switch node.operation {
        case .reshape: return try reshaped(node, operands[0])
        case .transpose(let permutation): return try transposed(node, operands[0], permutation)
        case .slice(let axis, let start, let end):
            return try sliced(node, operands[0], axis, start, end)
        case .concat(let axis): return try concatenated(node, operands, axis)
        case .gather(let axis): return try gathered(node, operands, axis)
        case .takeAlong(let axis):
            let rank = shape(node.output).count
            let (values, place) = try broadcast(node, operands, 0..<2, rank: rank)
            guard let place, place.axis != axis else {
                throw refusal(node, "picks elements along dimension \(axis), which is the batch")
            }
            return try made(
                node, .takeAlong(axis: place.rowAxis(axis)), try plain(node, values), at: place)
        default: throw refusal(node, "does not move elements")
        }
    }

    private mutating func reshaped(
        _ node: Node, _ operand: RowValue
    ) throws(GraphError) -> RowValue {
        guard let place = operand.place else {
            return try made(node, node.operation, [operand.id], at: nil)
        }
        let from = shape(node.inputs[0])
        let target = shape(node.output)
        guard let moved = place.reshaped(from: from, to: target) else {
            throw refusal(
                node,
                "brings \(from), whose batch is dimension \(place.axis), to \(target), where rows "
                    + "are no longer apart; keep the batch a dimension of its own")
        }
        return try made(node, .reshape(moved.rowShape(of: target)), [operand.id], at: moved)
    }

    private mutating func transposed(
        _ node: Node, _ operand: RowValue, _ permutation: [Int]
    ) throws(GraphError) -> RowValue {
        guard let place = operand.place, let axis = permutation.firstIndex(of: place.axis) else {
            return try made(node, node.operation, [operand.id], at: nil)
        }
        let kept = place.isWhole ? permutation.filter { $0 != place.axis } : permutation
        let rows = kept.map { place.rowAxis($0) }
        return try made(node, .transpose(rows), [operand.id], at: place.moved(to: axis))
    }

    private mutating func sliced(
        _ node: Node, _ operand: RowValue, _ axis: Int, _ start: Dimension, _ end: Dimension
    ) throws(GraphError) -> RowValue {
        guard let place = operand.place else {
            return try made(node, node.operation, [operand.id], at: nil)
        }
        guard place.axis != axis else {
            if start == 0, end == shape(node.inputs[0])[axis] { return operand }
            throw refusal(
                node, "takes rows \(start) ..< \(end) of the batch: a row may not be told apart")
        }
        return try made(
            node, .slice(axis: place.rowAxis(axis), start: start, end: end), [operand.id],
            at: place)
    }

    private mutating func concatenated(
        _ node: Node, _ operands: [RowValue], _ axis: Int
    ) throws(GraphError) -> RowValue {
        let rank = shape(node.output).count
        let (values, place) = try broadcast(node, operands, operands.indices, rank: rank)
        guard let place else {
            return try made(node, node.operation, values.map(\.id), at: nil)
        }
        guard place.axis != axis else {
            throw refusal(node, "joins rows along dimension \(axis), which is the batch")
        }
        return try made(
            node, .concat(axis: place.rowAxis(axis)), try plain(node, values), at: place)
    }

    private mutating func gathered(
        _ node: Node, _ operands: [RowValue], _ axis: Int
    ) throws(GraphError) -> RowValue {
        let (source, indices) = (operands[0], operands[1])
        let ids = [source.id, indices.id]
        guard let place = source.place else {
            let moved = indices.place.map { $0.moved(to: $0.axis + axis) }
            return try made(node, node.operation, ids, at: moved)
        }
        guard indices.place == nil else {
            throw refusal(
                node,
                "looks up indices that vary by row in values that do, so that each row meets all; "
                    + "look up along the rows (GatherElements) at export")
        }
        guard place.axis != axis else {
            throw refusal(node, "picks rows of the batch: a row may not depend on other rows")
        }
        let grown = shape(node.inputs[1]).count - 1
        let moved = place.axis < axis ? place : place.moved(to: place.axis + grown)
        return try made(node, .gather(axis: place.rowAxis(axis)), ids, at: moved)
    }

    // MARK: Repeating

    /// Repeats a value, for each row where the target has the batch.
    mutating func expanded(
        _ node: Node, _ operand: RowValue, _ target: [Dimension]
    ) throws(GraphError) -> RowValue {
        let own = shape(node.inputs[0])
        let shift = target.count - own.count
        guard let place = operand.place else {
            return try repeated(node, operand, own, target)
        }
        let axis = place.axis + shift
        if target[axis] == own[place.axis] {
            let moved = place.moved(to: axis)
            return try made(node, .expand(moved.rowShape(of: target)), [operand.id], at: moved)
        }
        guard place.isSingle, place.isWhole, target[axis] == batch else {
            throw refusal(node, "repeats one row along dimension \(axis), which is not the batch")
        }
        // What exists once a request, for each row: one row of it is the same.
        let moved = place.moved(to: axis).sized(batch)
        return try made(node, .expand(moved.rowShape(of: target)), [operand.id], at: moved)
    }

    /// Repeats a value without batch; along a dimension that has the batch's name it is each row's.
    private mutating func repeated(
        _ node: Node, _ operand: RowValue, _ own: [Dimension], _ target: [Dimension]
    ) throws(GraphError) -> RowValue {
        guard let symbol = batch.symbolName,
            let axis = target.firstIndex(where: { $0.symbols.contains(symbol) })
        else { return try made(node, node.operation, [operand.id], at: nil) }
        guard let inner = target[axis].divided(exactlyBy: batch),
            let place = RowPlace(axis: axis, rows: batch, outer: 1, inner: inner)
        else {
            throw refusal(node, "repeats a value \(target[axis]) times, which is no batch")
        }
        var row = own
        let from = axis - (target.count - own.count)
        if from >= 0, place.isWhole { row.remove(at: from) }
        let id = try reshaped(operand.id, to: row, for: node)
        return try made(node, .expand(place.rowShape(of: target)), [id], at: place)
    }

    // MARK: Numbers of rows

    /// The numbers of positions: where there are as many as rows, each row has its own.
    mutating func rowNumbers(_ node: Node, _ count: Dimension) throws(GraphError) -> RowValue {
        guard let symbol = batch.symbolName, count.symbols.contains(symbol) else {
            return try made(node, node.operation, [], at: nil)
        }
        guard let inner = count.divided(exactlyBy: batch),
            let place = RowPlace(axis: 0, rows: batch, outer: 1, inner: inner)
        else { throw refusal(node, "counts to \(count), which is not a number a row") }
        let operation: Operation = place.isWhole ? .size(0) : .range(count: inner)
        var value = try made(node, operation, [], at: place)
        value.step = inner
        return value
    }

    /// Operations on numbers of rows, which may only be moved, scaled and shifted until they look
    /// up what belongs to the row.
    mutating func stepped(
        _ node: Node, _ operands: [RowValue]
    ) throws(GraphError) -> RowValue {
        let steps = operands.map(\.step)
        var plain = operands
        for index in plain.indices { plain[index].step = 0 }
        var result: RowValue
        switch node.operation {
        case .cast(let dtype) where dtype == .int64 || dtype == .int32:
            result = try made(node, node.operation, [operands[0].id], at: operands[0].place)
            result.step = steps[0]
        case .reshape, .transpose, .slice:
            result = try rearranged(node, plain)
            result.step = steps[0]
        case .expand(let target):
            result = try expanded(node, plain[0], target)
            result.step = steps[0]
        case .binary(let function):
            let rank = shape(node.output).count
            let (values, place) = try broadcast(node, plain, 0..<2, rank: rank)
            result = try made(node, node.operation, values.map(\.id), at: place)
            result.step = try step(node, function, steps)
        case .gather(let axis) where steps[0] == 0:
            return try gatheredByRow(node, plain, axis, step: steps[1])
        default:
            throw refusal(node, "computes with the number of the row: a score may not depend on it")
        }
        return result
    }

    private func step(
        _ node: Node, _ function: BinaryFunction, _ steps: [Dimension]
    ) throws(GraphError) -> Dimension {
        let step: Dimension? =
            switch function {
            case .add: steps[0].adding(steps[1])
            case .subtract: steps[0].subtracting(steps[1])
            case .multiply where steps[1] == 0:
                factor(node.inputs[1]).flatMap { steps[0].multiplied(by: $0) }
            case .multiply where steps[0] == 0:
                factor(node.inputs[0]).flatMap { steps[1].multiplied(by: $0) }
            default: nil
            }
        guard let step else {
            throw refusal(node, "computes with the number of the row: a score may not depend on it")
        }
        return step
    }

    /// The one number that a value of the imported graph is, where it is known.
    private func factor(_ id: ValueID) -> Dimension? {
        if let tensor = tensor(id), tensor.elementCount == 1 {
            switch tensor.dtype {
            case .int64: return .fixed(Int(tensor.elements(as: Int64.self)[0]))
            case .int32: return .fixed(Int(tensor.elements(as: Int32.self)[0]))
            case .float32, .bool, .int8, .uint8: return nil
            }
        }
        guard let maker = maker(id) else { return nil }
        switch maker.operation {
        case .size(let size): return size
        case .reshape, .cast, .expand: return factor(maker.inputs[0])
        default: return nil
        }
    }

    /// Looks up each row's own elements in values of all rows: `row * step + index` lies in the row
    /// where the step is what one row has.
    private mutating func gatheredByRow(
        _ node: Node, _ operands: [RowValue], _ axis: Int, step: Dimension
    ) throws(GraphError) -> RowValue {
        guard let place = operands[0].place, let indices = operands[1].place, place.axis == axis,
            place.outer == 1, place.inner == step, indices.rows == place.rows
        else { throw refusal(node, "looks up another row's elements by the number of the row") }
        var row = place.rowShape(of: shape(node.inputs[0]))
        if place.isWhole { row.insert(1, at: axis) }
        let source = try reshaped(operands[0].id, to: row, for: node)
        return try made(
            node, .gather(axis: axis), [source, operands[1].id],
            at: indices.moved(to: indices.axis + axis))
    }

    // MARK: Products

    /// A product of matrices: the batch leads, or is the rows of the left or the columns of the
    /// right one.
    mutating func multiplied(
        _ node: Node, _ operands: [RowValue]
    ) throws(GraphError) -> RowValue {
        let rank = shape(node.output).count
        let ranks = node.inputs.map { shape($0).count }
        for (side, contracted) in [(0, ranks[0] - 1), (1, ranks[1] - 2)]
        where operands[side].place?.axis == contracted {
            throw refusal(node, "sums over the batch: a row may not depend on other rows")
        }
        for (side, outer) in [(0, ranks[0] - 2), (1, ranks[1] - 1)]
        where operands[side].place?.axis == outer {
            guard operands[1 - side].place == nil else {
                throw refusal(node, "multiplies each row with all others")
            }
            return try multipliedOuter(node, operands, side: side, rank: rank)
        }
        let (values, place) = try broadcast(node, operands, 0..<2, rank: rank)
        return try made(node, node.operation, try plain(node, values), at: place)
    }

    /// The batch is the rows of the left matrix, or the columns of the right one.
    private mutating func multipliedOuter(
        _ node: Node, _ operands: [RowValue], side: Int, rank: Int
    ) throws(GraphError) -> RowValue {
        guard let place = operands[side].place else {
            throw refusal(node, "has no batch there")
        }
        let result = place.moved(to: side == 0 ? rank - 2 : rank - 1)
        var values = operands.map(\.id)
        values[side] = try reshaped(
            values[side], to: place.unitShape(of: shape(node.inputs[side])), for: node)
        let product = try added(.matmul, values, for: node)
        return try made(
            node, .reshape(result.rowShape(of: shape(node.output))), [product], at: result)
    }
}
