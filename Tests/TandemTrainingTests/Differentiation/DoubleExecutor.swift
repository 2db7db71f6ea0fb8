import Foundation
import TandemGraph
import TandemTraining

/// A second reading of each operation, in double precision, for finite differences.
///
/// Float arithmetic would leave a central difference three digits; this leaves eight. Every value
/// has `rowCount` rows, also those without a row axis, which costs nothing in tests.
struct DoubleExecutor {
    let graph: Graph
    var parameters: [String: [Double]]
    let inputs: [String: [Double]]
    let rowCount: Int

    /// The rows of a value, end to end.
    func values(of id: ValueID) -> [Double] {
        var all: [ValueID: [[Double]]] = [:]
        for parameter in graph.parameters {
            let row = parameters[graph[parameter].name] ?? []
            all[parameter] = Array(repeating: row, count: rowCount)
        }
        for input in graph.inputs {
            let width = sizes(input).reduce(1, *)
            let flat = inputs[graph[input].name] ?? []
            all[input] = (0..<rowCount).map { Array(flat[$0 * width..<($0 + 1) * width]) }
        }
        for node in graph.nodes {
            all[node.output] = (0..<rowCount).map { row in
                result(node, node.inputs.map { all[$0]?[row] ?? [] })
            }
        }
        return (all[id] ?? []).flatMap { $0 }
    }

    func sizes(_ id: ValueID) -> [Int] { graph[id].type.fixedSizes ?? [] }

    private func result(_ node: Node, _ x: [[Double]]) -> [Double] {
        let shape = sizes(node.inputs[0])
        switch node.operation {
        case .unary(let function): return x[0].map { Self.unary(function, $0) }
        case .affine(let scale, let offset):
            return x[0].map { $0 * Double(scale) + Double(offset) }
        case .binary(let function):
            let out = sizes(node.output)
            return (0..<out.reduce(1, *)).map { index in
                Self.binary(
                    function, x[0][Self.source(index, out, shape)],
                    x[1][Self.source(index, out, sizes(node.inputs[1]))])
            }
        case .linear: return linear(x, depth: shape.last ?? 1)
        case .concat(let axis):
            return Self.concat(x, node.inputs.map(sizes), axis: axis)
        case .slice(let axis, let start, let end):
            let (outer, length, inner) = Self.view(shape, axis)
            return (0..<outer).flatMap { block -> ArraySlice<Double> in
                let first = (block * length + (start.fixedSize ?? 0)) * inner
                return x[0][first..<(block * length + (end.fixedSize ?? 0)) * inner]
            }
        case .reshape: return x[0]
        case .softmax:
            return Self.runs(x[0], shape.last ?? 1) { run in
                let powers = run.map { exp($0 - (run.max() ?? 0)) }
                return powers.map { $0 / powers.reduce(0, +) }
            }
        case .layerNorm(let epsilon):
            return Self.runs(x[0], shape.last ?? 1) { run in
                let mean = run.reduce(0, +) / Double(run.count)
                let variance = run.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
                let scale = 1 / (variance / Double(run.count) + Double(epsilon)).squareRoot()
                return run.indices.map { (run[$0] - mean) * scale * x[1][$0] + x[2][$0] }
            }
        case .reduce(let reduction, let axis):
            let (outer, length, inner) = Self.view(shape, axis)
            return (0..<outer * inner).map { index in
                let start = index / inner * length * inner + index % inner
                let total = (0..<length).map { x[0][start + $0 * inner] }.reduce(0, +)
                return reduction == .sum ? total : total / Double(length)
            }
        case .embedding:
            let width = sizes(node.inputs[1])[1]
            return x[0].flatMap { x[1][Int($0) * width..<(Int($0) + 1) * width] }
        case .embeddingPool(let reduction):
            let width = sizes(node.inputs[2])[1]
            let count = Int(x[1][0])
            return (0..<width).map { column in
                let total = x[0].prefix(count).map { x[2][Int($0) * width + column] }.reduce(0, +)
                return reduction == .sum || count == 0 ? total : total / Double(count)
            }
        case .mixture:
            return x[1].indices.map { column in
                x[0].indices.map { x[0][$0] * x[$0 + 1][column] }.reduce(0, +)
            }
        default: return layer(node, x)
        }
    }

    private func linear(_ x: [[Double]], depth: Int) -> [Double] {
        let outputs = x[1].count / depth
        return Self.runs(x[0], depth) { run in
            (0..<outputs).map { output in
                let products = run.indices.map { run[$0] * x[1][output * depth + $0] }
                return products.reduce(x.count > 2 ? x[2][output] : 0, +)
            }
        }
    }

    private static func unary(_ function: UnaryFunction, _ x: Double) -> Double {
        switch function {
        case .relu: max(x, 0)
        case .sigmoid: 1 / (1 + exp(-x))
        case .tanh: tanh(x)
        case .exp: exp(x)
        case .log: log(x)
        case .negate: -x
        case .abs: abs(x)
        case .sqrt: x.squareRoot()
        case .erf: erf(x)
        case .gelu: x / 2 * (1 + erf(x / 2.0.squareRoot()))
        default: .nan
        }
    }

    private static func binary(_ function: BinaryFunction, _ a: Double, _ b: Double) -> Double {
        switch function {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .minimum: min(a, b)
        case .maximum: max(a, b)
        default: .nan
        }
    }

    private static func view(_ sizes: [Int], _ axis: Int) -> (Int, Int, Int) {
        (sizes[..<axis].reduce(1, *), sizes[axis], sizes[(axis + 1)...].reduce(1, *))
    }

    private static func runs(
        _ x: [Double], _ length: Int, _ body: ([Double]) -> [Double]
    ) -> [Double] {
        stride(from: 0, to: x.count, by: length).flatMap { body(Array(x[$0..<$0 + length])) }
    }

    private static func concat(_ x: [[Double]], _ sizes: [[Int]], axis: Int) -> [Double] {
        let outer = sizes[0][..<axis].reduce(1, *)
        return (0..<outer).flatMap { block in
            zip(x, sizes).flatMap { part, sizes in
                let run = sizes[axis...].reduce(1, *)
                return Array(part[block * run..<(block + 1) * run])
            }
        }
    }

    static func source(_ index: Int, _ out: [Int], _ sizes: [Int]) -> Int {
        var rest = index
        var position = 0
        var stride = 1
        for axis in out.indices.reversed() {
            let coordinate = rest % out[axis]
            rest /= out[axis]
            let own = axis - (out.count - sizes.count)
            guard own >= 0 else { continue }
            if sizes[own] > 1 { position += coordinate * stride }
            stride *= sizes[own]
        }
        return position
    }
}
