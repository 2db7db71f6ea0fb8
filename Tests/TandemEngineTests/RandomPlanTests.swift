import TandemEngine
import TandemGraph
import TandemTestSupport
import Testing

/// The plan against the float reference, and the engine's passes, on graphs that seeds make.
@Suite struct RandomPlanTests {
    /// What the engine serves: sizes are known, inputs are f32 and i32.
    private static var served: RandomGraphOptions {
        var options = RandomGraphOptions()
        options.symbols = []
        options.dtypes = [.float32, .int32]
        return options
    }

    /// The graph with its f32 outputs alone, each on rows: what a program answers.
    private static func program(_ seed: UInt64) throws -> (RandomGraph, WeightedGraph)? {
        let random = try RandomGraph(seed: seed, served)
        let graph = random.model.graph
        let outputs = graph.outputs.filter {
            graph[$0].type.dtype == .float32 && graph[$0].type.rows != .none
                && (graph[$0].type.rowElementCount ?? 0) > 0
        }
        guard !outputs.isEmpty else { return nil }
        let whole = try Graph(
            name: graph.name, inputs: graph.inputs.map { graph[$0] },
            parameters: graph.parameters.map { graph[$0] },
            nodes: graph.nodes.map { node in
                (node.operation, node.inputs.map { graph[$0].name }, graph[node.output].name)
            }, outputs: outputs.map { graph[$0].name })
        let live = try GraphRewriter.rewrite(WeightedGraph(whole, random.model.tensors)) { _, _ in
            nil
        }
        return (random, live)
    }

    private func expectEqual(
        _ found: [String: [Float]], _ expected: [String: ReferenceTensor], rowCount: Int,
        tolerance: Float, _ comment: String
    ) {
        for (name, tensor) in expected {
            let answer = ReferenceTensor(
                rowCount: rowCount, shape: tensor.shape, .float32(found[name] ?? []))
            let difference = answer.difference(from: tensor, tolerance: tolerance)
            #expect(difference == nil, "\(name), \(comment)")
        }
    }

    @Test func `a plan answers what the reference does, in blocks of any size`() throws {
        var planned = 0
        for seed in RandomRuns.seeds(80) {
            guard let (random, model) = try Self.program(seed) else { continue }
            guard let plan = try? Plan(model.graph, model.tensors) else { continue }
            planned += 1
            for rowCount in [1, 2, 7, 19] {
                let inputs = random.inputs(rowCount: rowCount, seed: seed)
                let expected = try ReferenceExecutor(model.graph, model.tensors)
                    .run(inputs, rowCount: rowCount)
                let found = PlanRunner.run(plan, inputs, rowCount: rowCount)
                expectEqual(
                    found, expected, rowCount: rowCount, tolerance: 2e-4, "seed \(seed)")
                for block in [1, 3, 16] {
                    let other = PlanRunner.run(
                        try Plan(model.graph, model.tensors, blockRowCount: block), inputs,
                        rowCount: rowCount)
                    for (name, values) in found {
                        #expect(
                            other[name]?.map(\.bitPattern) == values.map(\.bitPattern),
                            "seed \(seed), \(name), blocks of \(block)")
                    }
                }
            }
        }
        // Of these graphs most are the engine's; if hardly any is, this tests nothing.
        #expect(planned >= 20)
    }

    @Test func `lifting keeps the answers`() throws {
        for seed in RandomRuns.seeds(80) {
            let random = try RandomGraph(seed: seed)
            let inputs = random.inputs(rowCount: 3, seed: seed)
            let lifted = try ContextLifting.applied(to: random.model)
            let expected = try ReferenceExecutor(random.model.graph, random.model.tensors)
                .run(inputs, rowCount: 3)
            let found = try ReferenceExecutor(lifted.graph, lifted.tensors).run(inputs, rowCount: 3)
            for (name, tensor) in expected {
                let difference = found[name]?.difference(from: tensor, tolerance: 1e-4)
                #expect(difference == nil, "seed \(seed), \(name)")
            }
        }
    }

    @Test func `a plan of an int8 program answers what the reference does`() throws {
        var options = Self.served
        options.operations = [
            "linear", "embedding", "embedding_mean", "relu", "concat", "add", "sigmoid", "slice",
            "reshape", "affine", "mixture", "softmax",
        ]
        for seed in RandomRuns.seeds(40) {
            let random = try RandomGraph(seed: seed, options)
            let graph = random.model.graph
            guard
                graph.outputs.allSatisfy({
                    graph[$0].type.dtype == .float32 && graph[$0].type.rows != .none
                })
            else { continue }
            let int8 = try Quantization.applied(to: random.model)
            guard let plan = try? Plan(int8.graph, int8.tensors) else { continue }
            let inputs = random.inputs(rowCount: 5, seed: seed)
            let expected = try ReferenceExecutor(int8.graph, int8.tensors).run(inputs, rowCount: 5)
            // A last bit before a quantised layer may move a number by one step of its row.
            expectEqual(
                PlanRunner.run(plan, inputs, rowCount: 5), expected, rowCount: 5, tolerance: 0.05,
                "seed \(seed)")
        }
    }
}
