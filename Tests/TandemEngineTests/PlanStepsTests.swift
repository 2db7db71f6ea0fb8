import TandemEngine
import TandemGraph
import TandemTestSupport
import Testing

/// A plan's steps as a profiler sees them.
@Suite struct PlanStepsTests {
    @Test func `steps run one by one give the scores of a plan run at once`() throws {
        let (program, plan) = try Self.int8()
        let rowCount = 50
        let inputs = SampleModels.inputs(for: program.graph, rowCount: rowCount, seed: 4)
        let whole = Workspace(plan, rowCountMax: rowCount)
        let expected = PlanRunner.run(plan, inputs, rowCount: rowCount, workspace: whole)
        // The outputs of a block are copied where its steps left them; one more run finds them.
        let stepwise = Workspace(plan, rowCountMax: rowCount)
        let first = PlanRunner.run(plan, inputs, rowCount: rowCount, workspace: stepwise)
        #expect(first == expected)
        plan.prepare(stepwise, rowCount: rowCount)
        let onceCount = plan.steps.prefix { $0.rows != .candidate }.count
        for index in 0..<onceCount { plan.runStep(index, stepwise, rowStart: 0, rowCount: 1) }
        for start in stride(from: 0, to: rowCount, by: plan.blockRowCount) {
            let count = min(plan.blockRowCount, rowCount - start)
            for index in onceCount..<plan.steps.count {
                plan.runStep(index, stepwise, rowStart: start, rowCount: count)
            }
        }
        plan.runBlock(stepwise, rowStart: 0, rowCount: plan.blockRowCount)
        for (index, port) in plan.outputs.enumerated() {
            let values = Array(
                UnsafeBufferPointer(
                    start: stepwise.output(index), count: plan.blockRowCount * port.width))
            #expect(values == Array((expected[port.name] ?? []).prefix(values.count)))
        }
    }

    @Test func `a block has as many slices as its work says, and the same scores`() throws {
        let (program, _) = try Self.int8()
        let plan = try Plan(program.graph, program.tensors, blockRowCount: 2_000)
        let inputs = SampleModels.inputs(for: program.graph, rowCount: 2_000, seed: 4)
        let workspace = Workspace(plan, rowCountMax: 2_000)
        let expected = PlanRunner.run(plan, inputs, rowCount: 2_000, workspace: workspace)
        for rowCount in [1, 500, 2_000] {
            var (left, wanted) = (4_000_000, 1)
            for step in plan.steps where step.rows == .candidate {
                if left <= 0 { (left, wanted) = (4_000_000, wanted + 1) }
                left -= step.cost.work * rowCount
            }
            #expect((wanted > 1) == (rowCount > 1))
            var slices = 1
            let found = PlanRunner.run(plan, inputs, rowCount: 2_000, workspace: workspace) {
                plan.prepare(workspace, rowCount: rowCount)
                plan.runContext(workspace)
                var block = Plan.Block(rowStart: 0, rowCount: rowCount)
                while plan.runSlice(of: &block, workspace) { slices += 1 }
            }
            #expect(slices == wanted)
            for (name, scores) in found { #expect(scores == expected[name]) }
        }
    }

    @Test func `steps say whether their multiply-adds are of int8`() throws {
        let (_, plan) = try Self.int8()
        let products = plan.steps.filter { $0.cost.multiplyAdds > 0 }
        #expect(products.contains { $0.cost.isInt8 } && products.contains { !$0.cost.isInt8 })
        for step in products {
            #expect(step.cost.isInt8 == step.text.contains("= quantized_linear"), "\(step.text)")
        }
    }

    @Test func `the memory plan names every buffer of a block`() throws {
        let (_, plan) = try Self.int8()
        let text = plan.memoryText
        #expect(text.contains("packed weights: \(plan.memory.packedWeights) bytes"))
        #expect(text.contains("a block of \(plan.blockRowCount) rows"))
        let buffers = text.split(separator: "\n").filter { $0.hasPrefix("  bytes ") }
        #expect(buffers.count > 3)
        #expect(text.contains("for \(buffers.count) buffers"))
    }

    @Test func `multiply-adds of the steps are those of the graph`() throws {
        let (program, plan) = try Self.int8()
        let (once, each) = plan.steps.reduce(into: (0, 0)) { sums, step in
            if step.rows == .candidate {
                sums.1 += step.cost.multiplyAdds
            } else {
                sums.0 += step.cost.multiplyAdds
            }
        }
        #expect(each > 0)
        #expect(once == program.graph.work.perRequest)
        #expect(each == program.graph.work.perCandidate)
    }

    @Test func `a product reads its weights once a call, a look-up its rows of the table`() throws {
        let (program, plan) = try Self.int8()
        for step in plan.steps where step.cost.multiplyAdds > 0 {
            #expect(step.cost.rowBytes > 0)
        }
        let products = plan.steps.filter { $0.text.contains("quantized_linear") }
        #expect(!products.isEmpty)
        #expect(products.allSatisfy { $0.cost.weightBytes > 0 })
        let lookups = plan.steps.filter { $0.text.contains("quantized_embedding") }
        #expect(!lookups.isEmpty)
        #expect(lookups.allSatisfy { $0.cost.weightBytes == 0 })
        let tables = program.graph.parameters.compactMap { program.graph[$0].type.rowElementCount }
        #expect(lookups.allSatisfy { $0.cost.rowBytes < tables.max() ?? 0 })
    }

    /// Sums before a layer norm, which makes them itself or reads them, to the same bits.
    @Test(arguments: [
        ("x", "", true), ("x", "  output s\n", false), ("v", "", false), ("c", "", false),
    ])
    func `a layer norm adds what nothing else wants added`(
        other: String, output: String, isFolded: Bool
    ) throws {
        func plan(_ output: String) throws -> (WeightedGraph, Plan) {
            let graph = try Graph(
                text: """
                    graph g {
                      input x: f32 candidate [3, 6]
                      input c: f32 context [3, 6]
                      parameter v: f32 [6]
                      h = tanh(x): f32 candidate [3, 6]
                      s = add(h, \(other)): f32 candidate [3, 6]
                      y = layer_norm(s, v, v) {epsilon=1e-5}: f32 candidate [3, 6]
                      output y
                    \(output)}
                    """)
            let tensors = SampleModels.parameters(for: graph, seed: 3)
            return (WeightedGraph(graph, tensors), try Plan(graph, tensors, blockRowCount: 4))
        }
        let (model, made) = try plan(output)
        let sums = made.steps.filter { $0.text.hasPrefix("s = add") }
        #expect(sums.count == 1)
        #expect(sums[0].text.contains("y = layer_norm") == isFolded)
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 9, seed: 4)
        let apart = try plan("  output s\n").1
        #expect(
            PlanRunner.run(made, inputs, rowCount: 9)["y"]
                == PlanRunner.run(apart, inputs, rowCount: 9)["y"])
        let reference = try ReferenceExecutor(model.graph, model.tensors)
            .run(inputs, rowCount: 9)["y"]
        let found = try #require(PlanRunner.run(made, inputs, rowCount: 9)["y"])
        for (value, wanted) in zip(found, try #require(reference).floats) {
            #expect(abs(value - wanted) <= 1e-5 * max(1, abs(wanted)))
        }
    }

    private static func int8() throws -> (WeightedGraph, Plan) {
        let model = try SampleModels.mixtureOfExperts()
        let float = try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters))
        let program = try ProgramCompiler.int8(float)
        return (program, try Plan(program.graph, program.tensors, blockRowCount: 16))
    }
}
