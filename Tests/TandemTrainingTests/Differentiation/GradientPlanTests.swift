import TandemGraph
import TandemTraining
import Testing

@Suite struct GradientPlanTests {
    @Test func `refuses a quantised node and names it`() throws {
        var builder = try GraphBuilder(name: "g")
        let x = try builder.input("x", TensorType(.float32, .context, sizes: [4]))
        let weight = try builder.parameter("weight", .int8, [2, 4])
        let scale = try builder.parameter("scale", .float32, [2])
        let y = try builder.node("layer", .quantizedLinear, [x, weight, scale])
        let graph = builder.finished()
        let store = try ParameterStore(
            graph,
            [
                "weight": Tensor(zeros: .int8, shape: [2, 4]),
                "scale": Tensor(zeros: .float32, shape: [2]),
            ])
        let error = #expect(throws: TrainingError.self) {
            try GradientPlan(graph, parameters: store, heads: [y])
        }
        #expect(error?.code == .notDifferentiable)
        #expect(error?.node == "layer")
    }

    @Test func `refuses a size that is not known`() throws {
        var builder = try GraphBuilder(name: "g")
        let x = try builder.input("x", TensorType(.float32, .context, [.symbol("length")]))
        let y = try builder.node("y", .unary(.tanh), [x])
        let graph = builder.finished()
        let store = try ParameterStore(graph, [:])
        let error = #expect(throws: TrainingError.self) {
            try GradientPlan(graph, parameters: store, heads: [y])
        }
        #expect(error?.code == .notDifferentiable)
        #expect(error?.node == "y")
    }

    @Test func `refuses a head that no trained parameter leads to`() throws {
        var builder = try GraphBuilder(name: "g")
        let x = try builder.input("x", TensorType(.float32, .context, sizes: [1]))
        let weight = try builder.parameter("weight", .float32, [1, 1])
        let y = try builder.node("y", .linear, [x, weight])
        let graph = builder.finished()
        let tensors = ["weight": Tensor(zeros: .float32, shape: [1, 1])]
        let frozen = try ParameterStore(graph, tensors, frozen: ["weight"])
        let error = #expect(throws: TrainingError.self) {
            try GradientPlan(graph, parameters: frozen, heads: [y])
        }
        #expect(error?.code == .notDifferentiable)
        #expect(error?.node == "y")
        let trained = try ParameterStore(graph, tensors)
        _ = try GradientPlan(graph, parameters: trained, heads: [y])
    }

    @Test func `refuses a head without rows`() throws {
        var builder = try GraphBuilder(name: "g")
        let weight = try builder.parameter("weight", .float32, [3])
        let y = try builder.node("y", .unary(.tanh), [weight])
        let graph = builder.finished()
        let store = try ParameterStore(graph, ["weight": Tensor(zeros: .float32, shape: [3])])
        let error = #expect(throws: TrainingError.self) {
            try GradientPlan(graph, parameters: store, heads: [y])
        }
        #expect(error?.code == .notDifferentiable)
    }

    @Test func `leaves out inputs and nodes that no head needs`() throws {
        var builder = try GraphBuilder(name: "g")
        let x = try builder.input("x", TensorType(.float32, .context, sizes: [2]))
        let other = try builder.input("other", TensorType(.float32, .context, sizes: [2]))
        let weight = try builder.parameter("weight", .float32, [1, 2])
        let y = try builder.node("y", .linear, [x, weight])
        _ = try builder.node("unused", .linear, [other, weight])
        let graph = builder.finished()
        let store = try ParameterStore(graph, ["weight": Tensor(zeros: .float32, shape: [1, 2])])
        let plan = try GradientPlan(graph, parameters: store, heads: [y])
        let executor = TrainingExecutor(plan, store, rowCountMax: 1)
        #expect(executor.inputs.map(\.name) == ["x"])
    }
}
