import TandemGraph
import TandemTestSupport
import TandemTraining
import Testing

/// Whole models of every architecture: their gradients against finite differences.
@Suite struct ArchitectureGradientTests {
    private static let rowCount = 4

    @Test(arguments: SampleArchitectures.names)
    func `gradients of all tasks are those of finite differences`(name: String) throws {
        let model = try SampleArchitectures.model(name)
        let parameters = Self.parameters(model)
        let store = try ParameterStore(model.graph, parameters, frozen: model.constants)
        let heads = try ["click", "buy", "class"].map { try #require(model.heads[$0]) }
        let plan = try GradientPlan(model.graph, parameters: store, heads: heads)
        let executor = TrainingExecutor(plan, store, rowCountMax: Self.rowCount)
        let values = Self.values(executor)
        executor.fill(values)
        executor.forward(rowCount: Self.rowCount)
        // The loss is the sum of the heads, each element times its position.
        for head in executor.heads {
            for index in 0..<Self.rowCount * head.width {
                head.gradient?[index] = Float(index + 1)
            }
        }
        executor.backward(rowCount: Self.rowCount)
        var twin = DoubleExecutor(
            graph: model.graph, parameters: [:], inputs: values, rowCount: Self.rowCount)
        for (name, tensor) in parameters {
            twin.parameters[name] =
                tensor.dtype == .int32
                ? tensor.elements(as: Int32.self).map(Double.init)
                : tensor.elements(as: Float.self).map(Double.init)
        }
        func loss(_ twin: DoubleExecutor) -> Double {
            heads.map { head in
                twin.values(of: head).enumerated().map { Double($0 + 1) * $1 }.reduce(0, +)
            }.reduce(0, +)
        }
        for (head, id) in zip(executor.heads, heads) {
            for (index, expected) in twin.values(of: id).enumerated() {
                #expect(abs(Double(head.values[index]) - expected) <= 1e-5 * max(1, abs(expected)))
            }
        }
        for slot in store.slots {
            guard case .dense(let offset) = slot.kind else { continue }
            // A few elements of each parameter: every one costs two walks in double precision.
            let step = max(1, slot.tensor.elementCount / 2)
            for index in stride(from: 0, to: slot.tensor.elementCount, by: step) {
                var moved = twin
                moved.parameters[slot.name]?[index] += 1e-5
                let above = loss(moved)
                moved.parameters[slot.name]?[index] -= 2e-5
                let expected = (above - loss(moved)) / 2e-5
                let gradient = Double(executor.denseGradient[offset + index])
                #expect(
                    abs(gradient - expected) <= 5e-5 * max(1, abs(expected)),
                    "\(slot.name)[\(index)]: \(gradient), by differences \(expected)")
            }
        }
    }

    /// Biases away from 0: a rectifier of nothing but zeros has no derivative.
    private static func parameters(_ model: BuiltModel) -> TensorSet {
        var random = RandomSource(seed: 8)
        var parameters = model.parameters
        for (name, tensor) in parameters.sorted(by: { $0.key < $1.key })
        where tensor.shape.count == 1 && !model.constants.contains(name) {
            let values = (0..<tensor.elementCount).map { _ in random.uniform() - 0.4 }
            parameters[name] = Tensor(.float32, shape: tensor.shape, values)
        }
        return parameters
    }

    /// Numbers around 0, ids within 8, and lengths that differ by row.
    private static func values(_ executor: TrainingExecutor) -> [String: [Double]] {
        var random = RandomSource(seed: 5)
        var values: [String: [Double]] = [:]
        for input in executor.inputs {
            let count = rowCount * input.width
            values[input.name] = (0..<count).map { index in
                if input.name.hasSuffix(".length") { return [3, 0, 5, 1][index] }
                return input.dtype == .int32
                    ? Double(random.next() % 8) : Double(random.uniform() * 2 - 1)
            }
        }
        return values
    }
}
