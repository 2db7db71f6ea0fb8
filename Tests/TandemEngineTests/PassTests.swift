import Glibc
import TandemEngine
import TandemGraph
import TandemTestSupport
import Testing

@Suite struct PassTests {
    @Test(arguments: ["mmoe", "shared_bottom"])
    func `lifting keeps the scores and takes the context's work off the candidates`(
        name: String
    ) throws {
        let model = try PlanTests.model(name)
        let lifted = try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters))
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 20, seed: 4)
        let expected = try ReferenceExecutor(model.graph, model.parameters)
            .run(inputs, rowCount: 20)
        let actual = try ReferenceExecutor(lifted.graph, lifted.tensors).run(inputs, rowCount: 20)
        for (task, tensor) in expected {
            let values = try #require(actual[task]).floats
            for (value, wanted) in zip(values, tensor.floats) {
                #expect(abs(value - wanted) <= 1e-5 * max(1, abs(wanted)), "\(task)")
            }
        }
        #expect(lifted.graph.work.perRequest > model.graph.work.perRequest)
        #expect(lifted.graph.work.perCandidate < model.graph.work.perCandidate)
        #expect(
            lifted.graph.work.perRequest + lifted.graph.work.perCandidate
                == model.graph.work.perRequest + model.graph.work.perCandidate)
        #expect(
            lifted.graph.outputs.map { lifted.graph[$0].name }
                == model.graph.outputs.map { model.graph[$0].name })
        #expect(
            Set(lifted.graph.parameters.map { lifted.graph[$0].name }) == Set(lifted.tensors.keys))
    }

    @Test(arguments: ["mmoe", "shared_bottom"])
    func `the int8 plan gives the bits of its reference's integers`(name: String) throws {
        let model = try PlanTests.model(name)
        let float = try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters))
        let int8 = try ProgramCompiler.int8(float)
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 50, seed: 9)
        let reference = try ReferenceExecutor(int8.graph, int8.tensors).run(inputs, rowCount: 50)
        let exact = try ReferenceExecutor(float.graph, float.tensors).run(inputs, rowCount: 50)
        let plan = try Plan(int8.graph, int8.tensors, blockRowCount: 16)
        let actual = PlanRunner.run(plan, inputs, rowCount: 50)
        for (task, values) in actual {
            let wanted = try #require(reference[task]).floats
            let unrounded = try #require(exact[task]).floats
            for index in values.indices {
                // A float sum that ends in another last bit can move one int8 activation by one.
                #expect(abs(values[index] - wanted[index]) <= 2e-3 * max(1, abs(wanted[index])))
                #expect(
                    abs(values[index] - unrounded[index]) <= 0.05 * max(1, abs(unrounded[index])),
                    "\(task)")
            }
        }
    }

    @Test(arguments: ["mmoe", "shared_bottom"])
    func `joining parallel layers leaves every bit and fewer layers`(name: String) throws {
        let model = try PlanTests.model(name)
        let lifted = try ContextLifting.applied(to: WeightedGraph(model.graph, model.parameters))
        let joined = try ParallelLinears.applied(to: lifted)
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 9, seed: 5)
        let expected = try ReferenceExecutor(lifted.graph, lifted.tensors).run(inputs, rowCount: 9)
        let actual = try ReferenceExecutor(joined.graph, joined.tensors).run(inputs, rowCount: 9)
        for (task, tensor) in expected {
            #expect(actual[task]?.floats.map(\.bitPattern) == tensor.floats.map(\.bitPattern))
        }
        func layers(_ graph: Graph) -> [Node] { graph.nodes.filter { $0.operation == .linear } }
        #expect(joined.graph.work == lifted.graph.work)
        if name == "mmoe" { #expect(layers(joined.graph).count < layers(lifted.graph).count) }
        let context = layers(joined.graph).filter { joined.graph[$0.output].type.rows == .context }
        #expect(Set(context.map(\.inputs[0])).count == context.count)
    }

    @Test func `wide layers of the context are joined for the same tasks only`() throws {
        var builder = try GraphBuilder(name: "towers")
        let user = try builder.input("user", TensorType(.float32, .context, sizes: [8]))
        let item = try builder.input("item", TensorType(.float32, .candidate, sizes: [64]))
        var tensors = TensorSet()
        for task in ["click", "buy"] {
            var sum = item
            for part in ["\(task)/first", "\(task)/second"] {
                tensors["\(part).w"] = Tensor(zeros: .float32, shape: [64, 8])
                tensors["\(part).b"] = Tensor(zeros: .float32, shape: [64])
                let share = try builder.node(
                    part, .linear,
                    [
                        user, try builder.parameter("\(part).w", .float32, [64, 8]),
                        try builder.parameter("\(part).b", .float32, [64]),
                    ])
                sum = try builder.node("\(part)/sum", .binary(.add), [sum, share])
            }
            try builder.output(try builder.node(task, .reduce(.sum, axis: 0), [sum]))
        }
        let source = WeightedGraph(builder.finished(), tensors)
        let joined = try ParallelLinears.applied(to: source).graph
        let layers = joined.nodes.filter { $0.operation == .linear }
        #expect(layers.map { joined[$0.inputs[1]].type.fixedSizes } == [[128, 8], [128, 8]])
        #expect(
            layers.map { joined[$0.output].name } == ["joined/click/first", "joined/buy/first"])
    }

    /// So its version is loaded by reading and packing its own weights, and what was joined.
    @Test(arguments: ["ple", "cgc", "aitm", "dcn-parallel"])
    func `a task trained anew changes no weight of the trunk or of another task`(
        name: String
    ) throws {
        let model = try SampleArchitectures.model(name)
        var parameters = model.parameters
        for (name, tensor) in parameters where name.hasPrefix("task/buy/") {
            parameters[name] = Tensor(
                .float32, shape: tensor.shape,
                tensor.elements(as: Float.self).map { 0.5 - $0 })
        }
        let float = try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters))
        let next = try ProgramCompiler.float(WeightedGraph(model.graph, parameters))
        for (before, after) in [
            (float, next), (try ProgramCompiler.int8(float), try ProgramCompiler.int8(next)),
        ] {
            #expect(before.tensors.keys == after.tensors.keys)
            let changed = before.tensors.filter {
                !$0.value.hasSameBytes(as: after.tensors[$0.key])
            }
            #expect(!changed.isEmpty)
            for name in changed.keys {
                #expect(name.hasPrefix("task/buy/") || name.hasPrefix("joined/"))
            }
        }
    }

    @Test(arguments: ["mmoe", "shared_bottom"])
    func `each float pass keeps the scores of the one before`(name: String) throws {
        let model = try PlanTests.model(name)
        var current = WeightedGraph(model.graph, model.parameters)
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 6, seed: 8)
        let expected = try ReferenceExecutor(current.graph, current.tensors)
            .run(inputs, rowCount: 6)
        for pass in ProgramCompiler.floatPasses {
            current = try pass.applied(current)
            let actual = try ReferenceExecutor(current.graph, current.tensors)
                .run(inputs, rowCount: 6)
            for (task, tensor) in expected {
                for (value, wanted) in zip(try #require(actual[task]).floats, tensor.floats) {
                    #expect(abs(value - wanted) <= 1e-5 * max(1, abs(wanted)), "\(pass.name)")
                }
            }
        }
    }

    @Test(arguments: ["mmoe", "shared_bottom"])
    func `each int8 pass stays within the float reference`(name: String) throws {
        let model = try PlanTests.model(name)
        var current = try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters))
        let inputs = SampleModels.inputs(for: model.graph, rowCount: 6, seed: 8)
        let expected = try ReferenceExecutor(current.graph, current.tensors)
            .run(inputs, rowCount: 6)
        for pass in ProgramCompiler.int8Passes() {
            current = try pass.applied(current)
            let actual = try ReferenceExecutor(current.graph, current.tensors)
                .run(inputs, rowCount: 6)
            for (task, tensor) in expected {
                for (value, wanted) in zip(try #require(actual[task]).floats, tensor.floats) {
                    #expect(abs(value - wanted) <= 0.05 * max(1, abs(wanted)), "\(pass.name)")
                }
            }
        }
        let float = try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters))
        #expect(current.graph == (try ProgramCompiler.int8(float)).graph)
    }

    @Test func `an observer sees every pass in order, each from where the one before ended`() throws
    {
        let model = try PlanTests.model("mmoe")
        var names: [String] = []
        var last: Graph? = model.graph
        let float = try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters)) {
            names.append($0.name)
            #expect($1.graph == last)
            last = $2.graph
        }
        #expect(names == ProgramCompiler.floatPasses.map(\.name))
        #expect(Set(names).count == names.count)
        #expect(last == float.graph)
    }

    @Test(arguments: [true, false])
    func `a layer over one small table becomes a table`(hasBias: Bool) throws {
        var text = """
            graph g {
              input id: i32 candidate []
              parameter table: f32 [4, 3]
              parameter w: f32 [5, 3]
              parameter b: f32 [5]
              e = embedding(id, table): f32 candidate [3]
              h = linear(e, w, b): f32 candidate [5]
              y = relu(h): f32 candidate [5]
              output y
            }
            """
        if !hasBias {
            text = text.replacing("  parameter b: f32 [5]\n", with: "").replacing(", b)", with: ")")
        }
        let graph = try Graph(text: text)
        var random = RandomSource(seed: 2)
        var tensors: TensorSet = [:]
        for id in graph.parameters {
            let shape = graph[id].type.fixedSizes ?? []
            tensors[graph[id].name] = Tensor(
                .float32, shape: shape, (0..<shape.reduce(1, *)).map { _ in random.uniform() - 0.5 }
            )
        }
        let folded = try TableFolding.applied(to: WeightedGraph(graph, tensors))
        #expect(folded.graph.nodes.map(\.operation) == [.embedding, .unary(.relu)])
        #expect(Set(folded.tensors.keys) == ["h/table"])
        let inputs = ["id": ReferenceTensor(rowCount: 4, shape: [], .int32([0, 3, 1, 2]))]
        let expected = try ReferenceExecutor(graph, tensors).run(inputs, rowCount: 4)
        let actual = try ReferenceExecutor(folded.graph, folded.tensors).run(inputs, rowCount: 4)
        for (value, wanted) in zip(
            try #require(actual["y"]).floats, try #require(expected["y"]).floats)
        {
            #expect(abs(value - wanted) <= 1e-6)
        }
    }

    @Test func `heads stay float and the rest becomes int8`() throws {
        let model = try SampleModels.mixtureOfExperts()
        let int8 = try ProgramCompiler.int8(
            try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters)))
        var float: [String] = []
        var quantized = 0
        for node in int8.graph.nodes {
            switch node.operation {
            case .linear: float.append(int8.graph[node.output].name)
            case .quantizedLinear: quantized += 1
            case .embedding, .embeddingPool: Issue.record("a float table is left")
            default: continue
            }
        }
        #expect(float.allSatisfy { $0.contains("/head") })
        // Three experts of two layers, four towers, the gates, and the context's share of all.
        #expect(quantized == 3 * 2 + 4 + 1 + 1)
    }
}

extension Tensor {
    fileprivate func hasSameBytes(as other: Tensor?) -> Bool {
        guard let other, other.byteCount == byteCount else { return false }
        return memcmp(base, other.base, byteCount) == 0
    }
}
