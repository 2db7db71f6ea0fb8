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
