// Design: a part that is computed beforehand joins the whole afterwards.
//
// A frozen encoder is the same function in every epoch, so training computes its answers once and
// learns heads over them as over any numbers. What is served must be one model again: the encoder's
// graph takes the place of the columns that stood for its answers.

/// A graph that feeds columns of another one's input.
package struct GraphGraft: Sendable {
    /// What computes the columns.
    package var donor: WeightedGraph
    /// The donor's output, f32 of one dimension, by name.
    package var output: String
    /// The input that it feeds, f32 `[width]`, by name.
    package var input: String
    /// The first column that it feeds.
    package var column: Int
    /// Put before the names of the donor's values and inputs, with a slash.
    package var prefix: String

    /// Makes a graft.
    package init(
        donor: WeightedGraph, output: String, input: String, column: Int = 0, prefix: String
    ) {
        self.donor = donor
        self.output = output
        self.input = input
        self.column = column
        self.prefix = prefix
    }

    /// The name of one of the donor's inputs in the joined graph.
    package func name(ofInput input: String) -> String { "\(prefix)/\(input)" }
}

extension WeightedGraph {
    /// The graph with columns of its inputs computed by others, which then see the inputs' rows.
    ///
    /// An input whose columns are all fed disappears; another keeps the columns that nobody feeds,
    /// moved together.
    ///
    /// - Parameter grafts: What feeds what; columns of one input do not overlap.
    /// - Returns: One graph with this one's outputs.
    /// - Throws: `GraphError` if names or shapes do not fit, naming the value.
    package func grafting(_ grafts: [GraphGraft]) throws(GraphError) -> WeightedGraph {
        var joint = try GraphJoint(name: graph.name)
        var values: [ValueID: ValueID] = [:]
        for id in graph.inputs {
            let fed = grafts.filter { $0.input == graph[id].name }.sorted { $0.column < $1.column }
            values[id] = try joint.input(graph[id], fed)
        }
        for graft in grafts where graph.value(named: graft.input).map(graph.inputs.contains) != true
        {
            throw GraphError(.unknownValue, graft.input, "is not an input of '\(graph.name)'")
        }
        try joint.append(self, &values) { $0 }
        for id in graph.outputs {
            if let value = values[id] { try joint.builder.output(value) }
        }
        return WeightedGraph(joint.builder.finished(), joint.tensors)
    }
}

/// The graph that several become.
private struct GraphJoint {
    var builder: GraphBuilder
    var tensors: TensorSet = [:]

    init(name: String) throws(GraphError) { builder = try GraphBuilder(name: name) }

    /// An input, or what is computed in its place.
    mutating func input(_ value: Value, _ fed: [GraphGraft]) throws(GraphError) -> ValueID {
        guard !fed.isEmpty else { return try builder.input(value.name, value.type) }
        guard value.type.dtype == .float32, let width = value.type.fixedSizes?.first,
            value.type.shape.count == 1
        else {
            throw GraphError(.wrongShape, value.name, "only f32 of one dimension can be fed")
        }
        var computed: [(columns: Range<Int>, value: ValueID)] = []
        for graft in fed {
            let id = try append(graft, rows: value.type.rows)
            let fedWidth = builder.type(of: id).rowElementCount ?? 0
            let columns = graft.column..<graft.column + fedWidth
            guard builder.type(of: id).shape.count == 1, columns.lowerBound >= 0,
                columns.lowerBound >= computed.last?.columns.upperBound ?? 0,
                columns.upperBound <= width
            else {
                throw GraphError(
                    .wrongShape, graft.output,
                    "\(builder.type(of: id)) does not fit columns \(columns) of \(value.type)")
            }
            computed.append((columns, id))
        }
        return try joined(computed, in: value, width: width)
    }

    private mutating func joined(
        _ computed: [(columns: Range<Int>, value: ValueID)], in value: Value, width: Int
    ) throws(GraphError) -> ValueID {
        let fedCount = computed.reduce(0) { $0 + $1.columns.count }
        if fedCount == width, computed.count == 1 { return computed[0].value }
        var type = value.type
        type.shape = [.fixed(width - fedCount)]
        let rest = fedCount == width ? nil : try builder.input(value.name, type)
        var parts: [ValueID] = []
        var column = 0
        var taken = 0
        for (columns, id) in computed + [(width..<width, ValueID(-1))] {
            let kept = columns.lowerBound - column
            if kept > 0, let rest {
                parts.append(
                    try builder.node(
                        "\(value.name)/columns\(taken)",
                        .slice(axis: 0, start: .fixed(taken), end: .fixed(taken + kept)), [rest]))
                taken += kept
            }
            if id.index >= 0 { parts.append(id) }
            column = columns.upperBound
        }
        return try builder.node("\(value.name)/joined", .concat(axis: 0), parts)
    }

    /// A graft's nodes and inputs; the value of its output.
    private mutating func append(
        _ graft: GraphGraft, rows: RowAxis
    ) throws(GraphError) -> ValueID {
        let graph = graft.donor.graph
        guard let output = graph.value(named: graft.output), graph.outputs.contains(output) else {
            throw GraphError(.unknownValue, graft.output, "is not an output of '\(graph.name)'")
        }
        var values: [ValueID: ValueID] = [:]
        for id in graph.inputs {
            var type = graph[id].type
            if type.rows != .none { type.rows = rows }
            values[id] = try builder.input(graft.name(ofInput: graph[id].name), type)
        }
        try append(graft.donor, &values) { "\(graft.prefix)/\($0)" }
        guard let value = values[output] else {
            throw GraphError(.unknownValue, graft.output, "is not computed")
        }
        return value
    }

    /// All parameters and nodes of a graph, under other names.
    mutating func append(
        _ source: WeightedGraph, _ values: inout [ValueID: ValueID], _ name: (String) -> String
    ) throws(GraphError) {
        let graph = source.graph
        for id in graph.parameters {
            guard let tensor = source.tensors[graph[id].name] else {
                throw GraphError(.missingTensor, graph[id].name, "no tensor has this name")
            }
            values[id] = try builder.parameter(name(graph[id].name), tensor.dtype, tensor.shape)
            tensors[name(graph[id].name)] = tensor
        }
        for node in graph.nodes {
            let inputs = node.inputs.compactMap { values[$0] }
            values[node.output] = try builder.node(
                name(graph[node.output].name), node.operation, inputs)
        }
    }
}
