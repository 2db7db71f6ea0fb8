// Operands of one node, brought to one place of the batch.
extension RowWalk {
    /// The values that a node reads.
    mutating func operands(_ node: Node) throws(GraphError) -> [RowValue] {
        var result: [RowValue] = []
        for input in node.inputs { result.append(try value(input)) }
        return result
    }

    /// A value whose batch is 1, as a value of its imported shape without a batch.
    mutating func unbatched(
        _ value: RowValue, of input: ValueID, for node: Node
    ) throws(GraphError) -> RowValue {
        guard let place = value.place, place.isSingle else { return value }
        let id = try reshaped(value.id, to: place.unitShape(of: shape(input)), for: node)
        return RowValue(id: id, place: nil, step: value.step)
    }

    /// The place of the batch among operands that broadcast, counted in the result's dimensions.
    ///
    /// - Parameters:
    ///   - node: The node that reads them.
    ///   - operands: Its operands.
    ///   - indices: Which of them broadcast.
    ///   - rank: Number of dimensions of the result.
    /// - Returns: The place, or nil where no operand has a batch.
    /// - Throws: `GraphError` `rowsMixed` when their batches meet at different places.
    func commonPlace(
        _ node: Node, _ operands: [RowValue], _ indices: Range<Int>, rank: Int
    ) throws(GraphError) -> RowPlace? {
        let places = indices.compactMap { index in
            operands[index].place.map {
                $0.moved(to: $0.axis + rank - shape(node.inputs[index]).count)
            }
        }
        guard let common = places.first(where: { !$0.isSingle }) ?? places.first else {
            return nil
        }
        for place in places {
            guard place.isAligned(with: common), place.rows == common.rows || place.isSingle
            else {
                throw refusal(
                    node,
                    "meets the batch of one input with another dimension of the other, so that "
                        + "each row meets all; compute each row by itself")
            }
        }
        return common
    }

    /// An operand for one row: a batched one as it is, one without batch less the axis that the
    /// batch has, on which it must be the same for all rows.
    mutating func aligned(
        _ index: Int, _ operand: RowValue, to place: RowPlace, axis: Int, in node: Node
    ) throws(GraphError) -> RowValue {
        guard operand.place == nil, axis >= 0 else { return operand }
        let input = node.inputs[index]
        var own = shape(input)
        if own[axis] == 1 {
            guard place.isWhole else { return operand }
            own.remove(at: axis)
            return RowValue(id: try reshaped(operand.id, to: own, for: node))
        }
        guard place.isWhole, !place.isSingle, own[axis] == place.rows else {
            throw refusal(
                node,
                "repeats one row along dimension \(axis) of '\(source.graph[input].name)', "
                    + "which has \(own[axis]) values")
        }
        return try freed(input, axis: axis, for: node)
    }

    /// The operands that broadcast, all at one place.
    ///
    /// - Returns: Their values for one row, and the place.
    mutating func broadcast(
        _ node: Node, _ operands: [RowValue], _ indices: Range<Int>, rank: Int
    ) throws(GraphError) -> (values: [RowValue], place: RowPlace?) {
        guard let place = try commonPlace(node, operands, indices, rank: rank) else {
            return (Array(operands[indices]), nil)
        }
        var values: [RowValue] = []
        for index in indices {
            let axis = place.axis - (rank - shape(node.inputs[index]).count)
            values.append(try aligned(index, operands[index], to: place, axis: axis, in: node))
        }
        return (values, place)
    }

    // MARK: Freeing

    /// A value that has one slice a row of a frozen batch: the slice, if all are equal.
    ///
    /// Whole numbers that grow by a constant from slice to slice are rows' numbers, and keep it as
    /// their step.
    mutating func freed(
        _ input: ValueID, axis: Int, for node: Node
    ) throws(GraphError) -> RowValue {
        let name = source.graph[input].name
        if let tensor = tensor(input) {
            guard let (slice, step) = tensor.commonSlice(axis: axis) else {
                throw refusal(
                    node,
                    "reads '\(name)', whose \(tensor.shape[axis]) slices along the frozen batch "
                        + "differ; export the model with a batch that has a name")
            }
            let id = try parameter("\(name.prefix(GraphName.byteCountMax - 10))/row\(axis)", slice)
            return RowValue(id: id, step: .fixed(step))
        }
        if let maker = maker(input) {
            if case .range = maker.operation {
                return RowValue(id: try added(.size(0), [], for: node), step: 1)
            }
            if case .expand(var target) = maker.operation {
                let inner = shape(maker.inputs[0])
                let from = axis - (target.count - inner.count)
                if from < 0 || inner[from] == 1 {
                    target.remove(at: axis)
                    var own = inner
                    if from >= 0 { own.remove(at: from) }
                    let operand = try value(maker.inputs[0])
                    let row = try reshaped(operand.id, to: own, for: node)
                    return RowValue(id: try added(.expand(target), [row], for: node))
                }
            }
        }
        throw refusal(
            node,
            "reads '\(name)', which is computed for a frozen batch without reading a row; export "
                + "the model with a batch that has a name")
    }
}

extension Tensor {
    /// One slice along an axis, if all are equal, or whole numbers that grow by one step.
    func commonSlice(axis: Int) -> (slice: Tensor, step: Int)? {
        var sliceShape = shape
        let count = sliceShape.remove(at: axis)
        guard count > 0 else { return nil }
        let outer = shape[..<axis].reduce(1, *)
        let bytes = shape[(axis + 1)...].reduce(1, *) * dtype.byteCount
        let slice = Tensor(zeros: dtype, shape: sliceShape)
        for block in 0..<outer {
            let first = base + block * count * bytes
            (slice.base + block * bytes).copyMemory(from: first, byteCount: bytes)
        }
        let isEqual = (0..<outer).allSatisfy { block in
            (1..<max(count, 1)).allSatisfy { position in
                let offset = (block * count + position) * bytes
                let other = UnsafeRawBufferPointer(start: base + offset, count: bytes)
                return other.elementsEqual(
                    UnsafeRawBufferPointer(start: slice.base + block * bytes, count: bytes))
            }
        }
        if isEqual { return (slice, 0) }
        let values: [Int]
        switch dtype {
        case .int64: values = elements(as: Int64.self).map(Int.init)
        case .int32: values = elements(as: Int32.self).map(Int.init)
        case .float32, .bool, .int8, .uint8: return nil
        }
        let inner = bytes / dtype.byteCount
        let (step, overflow) = values[inner].subtractingReportingOverflow(values[0])
        guard !overflow else { return nil }
        let grows = (0..<outer).allSatisfy { block in
            (1..<count).allSatisfy { position in
                (0..<inner).allSatisfy { element in
                    let index = (block * count + position) * inner + element
                    return values[index] &- values[index - inner] == step
                }
            }
        }
        return grows ? (slice, step) : nil
    }
}
