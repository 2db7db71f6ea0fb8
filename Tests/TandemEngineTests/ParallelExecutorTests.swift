import TandemEngine
import TandemGraph
import TandemTestSupport
import Testing

@Suite struct ParallelExecutorTests {
    /// A layer so wide that a hundred rows are worth a second thread.
    private static func plan() throws -> (Plan, Graph) {
        let graph = try Graph(
            text: """
                graph g {
                  input u: f32 context [8]
                  input x: f32 candidate [512]
                  parameter w: f32 [512, 512]
                  parameter v: f32 [512, 8]
                  c = linear(u, v): f32 context [512]
                  h = linear(x, w, c): f32 candidate [512]
                  y = tanh(h): f32 candidate [512]
                  output y
                }
                """)
        var random = RandomSource(seed: 3)
        var tensors: TensorSet = [:]
        for id in graph.parameters {
            let shape = graph[id].type.fixedSizes ?? []
            tensors[graph[id].name] = Tensor(
                .float32, shape: shape,
                (0..<shape.reduce(1, *)).map { _ in (random.uniform() - 0.5) / 8 })
        }
        return (try Plan(graph, tensors, blockRowCount: 32), graph)
    }

    @Test(arguments: [1, 2, 4])
    func `scores are the same bits on any number of threads`(threadCount: Int) throws {
        let (plan, graph) = try Self.plan()
        let executor = ParallelExecutor(plan, rowCountMax: 300, threadCount: threadCount)
        for (round, rowCount) in [300, 0, 5, 131, 64, 300, 299].enumerated() {
            let inputs = SampleModels.inputs(
                for: graph, rowCount: rowCount, seed: UInt64(round + 1))
            let expected = PlanRunner.run(plan, inputs, rowCount: rowCount)
            let found = PlanRunner.run(
                plan, inputs, rowCount: rowCount, workspace: executor.workspace
            ) { executor.run(rowCount: rowCount) }
            #expect(found["y"]?.map(\.bitPattern) == expected["y"]?.map(\.bitPattern))
        }
    }

    @Test(.enabled(if: AllocationCounter.isCounting, "sanitizers replace malloc"))
    func `splitting a request allocates nothing`() throws {
        let (plan, graph) = try Self.plan()
        let executor = ParallelExecutor(plan, rowCountMax: 200, threadCount: 2)
        let inputs = SampleModels.inputs(for: graph, rowCount: 200, seed: 1)
        _ = PlanRunner.run(plan, inputs, rowCount: 200, workspace: executor.workspace)
        executor.run(rowCount: 200)
        let count = AllocationCounter.allocations { executor.run(rowCount: 200) }
        #expect(count == 0)
    }
}
