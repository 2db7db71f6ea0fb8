// Design: a layer's derivatives are those of zeros that are added to its result.
//
// The executor differentiates by parameters. So each layer gets one that is 0, added to its result;
// all others are frozen, and a minibatch has one row: then the parameter's gradient is the row's
// derivative by the layer's result, and nothing is multiplied that nobody reads.

package import TandemFeatures
package import TandemGraph

/// How the outputs of a graph answer, row by row, to the results of some of its layers.
package final class LayerGradients {
    /// The layers whose derivatives are measured, by the names of their results.
    package let layers: [String]
    private let executor: TrainingExecutor
    /// For each layer, where its derivative stands in the executor's dense gradient.
    private let ranges: [Range<Int>]
    /// For each input of the executor, its position in the graph's inputs.
    private let positions: [Int]

    /// Prepares a graph.
    ///
    /// - Parameters:
    ///   - model: A float graph and its tensors.
    ///   - layers: Names of nodes whose results are `[N]` on rows; others are left out.
    /// - Throws: `TrainingError` if an operation has no derivative, an output does not depend on any
    ///   of the layers, or the matrix library cannot be used; `GraphError`.
    package init(_ model: WeightedGraph, layers: Set<String>) throws {
        try MatrixLibrary.prepare()
        let graph = model.graph
        let measured = graph.nodes.filter { node in
            let value = graph[node.output]
            return layers.contains(value.name) && value.type.rows != .none
                && value.type.fixedSizes?.count == 1
        }
        let probed = try Self.probed(model, Set(measured.map { graph[$0.output].name }))
        let names = measured.map { graph[$0.output].name }
        let probes = Set(names.map(Self.probe))
        let frozen = Set(probed.graph.parameters.map { probed.graph[$0].name }).subtracting(probes)
        let parameters = try ParameterStore(probed.graph, probed.tensors, frozen: frozen)
        let plan = try GradientPlan(
            probed.graph, parameters: parameters, heads: probed.graph.outputs)
        executor = TrainingExecutor(plan, parameters, rowCountMax: 1)
        self.layers = names
        ranges = names.map { name in
            guard let id = probed.graph.value(named: Self.probe(name)),
                case .dense(let offset)? = parameters.slot(of: id)?.kind
            else { return 0..<0 }
            return offset..<offset + (probed.graph[id].type.rowElementCount ?? 0)
        }
        positions = executor.inputs.map { input in
            graph.inputs.firstIndex { graph[$0].name == input.name } ?? 0
        }
    }

    private static func probe(_ layer: String) -> String { "\(layer)/probe" }

    /// The model with zeros added to some results, which keep their names.
    private static func probed(
        _ model: WeightedGraph, _ names: Set<String>
    ) throws(GraphError) -> WeightedGraph {
        try GraphRewriter.rewrite(model) { rewriter, node throws(GraphError) in
            let value = model.graph[node.output]
            guard names.contains(value.name), let sizes = value.type.fixedSizes else { return nil }
            var inputs: [ValueID] = []
            for input in node.inputs { inputs.append(try rewriter.value(input)) }
            let result = try rewriter.node("\(value.name)/unprobed", node.operation, inputs)
            let probe = try rewriter.parameter(
                probe(value.name), Tensor(zeros: .float32, shape: sizes))
            return try rewriter.node(value.name, .binary(.add), [result, probe])
        }
    }

    /// The derivatives of a sum of one row's outputs.
    ///
    /// - Parameters:
    ///   - row: Which of the rows.
    ///   - inputs: One entry an input of the graph, rows end to end; context inputs have a row for
    ///     every row too.
    ///   - factors: What each output's elements count in the sum, output after output.
    /// - Returns: For each of `layers`, as many numbers as its result has.
    package func derivatives(
        row: Int, of inputs: EncodedInputs, factors: [[Float]]
    ) -> [UnsafeBufferPointer<Float>] {
        for (input, position) in zip(executor.inputs, positions) {
            let source = inputs.inputs[position]
            input.base.copyMemory(
                from: source.base + row * source.rowStride * 4, byteCount: input.width * 4)
        }
        executor.forward(rowCount: 1)
        for (head, factors) in zip(executor.heads, factors) {
            for element in 0..<head.width { head.gradient?[element] = factors[element] }
        }
        executor.backward(rowCount: 1)
        return ranges.map {
            UnsafeBufferPointer(start: executor.denseGradient + $0.lowerBound, count: $0.count)
        }
    }

    /// Elements of each output.
    package var outputWidths: [Int] { executor.heads.map(\.width) }
}
