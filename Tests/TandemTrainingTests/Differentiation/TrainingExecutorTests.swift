import TandemGraph
import TandemTraining
import Testing

@Suite struct TrainingExecutorTests {
    @Test(arguments: UnaryFunction.allCases.filter { GradientPlan.isDifferentiable(.unary($0)) })
    func `differentiates every function of one number`(_ function: UnaryFunction) throws {
        var check = try GradientCheck()
        // Logarithm and root want positive numbers, and no number may sit on a kink.
        let range: ClosedRange<Float> =
            function == .log || function == .sqrt ? 0.5...2.5 : -1.5...1.5
        let x = try check.rows("x", [3, 2], range)
        let y = try check.builder.node("y", .unary(function), [x])
        try check.run(try check.head(y))
    }

    @Test(arguments: BinaryFunction.allCases.filter { GradientPlan.isDifferentiable(.binary($0)) })
    func `differentiates every function of two numbers`(_ function: BinaryFunction) throws {
        var check = try GradientCheck()
        let a = try check.rows("a", [2, 3])
        let b = try check.rows("b", [2, 3], 0.6...1.8)
        let y = try check.builder.node("y", .binary(function), [a, b])
        try check.run(try check.head(y))
    }

    @Test(
        arguments: BinaryFunction.allCases.filter { GradientPlan.isDifferentiable(.binary($0)) },
        [[3], [2, 1], [1, 3], [1], [], [2, 3], [1, 1, 1]])
    func `sums the gradients of broadcast operands`(
        _ function: BinaryFunction, _ sizes: [Int]
    ) throws {
        for isLeft in [true, false] {
            for isOnRows in [true, false] {
                var check = try GradientCheck()
                let wide = try check.rows("wide", [2, 3], 0.6...1.8)
                let small =
                    isOnRows
                    ? try check.rows("small", sizes, 0.5...2)
                    : try check.parameter("small", sizes, 0.5...2)
                let y = try check.builder.node(
                    "y", .binary(function), isLeft ? [small, wide] : [wide, small])
                try check.run(try check.head(y))
            }
        }
    }

    @Test func `broadcasts both operands at once`() throws {
        var check = try GradientCheck()
        let a = try check.rows("a", [2, 1])
        let b = try check.rows("b", [1, 3])
        let y = try check.builder.node("y", .binary(.multiply), [a, b])
        try check.run(try check.head(y))
    }

    @Test func `adds the gradients of a value that is read twice by one node`() throws {
        var check = try GradientCheck()
        let x = try check.rows("x", [4])
        let y = try check.builder.node("y", .binary(.multiply), [x, x])
        let z = try check.builder.node("z", .concat(axis: 0), [y, x, x])
        try check.run(try check.head(z))
    }

    @Test func `differentiates affine`() throws {
        var check = try GradientCheck()
        let x = try check.rows("x", [4])
        let y = try check.builder.node("y", .affine(scale: -2.5, offset: 0.5), [x])
        try check.run(try check.head(y))
    }

    @Test(arguments: [[4], [2, 4], [1, 2, 4]], [true, false])
    func `differentiates linear`(_ sizes: [Int], _ hasBias: Bool) throws {
        var check = try GradientCheck()
        let x = try check.rows("x", sizes)
        let weight = try check.parameter("weight", [3, 4])
        let bias = try check.parameter("bias", [3])
        let y = try check.builder.node("y", .linear, hasBias ? [x, weight, bias] : [x, weight])
        try check.run(
            try check.head(
                hasBias ? y : try check.builder.node("z", .binary(.add), [y, bias])))
    }

    @Test func `differentiates a linear whose weight is computed and read twice`() throws {
        var check = try GradientCheck()
        let x = try check.rows("x", [4])
        let raw = try check.parameter("raw", [4, 4])
        let weight = try check.builder.node("weight", .unary(.tanh), [raw])
        let y = try check.builder.node("y", .linear, [x, weight])
        let z = try check.builder.node("z", .linear, [y, weight])
        try check.run(try check.head(z))
    }

    @Test(arguments: [0, 1, 2])
    func `differentiates concat along each axis`(_ axis: Int) throws {
        var check = try GradientCheck()
        var sizes = [2, 2, 2]
        let a = try check.rows("a", sizes)
        sizes[axis] = 3
        let b = try check.parameter("b", sizes)
        let y = try check.builder.node("y", .concat(axis: axis), [a, b, a])
        try check.run(try check.head(y))
    }

    @Test(arguments: [0, 1, 2])
    func `differentiates slice along each axis`(_ axis: Int) throws {
        var check = try GradientCheck()
        let x = try check.rows("x", [3, 4, 3])
        let y = try check.builder.node("y", .slice(axis: axis, start: 1, end: 3), [x])
        let z = try check.builder.node("z", .slice(axis: axis, start: 0, end: 2), [x])
        try check.run(try check.head(try check.builder.node("sum", .binary(.add), [y, z])))
    }

    @Test func `differentiates reshape of rows and of a parameter`() throws {
        var check = try GradientCheck()
        let x = try check.rows("x", [6])
        let p = try check.parameter("p", [6])
        let y = try check.builder.node("y", .reshape([2, 3]), [x])
        let q = try check.builder.node("q", .reshape([2, 3]), [p])
        let z = try check.builder.node("z", .binary(.multiply), [y, q])
        try check.run(try check.head(try check.builder.node("sum", .binary(.add), [z, y])))
    }

    @Test(arguments: [[5], [2, 3], [3, 1]])
    func `differentiates softmax`(_ sizes: [Int]) throws {
        var check = try GradientCheck()
        let x = try check.rows("x", sizes)
        try check.run(try check.head(try check.builder.node("y", .softmax, [x])))
    }

    @Test(arguments: [[9], [2, 5]])
    func `differentiates layer norm`(_ sizes: [Int]) throws {
        var check = try GradientCheck()
        let x = try check.rows("x", sizes)
        let gamma = try check.parameter("gamma", [sizes.last ?? 1])
        let beta = try check.parameter("beta", [sizes.last ?? 1])
        try check.run(
            try check.head(
                try check.builder.node("y", .layerNorm(epsilon: 1e-3), [x, gamma, beta])))
    }

    @Test(arguments: [Reduction.sum, .mean], [0, 1, 2])
    func `differentiates reductions along each axis`(_ reduction: Reduction, _ axis: Int) throws {
        var check = try GradientCheck()
        let x = try check.rows("x", [2, 3, 4])
        try check.run(
            try check.head(try check.builder.node("y", .reduce(reduction, axis: axis), [x])))
    }

    @Test(arguments: [1, 256])
    func `differentiates embedding, sparsely and densely`(_ tableRowCountMin: Int) throws {
        var check = try GradientCheck()
        let ids = try check.ids("ids", [2], [0, 3, 3, 3, 1, 0, 6, 5, 3, 1])
        let table = try check.parameter("table", [7, 3])
        let y = try check.builder.node("y", .embedding, [ids, table])
        try check.run(try check.head(y), tableRowCountMin: tableRowCountMin)
    }

    @Test(arguments: [Reduction.sum, .mean], [1, 256])
    func `differentiates pooled embeddings, empty sequences included`(
        _ reduction: Reduction, _ tableRowCountMin: Int
    ) throws {
        var check = try GradientCheck()
        let ids = try check.ids("ids", [3], [0, 3, 3, 3, 1, 0, 6, 5, 3, 1, 2, 2, 4, 4, 4])
        let lengths = try check.ids("lengths", [], [3, 2, 0, 1, 3])
        let table = try check.parameter("table", [7, 3])
        let y = try check.builder.node("y", .embeddingPool(reduction), [ids, lengths, table])
        // The table is read once more, by another node.
        let z = try check.builder.node("z", .embedding, [lengths, table])
        try check.run(
            try check.head(try check.builder.node("sum", .binary(.add), [y, z])),
            tableRowCountMin: tableRowCountMin)
    }

    @Test func `gives the same gradients for sparse and dense tables`() throws {
        func gradients(_ tableRowCountMin: Int) throws -> [String: [Float]] {
            var check = try GradientCheck()
            let ids = try check.ids("ids", [2], [0, 3, 3, 3, 1, 0, 6, 5, 3, 1])
            let table = try check.parameter("table", [7, 3])
            let y = try check.builder.node("y", .embedding, [ids, table])
            return try check.run(try check.head(y), tableRowCountMin: tableRowCountMin)
        }
        let sparse = try gradients(1)
        let dense = try gradients(8)
        #expect(sparse == dense)
        #expect(dense["table"]?.contains { $0 != 0 } == true)
    }

    @Test func `differentiates the mixture of experts`() throws {
        var check = try GradientCheck()
        let gates = try check.rows("gates", [3])
        let a = try check.rows("a", [10])
        let b = try check.rows("b", [10])
        let c = try check.parameter("c", [10])
        let y = try check.builder.node("y", .mixture, [gates, a, b, c])
        try check.run(try check.head(y))
    }

    @Test func `brings gradients of several heads together`() throws {
        var check = try GradientCheck()
        let x = try check.rows("x", [3])
        let y = try check.builder.node("y", .unary(.tanh), [x])
        let first = try check.head(y)
        let second = try check.builder.node("second", .binary(.multiply), [first, first])
        let graph = check.builder.finished()
        let store = try ParameterStore(graph, check.parameters)
        let plan = try GradientPlan(graph, parameters: store, heads: [first, second])
        let executor = TrainingExecutor(plan, store, rowCountMax: 5)
        executor.fill(check.inputs)
        executor.forward(rowCount: 5)
        // The loss first + second = f + f^2 has the derivative 1 + 2 f.
        for head in executor.heads { head.gradient?.update(repeating: 1, count: 5) }
        executor.backward(rowCount: 5)
        let both = (0..<3).map { executor.denseGradient[$0] }

        let single = TrainingExecutor(
            try GradientPlan(graph, parameters: store, heads: [first]), store, rowCountMax: 5)
        single.fill(check.inputs)
        single.forward(rowCount: 5)
        let head = single.heads[0]
        for row in 0..<5 { head.gradient?[row] = 1 + 2 * head.values[row] }
        single.backward(rowCount: 5)
        for index in 0..<3 {
            #expect(abs(both[index] - single.denseGradient[index]) < 1e-5)
        }
        #expect(both.contains { abs($0) > 1e-3 })
    }

    @Test func `computes what the reference computes`() throws {
        let inputs = ModelInputs(
            contextDenseWidth: 3, candidateDenseWidth: 2,
            embeddings: [
                EmbeddedFeature(input: "user", side: .context, idCount: 9, dimension: 4),
                EmbeddedFeature(
                    input: "history", side: .context, idCount: 9, dimension: 4, listLengthMax: 3,
                    lengthInput: "history.length"),
            ])
        let model = try ModelBuilder.build(
            name: "m", inputs: inputs,
            architecture: ModelArchitecture(
                trunk: .mixtureOfExperts(expertCount: 3, expertLayers: [8, 6]), towerLayers: [5],
                heads: [
                    TaskHead("click", .binary), TaskHead("kind", .multiclass(classCount: 4)),
                    TaskHead(
                        "amount",
                        .regression(TargetTransform(usesLog1p: true, mean: 1, deviation: 0.5))),
                ]), seed: 3)
        let store = try ParameterStore(model.graph, model.parameters)
        let plan = try GradientPlan(
            model.graph, parameters: store, heads: model.graph.outputs, differentiates: false)
        let executor = TrainingExecutor(plan, store, rowCountMax: 4)
        var random = RandomSource(seed: 5)
        var values: [String: [Double]] = [:]
        for input in executor.inputs {
            values[input.name] = (0..<4 * input.width).map { _ in
                input.dtype == .int32
                    ? Double(random.next() % 3) : Double(random.uniform() * 2 - 1)
            }
        }
        executor.fill(values)
        executor.forward(rowCount: 4)
        let twin = DoubleExecutor(
            graph: model.graph,
            parameters: model.parameters.mapValues {
                $0.elements(as: Float.self).map(Double.init)
            }, inputs: values, rowCount: 4)
        for (head, output) in zip(executor.heads, model.graph.outputs) {
            for (index, expected) in twin.values(of: output).enumerated() {
                #expect(abs(Double(head.values[index]) - expected) <= 1e-5 * max(1, abs(expected)))
            }
        }
    }
}
