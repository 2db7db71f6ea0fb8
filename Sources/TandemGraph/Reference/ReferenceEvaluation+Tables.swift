/// Lookups in embedding tables, of floats or of int8 with a scale a row.
extension ReferenceEvaluation {
    func embedded() throws(GraphError) -> ReferenceTensor {
        let ids = inputs[0].integers
        if inputs[1].dtype == .float32 {
            let width = inputs[1].shape[1]
            var copy = RunCopy()
            for id in ids {
                let row = try checked(id, table: 1)
                copy.runs.append(row * width..<(row + 1) * width)
            }
            return result(inputs[1].elements.moved(by: copy))
        }
        var values: [Float] = []
        for id in ids { values += try tableRow(id, table: 1) }
        return result(.float32(values))
    }

    func pooled(_ reduction: Reduction) throws(GraphError) -> ReferenceTensor {
        let ids = inputs[0].integers
        let lengths = inputs[1].integers
        var values: [Float] = []
        for row in 0..<rowCount {
            var sums = [Double](repeating: 0, count: shape[0])
            let length = lengths[start(1, row)]
            guard length >= 0, length <= inputs[0].rowElementCount else {
                throw GraphError(
                    .indexOutOfRange, name, "length \(length) exceeds the list's \(inputs[0].shape)"
                )
            }
            for id in ids[start(0, row)...].prefix(length) {
                let found = try tableRow(id, table: 2)
                for column in sums.indices { sums[column] += Double(found[column]) }
            }
            let divisor = reduction == .mean && length > 0 ? Double(length) : 1
            values += sums.map { Float($0 / divisor) }
        }
        return result(.float32(values))
    }

    private func checked(_ id: Int, table: Int) throws(GraphError) -> Int {
        guard id >= 0, id < inputs[table].shape[0] else {
            throw GraphError(
                .indexOutOfRange, name, "id \(id) is outside a table of \(inputs[table].shape[0])")
        }
        return id
    }

    private func tableRow(_ id: Int, table: Int) throws(GraphError) -> [Float] {
        let width = inputs[table].shape[1]
        let row = try checked(id, table: table)
        let range = row * width..<(row + 1) * width
        guard case .int8(let values) = inputs[table].elements else {
            return Array(inputs[table].floats[range])
        }
        let hasScalesBeside = inputs.count > table + 1
        let scale =
            hasScalesBeside ? inputs[table + 1].floats[row] : ScaledRows.scale(of: values[range])
        // As wide as the result.
        return values[range].prefix(shape.last ?? 0).map { Float($0) * scale }
    }
}
