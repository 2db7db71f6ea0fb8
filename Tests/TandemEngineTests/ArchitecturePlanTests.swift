import TandemEngine
import TandemGraph
import TandemTestSupport
import Testing

/// Every architecture that is built here, as the engine runs it.
@Suite struct ArchitecturePlanTests {
    @Test(arguments: SampleArchitectures.names, [1, 7, 64])
    func `the float program is within 1e-5 of the float reference`(
        name: String, rowCount: Int
    ) throws {
        let model = try Self.served(name)
        let program = try ProgramCompiler.float(model)
        for seed in 1...3 {
            let inputs = SampleModels.inputs(
                for: model.graph, rowCount: rowCount, seed: UInt64(seed))
            let expected = try ReferenceExecutor(model.graph, model.tensors)
                .run(inputs, rowCount: rowCount)
            let plan = try Plan(program.graph, program.tensors)
            let actual = PlanRunner.run(plan, inputs, rowCount: rowCount)
            #expect(Set(actual.keys) == Set(expected.keys))
            for (task, values) in actual {
                for (value, wanted) in zip(values, expected[task]?.floats ?? []) {
                    #expect(abs(value - wanted) <= 1e-5 * max(1, abs(wanted)), "\(task)")
                }
            }
        }
    }

    @Test(arguments: SampleArchitectures.names)
    func `the int8 program computes what the reference makes of it`(name: String) throws {
        let model = try Self.served(name)
        let program = try ProgramCompiler.int8(try ProgramCompiler.float(model))
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 9, seed: 5)
        let expected = try ReferenceExecutor(program.graph, program.tensors)
            .run(inputs, rowCount: 9)
        let plan = try Plan(program.graph, program.tensors)
        let actual = PlanRunner.run(plan, inputs, rowCount: 9)
        for (task, values) in actual {
            // A row may be quantised to the next step where rounding differs before it.
            for (value, wanted) in zip(values, expected[task]?.floats ?? []) {
                #expect(abs(value - wanted) <= 2e-3, "\(task)")
            }
        }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `a random model computes the same after every pass and in the engine`(
        seed: UInt64
    ) throws {
        let model = try RandomArchitectures.model(seed: seed)
        let whole = WeightedGraph(model.graph, model.parameters)
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 6, seed: seed)
        let expected = try ReferenceExecutor(whole.graph, whole.tensors)
            .run(inputs, rowCount: 6)
        func compare(_ outputs: [String: [Float]], _ form: String) {
            for (task, tensor) in expected {
                let values = outputs[task] ?? []
                #expect(values.count == tensor.floats.count)
                for (value, wanted) in zip(values, tensor.floats) {
                    #expect(abs(value - wanted) <= 1e-5 * max(1, abs(wanted)), "\(form) \(task)")
                }
            }
        }
        func reference(_ form: WeightedGraph) throws -> [String: [Float]] {
            try ReferenceExecutor(form.graph, form.tensors).run(inputs, rowCount: 6)
                .mapValues(\.floats)
        }
        let read = try Graph(text: whole.graph.text)
        compare(try reference(WeightedGraph(read, whole.tensors)), "text")
        let plain = try Canonicalization.applied(to: whole)
        compare(try reference(plain), "canonicalization")
        let program = try ProgramCompiler.float(plain)
        compare(try reference(program), "lifting")
        let plan = try Plan(program.graph, program.tensors)
        compare(PlanRunner.run(plan, inputs, rowCount: 6), "engine")
    }

    /// The model without what only losses read.
    private static func served(_ name: String) throws -> WeightedGraph {
        let model = try SampleArchitectures.model(name)
        return try GraphRewriter.rewrite(WeightedGraph(model.graph, model.parameters)) {
            _, _ throws(GraphError) in nil
        }
    }
}
