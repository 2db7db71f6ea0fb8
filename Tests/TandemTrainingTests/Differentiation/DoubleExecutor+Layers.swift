import Foundation
import TandemGraph

/// Whole layers over sequences, and masks, one row at a time, straight from their definitions.
extension DoubleExecutor {
    func layer(_ node: Node, _ x: [[Double]]) -> [Double] {
        let out = sizes(node.output)
        func spread(_ index: Int) -> [Double] {
            (0..<out.reduce(1, *)).map {
                x[index][Self.source($0, out, sizes(node.inputs[index]))]
            }
        }
        switch node.operation {
        case .expand: return spread(0)
        case .cast(.float32): return x[0]
        case .compare(let comparison):
            return zip(spread(0), spread(1)).map { a, b in
                switch comparison {
                case .equal: a == b ? 1 : 0
                case .less: a < b ? 1 : 0
                case .lessOrEqual: a <= b ? 1 : 0
                }
            }
        case .attention(let heads, let scale):
            return attention(node, x, heads: heads, scale: Double(scale))
        case .recurrent(let layer): return recurrent(node, x, layer)
        default: return []
        }
    }

    private func attention(
        _ node: Node, _ x: [[Double]], heads: Int, scale: Double
    ) -> [Double] {
        let (query, value) = (sizes(node.inputs[0]), sizes(node.inputs[2]))
        let (count, keys) = (query[0], value[0])
        let (depth, width) = (query[1] / heads, value[1] / heads)
        var out = [Double](repeating: 0, count: count * value[1])
        for head in 0..<heads {
            for position in 0..<count {
                let scores = (0..<keys).map { key in
                    let products = (0..<depth).map {
                        x[0][position * query[1] + head * depth + $0]
                            * x[1][key * query[1] + head * depth + $0]
                    }
                    var score = products.reduce(0, +) * scale
                    if x.count > 3 {
                        let index = (head * count + position) * keys + key
                        let shape = [heads, count, keys]
                        score += x[3][Self.source(index, shape, sizes(node.inputs[3]))]
                    }
                    return score
                }
                let powers = scores.map { exp($0 - (scores.max() ?? 0)) }
                let total = powers.reduce(0, +)
                for column in 0..<width {
                    let sum = (0..<keys).map {
                        powers[$0] / total * x[2][$0 * value[1] + head * width + column]
                    }
                    out[position * value[1] + head * width + column] = sum.reduce(0, +)
                }
            }
        }
        return out
    }

    private func recurrent(_ node: Node, _ x: [[Double]], _ layer: Recurrence) -> [Double] {
        let (positions, depth) = (sizes(node.inputs[0])[0], sizes(node.inputs[0])[1])
        let width = sizes(node.inputs[2])[1]
        let gates = layer.cell.gateCount * width
        let length = layer.optionalInputs.length.map { Int(x[$0][0]) } ?? positions
        let zeros = [Double](repeating: 0, count: width)
        var state = layer.optionalInputs.state.map { x[$0] } ?? zeros
        var cell = layer.optionalInputs.cell.map { x[$0] } ?? zeros
        var sequence = [Double](repeating: 0, count: positions * width)
        for step in 0..<length {
            let position = layer.isReversed ? length - 1 - step : step
            let input = (0..<gates).map { gate in
                (0..<depth).map { x[1][gate * depth + $0] * x[0][position * depth + $0] }
                    .reduce(x[3][gate], +)
            }
            let fed = (0..<gates).map { gate in
                (0..<width).map { x[2][gate * width + $0] * state[$0] }
                    .reduce(x[3][gates + gate], +)
            }
            func gate(_ gate: Int, _ unit: Int) -> Double {
                1 / (1 + exp(-input[gate * width + unit] - fed[gate * width + unit]))
            }
            for unit in 0..<width {
                switch layer.cell {
                case .plain: state[unit] = tanh(input[unit] + fed[unit])
                case .lstm:
                    let candidate = tanh(input[3 * width + unit] + fed[3 * width + unit])
                    cell[unit] = gate(2, unit) * cell[unit] + gate(0, unit) * candidate
                    state[unit] = gate(1, unit) * tanh(cell[unit])
                case .gru:
                    let candidate = tanh(
                        input[2 * width + unit] + gate(1, unit) * fed[2 * width + unit])
                    state[unit] =
                        (1 - gate(0, unit)) * candidate + gate(0, unit) * state[unit]
                }
                sequence[position * width + unit] = state[unit]
            }
        }
        switch layer.result {
        case .sequence: return sequence
        case .last: return state
        case .lastCell: return cell
        }
    }
}
