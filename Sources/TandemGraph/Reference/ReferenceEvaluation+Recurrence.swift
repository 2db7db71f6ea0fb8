import Glibc

/// Recurrent layers, all sequences a step at a time; states stay in double precision.
extension ReferenceEvaluation {
    func recurred(_ recurrence: Recurrence) throws(GraphError) -> ReferenceTensor {
        let optional = recurrence.optionalInputs
        let steps = inputs[0].shape[inputs[0].shape.count - 2]
        let sequences = rowCount * inputs[0].shape.dropLast(2).reduce(1, *)
        var lengths = [Int](repeating: steps, count: sequences)
        if let index = optional.length {
            lengths = try self.lengths(index, upTo: steps)
        }
        var cells = ReferenceCells(recurrence, inputs, sequences: sequences)
        if let index = optional.state { cells.state = floats(index).map { Double($0) } }
        if let index = optional.cell { cells.cell = floats(index).map { Double($0) } }
        cells.project(floats(0), steps: steps)
        var values = [Float](repeating: 0, count: rowCount * rowElementCount)
        let width = cells.width
        for step in 0..<steps {
            let positions = lengths.map { length in
                step >= length ? nil : recurrence.isReversed ? length - 1 - step : step
            }
            cells.advance(positions, steps: steps)
            guard recurrence.result == .sequence else { continue }
            for (sequence, position) in positions.enumerated() {
                guard let position else { continue }
                for unit in 0..<width {
                    values[(sequence * steps + position) * width + unit] = Float(
                        cells.state[sequence * width + unit])
                }
            }
        }
        switch recurrence.result {
        case .sequence: return result(.float32(values))
        case .last: return result(.float32(cells.state.map { Float($0) }))
        case .lastCell: return result(.float32(cells.cell.map { Float($0) }))
        }
    }

    /// An LSTM over int8 recurrent weights, one sequence after the other.
    func quantizedRecurred(_ recurrence: Recurrence) throws(GraphError) -> ReferenceTensor {
        let optional = recurrence.optionalInputs
        let steps = inputs[0].shape[inputs[0].shape.count - 2]
        let sequences = rowCount * inputs[0].shape.dropLast(2).reduce(1, *)
        let width = inputs[1].shape[1]
        var lengths = [Int](repeating: steps, count: sequences)
        if let index = optional.length { lengths = try self.lengths(index, upTo: steps) }
        let x = floats(0)
        let states = optional.state.map { floats($0) }
        let cells = optional.cell.map { floats($0) }
        var values = [Float](repeating: 0, count: rowCount * rowElementCount)
        for sequence in 0..<sequences {
            let own = sequence * width..<(sequence + 1) * width
            var state = states.map { Array($0[own]) } ?? [Float](repeating: 0, count: width)
            var cell = cells.map { Array($0[own]) } ?? [Float](repeating: 0, count: width)
            for step in 0..<lengths[sequence] {
                let position = recurrence.isReversed ? lengths[sequence] - 1 - step : step
                let start = (sequence * steps + position) * 4 * width
                advance(&state, &cell, x[start..<start + 4 * width])
                guard recurrence.result == .sequence else { continue }
                let place = (sequence * steps + position) * width
                values.replaceSubrange(place..<place + width, with: state)
            }
            if recurrence.result == .last { values.replaceSubrange(own, with: state) }
            if recurrence.result == .lastCell { values.replaceSubrange(own, with: cell) }
        }
        return result(.float32(values))
    }

    /// One position of one sequence; gates in the order input, output, forget, cell.
    private func advance(_ state: inout [Float], _ cell: inout [Float], _ x: ArraySlice<Float>) {
        let width = state.count
        let weight = Int8.values(of: inputs[1].elements) ?? []
        let (scales, bias) = (inputs[2].floats, inputs[3].floats)
        let (quantized, scale) = ReferenceScalar.quantized(state)
        let gates = (0..<4 * width).map { column -> Double in
            var sum: Int32 = 0
            for k in 0..<width { sum += quantized[k] * Int32(weight[column * width + k]) }
            let product = bias[column].addingProduct(Float(sum), scale * scales[column])
            return Double(x[x.startIndex + column]) + Double(product)
        }
        func sigmoid(_ value: Double) -> Double { 1 / (1 + exp(-value)) }
        for unit in 0..<width {
            let kept = sigmoid(gates[2 * width + unit]) * Double(cell[unit])
            let added = sigmoid(gates[unit]) * tanh(gates[3 * width + unit])
            cell[unit] = Float(kept + added)
            state[unit] = Float(sigmoid(gates[width + unit]) * tanh(kept + added))
        }
    }

    private func lengths(_ input: Int, upTo steps: Int) throws(GraphError) -> [Int] {
        let given = inputs[input].integers
        for length in given where length < 0 || length > steps {
            throw GraphError(
                .indexOutOfRange, name, "length \(length) is not in a sequence of \(steps)")
        }
        return (0..<rowCount).flatMap { row in
            given[start(input, row)...].prefix(inputs[input].rowElementCount)
        }
    }
}
