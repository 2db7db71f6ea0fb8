import TandemEngine
import TandemGraph
import TandemPackage
import TandemTraining

/// Records what programs answer to sample inputs, for a package's self-check.
enum GoldenRecorder {
    /// The answers of every program to each request.
    ///
    /// Only one program is prepared at a time, since that packs its weights once more.
    ///
    /// - Throws: `EngineError`.
    static func vectors(
        _ samples: [SampleInputs], _ programs: [(ExecutorName, WeightedGraph)]
    ) throws -> [GoldenVector] {
        var vectors = samples.map { sample in
            GoldenVector(
                candidateRows: sample.candidateRowCount,
                inputs: sample.inputs.map {
                    GoldenTensor(name: $0.name, rowShape: $0.rowShape, bytes: $0.bytes)
                }, outputs: [])
        }
        for (name, program) in programs where !samples.isEmpty {
            let plan = try Plan(program.graph, program.tensors)
            for (index, sample) in samples.enumerated() {
                let tensors = answer(sample, plan, program.graph)
                vectors[index].outputs.append(
                    GoldenOutput(program: name.programName, tensors: tensors))
            }
        }
        return vectors
    }

    private static func answer(
        _ sample: SampleInputs, _ plan: Plan, _ graph: Graph
    ) -> [GoldenTensor] {
        let workspace = Workspace(plan, rowCountMax: sample.candidateRowCount)
        for (index, input) in sample.inputs.enumerated() {
            input.bytes.withUnsafeBytes { source in
                guard let base = source.baseAddress else { return }
                workspace.input(index).copyMemory(from: base, byteCount: source.count)
            }
        }
        plan.run(workspace, rowCount: sample.candidateRowCount)
        return plan.outputs.enumerated().map { index, port in
            let rows = port.rows == .candidate ? sample.candidateRowCount : 1
            let count = rows * port.width
            return GoldenTensor(
                name: port.name, rowShape: graph[graph.outputs[index]].type.fixedSizes ?? [],
                elements: Array(
                    UnsafeBufferPointer(start: workspace.output(index), count: count)))
        }
    }
}
