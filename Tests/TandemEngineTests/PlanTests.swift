import TandemEngine
import TandemGraph
import TandemTestSupport
import Testing

@Suite struct PlanTests {
    @Test(arguments: ["mmoe", "shared_bottom"], [1, 7, 16, 64, 131])
    func `the float plan is within 1e-5 of the float reference`(
        name: String, rowCount: Int
    ) throws {
        let model = try Self.model(name)
        let inputs = SampleModels.inputs(for: model.graph, rowCount: rowCount, seed: 7)
        let expected = try ReferenceExecutor(model.graph, model.parameters)
            .run(inputs, rowCount: rowCount)
        let plan = try Plan(model.graph, model.parameters, blockRowCount: 32)
        let actual = PlanRunner.run(plan, inputs, rowCount: rowCount)
        #expect(Set(actual.keys) == Set(expected.keys))
        for (task, values) in actual {
            let reference = try #require(expected[task]).floats
            #expect(values.count == reference.count)
            for (value, wanted) in zip(values, reference) {
                #expect(abs(value - wanted) <= 1e-5 * max(1, abs(wanted)), "\(task)")
            }
        }
    }

    @Test func `chooses no larger blocks than asked for`() throws {
        let model = try Self.model("mmoe")
        let free = try Plan(model.graph, model.parameters)
        let bounded = try Plan(model.graph, model.parameters, blockRowCountMax: 64)
        #expect(free.blockRowCount == 128)
        #expect(bounded.blockRowCount == 64)
        #expect(bounded.memory.arena < free.memory.arena)
    }

    @Test(arguments: ["mmoe", "shared_bottom"])
    func `scores do not change with block size, order or grouping of candidates`(
        name: String
    ) throws {
        let model = try Self.model(name)
        let rowCount = 83
        let inputs = SampleModels.inputs(for: model.graph, rowCount: rowCount, seed: 3)
        let whole = PlanRunner.run(
            try Plan(model.graph, model.parameters), inputs, rowCount: rowCount)
        let order = Array((0..<rowCount).reversed())
        for blockRowCount in [1, 5, 16, 100] {
            let plan = try Plan(model.graph, model.parameters, blockRowCount: blockRowCount)
            let workspace = Workspace(plan, rowCountMax: rowCount)
            var start = 0
            while start < rowCount {
                let rows = Array(order[start..<min(start + 29, rowCount)])
                let part = PlanRunner.run(
                    plan, PlanRunner.picked(inputs, model.graph, rows: rows),
                    rowCount: rows.count, workspace: workspace)
                for port in plan.outputs {
                    let wanted = try #require(whole[port.name])
                    let values = try #require(part[port.name])
                    for (position, row) in rows.enumerated() {
                        for column in 0..<port.width {
                            #expect(
                                values[position * port.width + column].bitPattern
                                    == wanted[row * port.width + column].bitPattern)
                        }
                    }
                }
                start += 29
            }
        }
    }

    @Test(arguments: ["mmoe", "shared_bottom"])
    func `a task list computes its tasks to the bit and leaves the others alone`(
        name: String
    ) throws {
        let model = try Self.model(name)
        let program = try ProgramCompiler.int8(
            try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters)))
        let plan = try Plan(program.graph, program.tensors)
        let inputs = SampleModels.inputs(for: program.graph, rowCount: 21, seed: 6)
        let whole = PlanRunner.run(plan, inputs, rowCount: 21)
        let workspace = Workspace(plan, rowCountMax: 21)
        for wanted in plan.outputs.indices {
            workspace.tasks = .none
            workspace.tasks.insert(wanted)
            for (index, port) in plan.outputs.enumerated() {
                workspace.output(index).update(repeating: -7, count: 21 * port.width)
            }
            let part = PlanRunner.run(plan, inputs, rowCount: 21, workspace: workspace)
            for (index, port) in plan.outputs.enumerated() {
                let values = try #require(part[port.name])
                if index == wanted {
                    #expect(values.map(\.bitPattern) == whole[port.name]?.map(\.bitPattern))
                } else {
                    #expect(values.allSatisfy { $0 == -7 })
                }
            }
        }
    }

    @Test func `no candidates give no scores`() throws {
        let model = try Self.model("mmoe")
        let plan = try Plan(model.graph, model.parameters)
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 0, seed: 1)
        let outputs = PlanRunner.run(plan, inputs, rowCount: 0)
        #expect(outputs.values.reduce(0) { $0 + $1.count } == 0)
    }

    @Test func `refuses a missing tensor by name`() throws {
        let model = try Self.model("mmoe")
        var tensors = model.parameters
        tensors["trunk/expert0/layer0/weight"] = nil
        let error = #expect(throws: EngineError.self) { try Plan(model.graph, tensors) }
        #expect(error?.code == .invalidGraph)
        #expect(error?.subject == "trunk/expert0/layer0/weight")
    }

    static func model(_ name: String) throws -> BuiltModel {
        name == "mmoe" ? try SampleModels.mixtureOfExperts() : try SampleModels.sharedBottom()
    }
}

extension PlanTests {
    @Test(.enabled(if: AllocationCounter.isCounting, "sanitizers replace malloc"))
    func `running a plan allocates nothing`() throws {
        let model = try Self.model("mmoe")
        let float = try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters))
        for program in [float, try ProgramCompiler.int8(float)] {
            let plan = try Plan(program.graph, program.tensors, blockRowCount: 16)
            let workspace = Workspace(plan, rowCountMax: 50)
            let inputs = SampleModels.inputs(for: program.graph, rowCount: 50, seed: 1)
            _ = PlanRunner.run(plan, inputs, rowCount: 50, workspace: workspace)
            let count = AllocationCounter.allocations { plan.run(workspace, rowCount: 50) }
            #expect(count == 0)
        }
    }
}
