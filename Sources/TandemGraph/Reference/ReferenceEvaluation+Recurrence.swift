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

    /// An LSTM or GRU over int8 recurrent weights, one sequence after the other.
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
                let gated = recurrence.cell.gateCount * width
                let start = (sequence * steps + position) * gated
                let products = products(of: state)
                let inputs = Array(x[start..<start + gated])
                if recurrence.cell == .lstm {
                    advance(&state, &cell, zip(inputs, products).map { Double($0) + Double($1) })
                } else {
                    advance(&state, inputs, products)
                }
                guard recurrence.result == .sequence else { continue }
                let place = (sequence * steps + position) * width
                values.replaceSubrange(place..<place + width, with: state)
            }
            if recurrence.result == .last { values.replaceSubrange(own, with: state) }
            if recurrence.result == .lastCell { values.replaceSubrange(own, with: cell) }
        }
        return result(.float32(values))
    }

    /// The state's products with the int8 weights, and their bias.
    private func products(of state: [Float]) -> [Float] {
        let weight = Int8.values(of: inputs[1].elements) ?? []
        let (scales, bias) = (inputs[2].floats, inputs[3].floats)
        let (quantized, scale) = ReferenceScalar.quantized(state)
        return scales.indices.map { column in
            var sum: Int32 = 0
            for k in state.indices {
                sum += quantized[k] * Int32(weight[column * state.count + k])
            }
            return bias[column].addingProduct(Float(sum), scale * scales[column])
        }
    }

    private func sigmoid(_ value: Double) -> Double { 1 / (1 + exp(-value)) }

    /// One position of an LSTM; gates in the order input, output, forget, cell.
    private func advance(_ state: inout [Float], _ cell: inout [Float], _ gates: [Double]) {
        let width = state.count
        for unit in 0..<width {
            let kept = sigmoid(gates[2 * width + unit]) * Double(cell[unit])
            let added = sigmoid(gates[unit]) * tanh(gates[3 * width + unit])
            cell[unit] = Float(kept + added)
            state[unit] = Float(sigmoid(gates[width + unit]) * tanh(kept + added))
        }
    }

    /// One position of a GRU; gates in the order update, reset, hidden.
    private func advance(_ state: inout [Float], _ x: [Float], _ products: [Float]) {
        let width = state.count
        func gate(_ index: Int) -> Double {
            sigmoid(Double(x[index]) + Double(products[index]))
        }
        for unit in 0..<width {
            let (update, hidden) = (gate(unit), 2 * width + unit)
            let scaled = gate(width + unit) * Double(products[hidden])
            state[unit] = Float(
                (1 - update) * tanh(Double(x[hidden]) + scaled) + update * Double(state[unit]))
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
