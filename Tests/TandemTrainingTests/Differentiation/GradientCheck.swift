import TandemGraph
import TandemTraining
import Testing

/// Builds a small graph around an operation and compares its gradients with finite differences.
///
/// The head is a fixed random projection of the operation's result, so each element of the result
/// has another weight; the loss is the head's squared error.
struct GradientCheck {
    var builder: GraphBuilder
    var parameters: TensorSet = [:]
    var inputs: [String: [Double]] = [:]
    let rowCount = 5
    private var random = RandomSource(seed: 11)

    init() throws { builder = try GraphBuilder(name: "check") }

    mutating func numbers(_ count: Int, _ range: ClosedRange<Float> = -1.5...1.5) -> [Float] {
        (0..<count).map { _ in
            range.lowerBound + random.uniform() * (range.upperBound - range.lowerBound)
        }
    }

    mutating func parameter(
        _ name: String, _ sizes: [Int], _ range: ClosedRange<Float> = -1.5...1.5
    ) throws -> ValueID {
        let count = sizes.reduce(1, *)
        parameters[name] = Tensor(.float32, shape: sizes, numbers(count, range))
        return try builder.parameter(name, .float32, sizes)
    }

    /// A value on rows with a gradient of its own: an input plus a parameter of the same shape.
    mutating func rows(
        _ name: String, _ sizes: [Int], _ range: ClosedRange<Float> = -1.5...1.5
    ) throws -> ValueID {
        let count = sizes.reduce(1, *)
        let id = try builder.input("\(name).input", TensorType(.float32, .context, sizes: sizes))
        inputs["\(name).input"] = numbers(count * rowCount, range).map(Double.init)
        let half = (range.upperBound - range.lowerBound) / 8
        let offset = try parameter("\(name).offset", sizes, -half...half)
        return try builder.node(name, .binary(.add), [id, offset])
    }

    mutating func ids(_ name: String, _ sizes: [Int], _ values: [Int]) throws -> ValueID {
        inputs[name] = values.map(Double.init)
        return try builder.input(name, TensorType(.int32, .candidate, sizes: sizes))
    }

    /// Projects a value to one number a row.
    mutating func head(_ value: ValueID) throws -> ValueID {
        let count = builder.type(of: value).rowElementCount ?? 0
        let flat = try builder.node("flat", .reshape([.fixed(count)]), [value])
        let weight = try parameter("projection", [1, count])
        return try builder.node("head", .linear, [flat, weight])
    }

    /// Compares all parameters' gradients; returns the executor for further questions.
    @discardableResult
    mutating func run(
        _ head: ValueID, tableRowCountMin: Int = 256,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [String: [Float]] {
        let graph = builder.finished()
        let labels = numbers(rowCount)
        let gradients = try Self.gradients(
            graph, parameters, inputs, head, labels, tableRowCountMin: tableRowCountMin)
        func loss(_ executor: DoubleExecutor) -> Double {
            zip(executor.values(of: head), labels)
                .map { 0.5 * ($0 - Double($1)) * ($0 - Double($1)) }.reduce(0, +)
        }
        var executor = DoubleExecutor(
            graph: graph, parameters: [:], inputs: inputs, rowCount: rowCount)
        for (name, tensor) in parameters {
            executor.parameters[name] =
                tensor.dtype == .int32
                ? tensor.elements(as: Int32.self).map(Double.init)
                : tensor.elements(as: Float.self).map(Double.init)
        }
        for (name, gradient) in gradients {
            for index in gradient.indices {
                var moved = executor
                let step = 1e-5
                moved.parameters[name]?[index] += step
                let above = loss(moved)
                moved.parameters[name]?[index] -= 2 * step
                let expected = (above - loss(moved)) / (2 * step)
                let error = abs(Double(gradient[index]) - expected)
                #expect(
                    error <= 2e-5 * max(1, abs(expected)),
                    "\(name)[\(index)]: \(gradient[index]), by differences \(expected)",
                    sourceLocation: sourceLocation)
            }
        }
        return gradients
    }

    /// The gradients of `sum (head - label)^2 / 2` by parameter, as the trainer computes them.
    static func gradients(
        _ graph: Graph, _ parameters: TensorSet, _ inputs: [String: [Double]], _ head: ValueID,
        _ labels: [Float], tableRowCountMin: Int
    ) throws -> [String: [Float]] {
        let rowCount = labels.count
        let store = try ParameterStore(graph, parameters, tableRowCountMin: tableRowCountMin)
        let plan = try GradientPlan(graph, parameters: store, heads: [head])
        let executor = TrainingExecutor(plan, store, rowCountMax: rowCount + 2)
        // Twice: the second run must not see what the first one left.
        for _ in 0..<2 {
            executor.fill(inputs)
            executor.forward(rowCount: rowCount)
            let out = executor.heads[0]
            for row in 0..<rowCount { out.gradient?[row] = out.values[row] - labels[row] }
            executor.backward(rowCount: rowCount)
        }
        var gradients: [String: [Float]] = [:]
        for slot in store.slots {
            let count = slot.tensor.elementCount
            switch slot.kind {
            case .dense(let offset):
                gradients[slot.name] = (0..<count).map { executor.denseGradient[offset + $0] }
            case .table(let index):
                let table = executor.tableGradients[index]
                gradients[slot.name] = (0..<count).map {
                    table.values(of: $0 / table.width)?[$0 % table.width] ?? 0
                }
            case .frozen: break
            }
        }
        return gradients
    }
}

extension TrainingExecutor {
    /// Fills the inputs from numbers by name.
    func fill(_ values: [String: [Double]]) {
        for input in inputs {
            for (index, value) in (values[input.name] ?? []).enumerated() {
                if input.dtype == .int32 {
                    input.base.assumingMemoryBound(to: Int32.self)[index] = Int32(value)
                } else {
                    input.base.assumingMemoryBound(to: Float.self)[index] = Float(value)
                }
            }
        }
    }
}
