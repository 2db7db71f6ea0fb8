import TandemGraph
import TandemTraining
import Testing

@Suite struct OptimizerTests {
    /// A model `y = w x` with one weight, whose gradient a test sets by hand.
    private struct OneWeight {
        let store: ParameterStore
        let executors: [TrainingExecutor]
        let optimizer: Optimizer
        var steps = 0

        init(_ settings: OptimizerSettings, workers: Int = 1) throws {
            var builder = try GraphBuilder(name: "g")
            let x = try builder.input("x", TensorType(.float32, .context, sizes: [1]))
            let weight = try builder.parameter("weight", .float32, [1, 1])
            let bias = try builder.parameter("bias", .float32, [1])
            let y = try builder.node("y", .linear, [x, weight, bias])
            let graph = builder.finished()
            let store = try ParameterStore(
                graph,
                [
                    "weight": Tensor(.float32, shape: [1, 1], [2 as Float]),
                    "bias": Tensor(.float32, shape: [1], [2 as Float]),
                ])
            let plan = try GradientPlan(graph, parameters: store, heads: [y])
            self.store = store
            executors = (0..<workers).map { _ in TrainingExecutor(plan, store, rowCountMax: 4) }
            optimizer = Optimizer(settings, store, executors)
        }

        /// Steps with these gradients, one for each worker, of weight and bias alike.
        mutating func step(_ gradients: Float..., rate: Float) -> (weight: Float, bias: Float) {
            steps += 1
            for (executor, gradient) in zip(executors, gradients) {
                executor.denseGradient[0] = gradient
                executor.denseGradient[16] = gradient
            }
            var squares = 0.0
            for worker in executors.indices { squares += optimizer.reduce(worker: worker) }
            let scale = optimizer.gradientScale(squares: squares)
            for worker in executors.indices {
                optimizer.step(worker: worker, step: steps, rate: rate, gradientScale: scale)
            }
            return (store.dense[0], store.dense[16])
        }

        /// Checks what is seen of the average of weight and bias, which took the same steps.
        func expectAverage(_ expected: Double, sourceLocation: SourceLocation = #_sourceLocation) {
            var seen: [Float] = []
            optimizer.withAverage(through: steps) { seen = [store.dense[0], store.dense[16]] }
            #expect(seen.count == 2)
            for value in seen {
                OptimizerTests.expect(value, expected, sourceLocation: sourceLocation)
            }
        }
    }

    private static func expect(
        _ value: Float, _ expected: Double, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            abs(Double(value) - expected) < 2e-6, "\(value), not \(expected)",
            sourceLocation: sourceLocation)
    }

    @Test func `SGD goes down the slope`() throws {
        var model = try OneWeight(OptimizerSettings(algorithm: .sgd(momentum: 0)))
        Self.expect(model.step(0.5, rate: 0.1).weight, 1.95)
        Self.expect(model.step(-1, rate: 0.1).weight, 2.05)
    }

    @Test func `momentum keeps a share of the last steps`() throws {
        var model = try OneWeight(OptimizerSettings(algorithm: .sgd(momentum: 0.9)))
        Self.expect(model.step(0.5, rate: 0.1).weight, 1.95)
        // b = 0.9 * 0.5 + 1 = 1.45
        Self.expect(model.step(1, rate: 0.1).weight, 1.805)
    }

    @Test func `RMSProp divides by the mean square`() throws {
        var model = try OneWeight(
            OptimizerSettings(algorithm: .rmsProp(decay: 0.9, epsilon: 0.01)))
        // v = 0.1 * 0.25 = 0.025; 2 - 0.1 * 0.5 / (sqrt 0.025 + 0.01)
        Self.expect(model.step(0.5, rate: 0.1).weight, 2 - 0.05 / (0.025.squareRoot() + 0.01))
        let before = 2 - 0.05 / (0.025.squareRoot() + 0.01)
        // v = 0.9 * 0.025 + 0.1 * 1 = 0.1225
        Self.expect(model.step(1, rate: 0.1).weight, before - 0.1 / (0.35 + 0.01))
    }

    @Test func `Adam takes its corrected steps`() throws {
        var model = try OneWeight(
            OptimizerSettings(algorithm: .adam(beta1: 0.9, beta2: 0.99, epsilon: 0.01)))
        // m / (1 - 0.9) = 0.5; v / (1 - 0.99) = 0.25
        Self.expect(model.step(0.5, rate: 0.1).weight, 2 - 0.1 * 0.5 / 0.51)
        // m = 0.9 * 0.05 + 0.1 = 0.145, / 0.19; v = 0.99 * 0.0025 + 0.01 = 0.012475, / 0.0199
        let mean = 0.145 / 0.19
        let root = (0.012475 / 0.0199).squareRoot()
        Self.expect(
            model.step(1, rate: 0.1).weight, 2 - 0.1 * 0.5 / 0.51 - 0.1 * mean / (root + 0.01))
    }

    @Test func `weight decay shrinks matrices and leaves biases`() throws {
        var model = try OneWeight(
            OptimizerSettings(algorithm: .sgd(momentum: 0), weightDecay: 0.5))
        let values = model.step(0, rate: 0.1)
        Self.expect(values.weight, 2 * (1 - 0.1 * 0.5))
        Self.expect(values.bias, 2)
    }

    @Test func `a long gradient is cut to the norm, a short one is not`() throws {
        let settings = OptimizerSettings(algorithm: .sgd(momentum: 0), gradientNormMax: 1)
        var long = try OneWeight(settings)
        // The norm of (3, 3) is 3 sqrt 2; both are scaled to 1 / sqrt 2.
        Self.expect(long.step(3, rate: 0.1).weight, 2 - 0.1 / 2.0.squareRoot())
        var short = try OneWeight(settings)
        Self.expect(short.step(0.5, rate: 0.1).weight, 1.95)
    }

    @Test func `gradients of all workers are added`() throws {
        var model = try OneWeight(OptimizerSettings(algorithm: .sgd(momentum: 0)), workers: 3)
        Self.expect(model.step(1, 2, 4, rate: 0.1).weight, 1.3)
    }

    @Test(arguments: [1, 2, 3])
    func `tables are stepped in the rows that were read, once each`(_ workers: Int) throws {
        var builder = try GraphBuilder(name: "g")
        let ids = try builder.input("ids", TensorType(.int32, .context, sizes: [2]))
        let table = try builder.parameter("table", .float32, [9, 1])
        let y = try builder.node("y", .embedding, [ids, table])
        let head = try builder.node("head", .reduce(.sum, axis: 0), [y])
        let graph = builder.finished()
        let store = try ParameterStore(
            graph, ["table": Tensor(zeros: .float32, shape: [9, 1])], tableRowCountMin: 1)
        let plan = try GradientPlan(graph, parameters: store, heads: [head])
        let executors = (0..<workers).map { _ in TrainingExecutor(plan, store, rowCountMax: 6) }
        let optimizer = Optimizer(
            OptimizerSettings(algorithm: .sgd(momentum: 0.5)), store, executors)
        let rows: [[Int32]] = [[0, 1], [1, 1], [8, 2], [2, 0], [5, 5], [1, 8]]
        for (worker, executor) in executors.enumerated() {
            let share = rows[6 * worker / workers..<6 * (worker + 1) / workers]
            let flat = share.flatMap { $0 }
            executor.inputs[0].base.assumingMemoryBound(to: Int32.self)
                .update(from: flat, count: flat.count)
            executor.forward(rowCount: share.count)
            executor.heads[0].gradient?.update(repeating: 1, count: share.count)
            executor.backward(rowCount: share.count)
        }
        for worker in 0..<workers { _ = optimizer.reduce(worker: worker) }
        for worker in 0..<workers { optimizer.step(worker: worker, step: 1, rate: 1) }
        let values = Array(store.slots[0].tensor.elements(as: Float.self))
        #expect(values == [-2, -4, -2, 0, 0, -2, 0, 0, -2])
    }

    @Test func `the average weighs late steps more and starts with the first`() throws {
        var model = try OneWeight(
            OptimizerSettings(algorithm: .sgd(momentum: 0), averaging: 0.75))
        _ = model.step(1, rate: 1)
        model.expectAverage(1)
        _ = model.step(-3, rate: 1)
        // (0.25 * 4 + 0.1875 * 1) / (1 - 0.75^2)
        model.expectAverage(1.1875 / 0.4375)
        #expect(model.store.dense[0] == 4)
    }

    @Test func `without averaging the weights themselves are shown`() throws {
        var model = try OneWeight(OptimizerSettings(algorithm: .sgd(momentum: 0)))
        _ = model.step(1, rate: 1)
        _ = model.step(-3, rate: 1)
        model.expectAverage(4)
    }

    @Test(arguments: [1, 2])
    func `rows that are seldom read are averaged over all steps`(_ workers: Int) throws {
        var builder = try GraphBuilder(name: "g")
        let ids = try builder.input("ids", TensorType(.int32, .context, sizes: []))
        let table = try builder.parameter("table", .float32, [4, 1])
        let y = try builder.node("y", .embedding, [ids, table])
        let store = try ParameterStore(
            builder.finished(), ["table": Tensor(.float32, shape: [4, 1], [8, 8, 8, 8 as Float])],
            tableRowCountMin: 1)
        let plan = try GradientPlan(builder.finished(), parameters: store, heads: [y])
        let executors = (0..<workers).map { _ in TrainingExecutor(plan, store, rowCountMax: 1) }
        let optimizer = Optimizer(
            OptimizerSettings(algorithm: .sgd(momentum: 0), averaging: 0.5), store, executors)
        // Row 1 is 7, 7, 7, 6 after the steps, row 2 is 8, 7, 7, 7; nobody reads the others.
        for (step, row) in ([1, 2, nil, 1] as [Int32?]).enumerated() {
            for executor in executors { executor.clearGradients() }
            if let row {
                executors[0].inputs[0].base.assumingMemoryBound(to: Int32.self)[0] = row
                executors[0].forward(rowCount: 1)
                executors[0].heads[0].gradient?[0] = 1
                executors[0].backward(rowCount: 1)
            }
            for worker in 0..<workers { _ = optimizer.reduce(worker: worker) }
            for worker in 0..<workers { optimizer.step(worker: worker, step: step + 1, rate: 1) }
        }
        func values() -> [Float] { Array(store.slots[0].tensor.elements(as: Float.self)) }
        var averages: [Float] = []
        // Looked at twice, since looking adds what is missing.
        for _ in 0..<2 { optimizer.withAverage(through: 4) { averages = values() } }
        #expect(values() == [8, 6, 7, 8])
        let shares = [0.0625, 0.125, 0.25, 0.5]
        let expected = [[8.0, 8, 8, 8], [7, 7, 7, 6], [8, 7, 7, 7], [8, 8, 8, 8]].map { row in
            zip(shares, row).reduce(0) { $0 + $1.0 * $1.1 } / 0.9375
        }
        for (average, value) in zip(averages, expected) { Self.expect(average, value) }
    }

    @Test func `schedules start at the rate and fall as they say`() {
        var settings = OptimizerSettings(learningRate: 0.5, schedule: .exponential(factor: 0.25))
        func rate(_ step: Int) -> Float {
            settings.rate(step: step, stepsPerEpoch: 10, epochCount: 4)
        }
        #expect(rate(0) == 0.5)
        #expect(rate(10) == 0.125)
        settings.schedule = .cosine(last: 0.1)
        #expect(rate(0) == 0.5)
        Self.expect(rate(20), 0.5 * (0.1 + 0.9 * 0.5))
        Self.expect(rate(40), 0.05)
        Self.expect(rate(50), 0.05)
        settings.schedule = .constant
        #expect(rate(50) == 0.5)
    }
}
