import CTandemKernels
import TandemGraph

extension Lowering {
    /// Queues a mixture together with the others of the same experts.
    ///
    /// What the others' gates need is lowered first; one that depends on this mixture waits.
    func lowerMixture(_ node: Node) throws(EngineError) {
        var mixtures = [node]
        for other in graph.nodes where isParallel(other, to: node) {
            guard let needed = pendingMakers(of: other.inputs[0], before: node.output) else {
                continue
            }
            for index in needed.sorted() { try lower(graph.nodes[index]) }
            guard lowerOnce(other) else { continue }
            mixtures.append(other)
        }
        scratchBytes = max(
            scratchBytes,
            MixtureStep.scratchBytes(
                expertCount: node.inputs.count - 1, taskCount: mixtures.count))
        for other in mixtures.dropFirst() { placement.touch(other.output, step: pending.count) }
        let step = pending.count
        let reads = node.inputs + mixtures.dropFirst().map { $0.inputs[0] }
        queue(
            node, reads: reads, with: Array(mixtures.dropFirst()),
            text: mixtures.map(graph.text).joined(separator: "\n     ")
        ) { lowering in
            MixtureStep(
                tasks: ConstantList(
                    mixtures.map {
                        MixtureStep.Task(
                            gates: lowering.location($0.inputs[0], for: node),
                            output: lowering.location($0.output, for: node),
                            tasks: lowering.tasks[$0.output.index])
                    }),
                experts: ConstantList(
                    node.inputs.dropFirst().map { lowering.location($0, for: node) }))
        }
        for other in mixtures.dropFirst() {
            pending[step].tasks.formUnion(tasks[other.output.index])
            quantizeResult(of: other)
        }
    }

    private func isParallel(_ other: Node, to node: Node) -> Bool {
        other.operation == .mixture && other.output != node.output
            && other.inputs.dropFirst() == node.inputs.dropFirst()
            && axis(of: other) == axis(of: node)
    }

    /// The nodes still to be lowered that a value needs; nil if it needs `later`.
    private func pendingMakers(of id: ValueID, before later: ValueID) -> Set<Int>? {
        var found: Set<Int> = []
        var waiting = [id]
        while let next = waiting.popLast() {
            if next == later { return nil }
            guard let maker = uses.makers[next.index], !isLowered(graph.nodes[maker]),
                found.insert(maker).inserted
            else { continue }
            waiting += graph.nodes[maker].inputs
        }
        return found
    }
}
