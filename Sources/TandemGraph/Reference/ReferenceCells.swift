import Glibc

/// The cells of a recurrent layer, one for each of several sequences that advance together.
struct ReferenceCells {
    /// Units of the state, H.
    let width: Int
    /// The state, `[sequences, H]`.
    var state: [Double]
    /// The LSTM's cell, `[sequences, H]`.
    var cell: [Double]
    private let kind: Recurrence.Cell
    private let weight: ReferenceTensor
    private let recurrent: [Float]
    private let inputBias: [Double]
    private let stateBias: [Double]
    private let peepholes: [Double]?
    /// What the inputs add to the gates, `[sequences, steps, G * H]`.
    private var projected: [Double] = []

    /// Cells with zeros in them, with the weights of the operation's inputs.
    init(_ recurrence: Recurrence, _ inputs: [ReferenceTensor], sequences: Int) {
        kind = recurrence.cell
        weight = inputs[1]
        recurrent = inputs[2].floats
        width = inputs[2].shape[1]
        let bias = inputs[3].floats.map { Double($0) }
        inputBias = Array(bias[..<(bias.count / 2)])
        stateBias = Array(bias[(bias.count / 2)...])
        peepholes = recurrence.optionalInputs.peepholes.map { index in
            inputs[index].floats.map { Double($0) }
        }
        state = [Double](repeating: 0, count: sequences * width)
        cell = state
    }

    private var sequences: Int { state.count / width }
    private var gateCount: Int { kind.gateCount }

    /// Multiplies all inputs, `[sequences, steps, K]`, by the weight.
    mutating func project(_ x: [Float], steps: Int) {
        projected = InnerProducts.all(
            x.map { Double($0) }, weight.floats[...], rows: sequences * steps,
            columns: gateCount * width, depth: weight.shape[1])
    }

    /// Takes the input at a sequence's position; nil leaves the sequence as it is.
    mutating func advance(_ positions: [Int?], steps: Int) {
        let fed = products(of: state, gates: 0..<gateCount)
        for sequence in positions.indices {
            guard let position = positions[sequence] else { continue }
            let gates = Gates(
                input: (sequence * steps + position) * gateCount * width,
                state: sequence * gateCount * width, fed: fed)
            switch kind {
            case .plain:
                for unit in 0..<width {
                    state[sequence * width + unit] = Glibc.tanh(sum(gates, 0, unit))
                }
            case .lstm: advanceLSTM(sequence, gates)
            case .gru(let resetsAfter): advanceGRU(sequence, gates, resetsAfter)
            }
        }
    }

    /// Where a sequence's share of the gates lies.
    private struct Gates {
        let input: Int
        let state: Int
        let fed: [Double]
    }

    /// The state's products with the recurrent weights of some gates.
    private func products(of state: [Double], gates: Range<Int>) -> [Double] {
        let rows = gates.lowerBound * width * width..<gates.upperBound * width * width
        return InnerProducts.all(
            state, recurrent[rows], rows: state.count / width, columns: gates.count * width,
            depth: width)
    }

    private func fromInput(_ gates: Gates, _ gate: Int, _ unit: Int) -> Double {
        projected[gates.input + gate * width + unit] + inputBias[gate * width + unit]
    }

    private func fromState(_ gates: Gates, _ gate: Int, _ unit: Int) -> Double {
        gates.fed[gates.state + gate * width + unit] + stateBias[gate * width + unit]
    }

    private func sum(_ gates: Gates, _ gate: Int, _ unit: Int) -> Double {
        fromInput(gates, gate, unit) + fromState(gates, gate, unit)
    }

    private mutating func advanceLSTM(_ sequence: Int, _ gates: Gates) {
        for unit in 0..<width {
            let place = sequence * width + unit
            func peephole(_ index: Int) -> Double {
                (peepholes?[index * width + unit] ?? 0) * cell[place]
            }
            let input = ReferenceScalar.sigmoid(sum(gates, 0, unit) + peephole(0))
            let forget = ReferenceScalar.sigmoid(sum(gates, 2, unit) + peephole(2))
            cell[place] = forget * cell[place] + input * Glibc.tanh(sum(gates, 3, unit))
            // The output gate looks at the cell as it is now.
            let output = ReferenceScalar.sigmoid(sum(gates, 1, unit) + peephole(1))
            state[place] = output * Glibc.tanh(cell[place])
        }
    }

    private mutating func advanceGRU(_ sequence: Int, _ gates: Gates, _ resetsAfter: Bool) {
        let own = sequence * width..<(sequence + 1) * width
        let before = Array(state[own])
        let resets = (0..<width).map { ReferenceScalar.sigmoid(sum(gates, 1, $0)) }
        var hidden: [Double]
        if resetsAfter {
            hidden = (0..<width).map { resets[$0] * fromState(gates, 2, $0) }
        } else {
            hidden = products(of: zip(resets, before).map { $0 * $1 }, gates: 2..<3)
            for unit in 0..<width { hidden[unit] += stateBias[2 * width + unit] }
        }
        for unit in 0..<width {
            let update = ReferenceScalar.sigmoid(sum(gates, 0, unit))
            let proposed = Glibc.tanh(fromInput(gates, 2, unit) + hidden[unit])
            state[own.lowerBound + unit] = (1 - update) * proposed + update * before[unit]
        }
    }
}
