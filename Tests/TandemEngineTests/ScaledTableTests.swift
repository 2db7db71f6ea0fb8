import Glibc
import TandemEngine
import TandemGraph
import TandemTestSupport
import Testing

/// int8 tables whose rows end with their scales, beside those of earlier packages, whose scales lie in
/// a tensor of their own.
@Suite struct ScaledTableTests {
    private static func int8(_ name: String) throws -> WeightedGraph {
        let model =
            name == "pooled"
            ? try SampleModels.mixtureOfExperts() : try SampleArchitectures.model(name)
        return try ProgramCompiler.int8(
            ProgramCompiler.float(WeightedGraph(model.graph, model.parameters)))
    }

    /// The position of a node's table among its inputs; nil for nodes without one of int8.
    private static func tableIndex(_ node: Node) -> Int? {
        switch node.operation {
        case .quantizedEmbedding: 1
        case .quantizedEmbeddingPool: 2
        default: nil
        }
    }

    /// The program as it was written before.
    private static func withScalesBeside(_ program: WeightedGraph) throws -> WeightedGraph {
        try GraphRewriter.rewrite(program) { rewriter, node throws(GraphError) in
            guard let index = tableIndex(node), let table = rewriter.tensor(node.inputs[index])
            else { return nil }
            let (rowCount, width) = (table.shape[0], table.shape[1] - 4)
            let values = Tensor(zeros: .int8, shape: [rowCount, width])
            let scales = Tensor(zeros: .float32, shape: [rowCount])
            for row in 0..<rowCount {
                let bytes = table.base + row * (width + 4)
                memcpy(values.base + row * width, bytes, width)
                memcpy(scales.base + row * 4, bytes + width, 4)
            }
            let name = program.graph[node.inputs[index]].name
            var inputs: [ValueID] = []
            for input in node.inputs[..<index] { inputs.append(try rewriter.value(input)) }
            inputs.append(try rewriter.parameter(name + "/int8", values))
            inputs.append(try rewriter.parameter(name + "/scale", scales))
            return try rewriter.node(
                program.graph[node.output].name, node.operation, inputs)
        }
    }

    @Test(arguments: ["pooled", "lstm", "gru"])
    func `a program of before answers the same bits`(name: String) throws {
        let program = try Self.int8(name)
        let before = try Self.withScalesBeside(program)
        #expect(before.graph != program.graph)
        let inputs = SampleModels.inputs(for: program.graph, rowCount: 21, seed: 6)
        let expected = try ReferenceExecutor(program.graph, program.tensors)
            .run(inputs, rowCount: 21)
        let reference = try ReferenceExecutor(before.graph, before.tensors)
            .run(inputs, rowCount: 21)
        #expect(reference == expected)
        for block in [nil, 1, 5] as [Int?] {
            let plan = try Plan(program.graph, program.tensors, blockRowCount: block)
            let other = try Plan(before.graph, before.tensors, blockRowCount: block)
            #expect(plan.memory.tables == other.memory.tables)
            let found = PlanRunner.run(plan, inputs, rowCount: 21)
            let wanted = PlanRunner.run(other, inputs, rowCount: 21)
            #expect(Set(found.keys) == Set(expected.keys))
            for (task, values) in found {
                #expect(values.map(\.bitPattern) == wanted[task]?.map(\.bitPattern), "\(task)")
            }
        }
    }

    @Test func `every table of an int8 program has its scales at its rows' ends`() throws {
        let model = try SampleModels.mixtureOfExperts()
        let float = try ProgramCompiler.float(WeightedGraph(model.graph, model.parameters))
        let program = try ProgramCompiler.int8(float)
        var tableCount = 0
        for node in program.graph.nodes {
            guard let index = Self.tableIndex(node) else { continue }
            tableCount += 1
            #expect(node.inputs.count == index + 1)
            let table = program.graph[node.inputs[index]]
            let width = program.graph[node.output].type.shape.last?.fixedSize
            #expect(table.name.hasSuffix("/rows"))
            #expect(table.type.fixedSizes?.last == width.map { $0 + 4 })
        }
        #expect(tableCount == SampleModels.inputs.embeddings.count)
    }
}
