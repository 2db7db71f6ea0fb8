// Design: a matrix of features is several features.
//
// Many exported models take all ids as one matrix and all numbers as another, with the columns of
// the user beside those of the item, repeated for each row. What a column is, only the caller knows.
// Told which columns are the context's, the input becomes two, and what reads only columns of the
// context runs once a request.

extension WeightedGraph {
    /// The graph with columns of a candidate input taken as the context's.
    ///
    /// The input `NAME` `[W]` becomes `NAME.context`, those columns, and `NAME.candidate`, the others
    /// in their order.
    ///
    /// - Parameters:
    ///   - name: A candidate input of one dimension.
    ///   - columns: The context's, not all of them.
    /// - Returns: The graph, which answers the same.
    /// - Throws: `GraphError` `unknownValue` or `wrongShape`, naming the input.
    package func splittingInput(
        _ name: String, contextColumns columns: Range<Int>
    ) throws(GraphError) -> WeightedGraph {
        guard let id = graph.value(named: name), graph.inputs.contains(id) else {
            let names = graph.inputs.map { graph[$0].name }.joined(separator: ", ")
            throw GraphError(.unknownValue, name, "is no input; the inputs are \(names)")
        }
        let type = graph[id].type
        guard type.rows == .candidate, type.shape.count == 1, let width = type.shape[0].fixedSize,
            !columns.isEmpty, columns.lowerBound >= 0, columns.upperBound <= width,
            columns.count < width
        else {
            throw GraphError(
                .wrongShape, name,
                "columns \(columns.lowerBound):\(columns.upperBound) are not a part of \(type)")
        }
        var builder = try GraphBuilder(name: graph.name)
        var values: [ValueID: ValueID] = [:]
        for input in graph.inputs where input != id {
            values[input] = try builder.input(graph[input].name, graph[input].type)
        }
        values[id] = try Self.joined(name, type, width, columns, &builder)
        for parameter in graph.parameters {
            let value = graph[parameter]
            values[parameter] = try builder.parameter(
                value.name, value.type.dtype, value.type.fixedSizes ?? [])
        }
        for node in graph.nodes {
            values[node.output] = try builder.node(
                graph[node.output].name, node.operation, node.inputs.compactMap { values[$0] })
        }
        for output in graph.outputs {
            if let value = values[output] { try builder.output(value) }
        }
        return WeightedGraph(builder.finished(), tensors)
    }

    private static func joined(
        _ name: String, _ type: TensorType, _ width: Int, _ columns: Range<Int>,
        _ builder: inout GraphBuilder
    ) throws(GraphError) -> ValueID {
        let context = try builder.input(
            "\(name).context", TensorType(type.dtype, .context, sizes: [columns.count]))
        let candidate = try builder.input(
            "\(name).candidate",
            TensorType(type.dtype, .candidate, sizes: [width - columns.count]))
        var parts: [ValueID] = []
        if columns.lowerBound > 0 {
            parts.append(
                try builder.node(
                    "\(name)/before",
                    .slice(axis: 0, start: 0, end: .fixed(columns.lowerBound)), [candidate]))
        }
        parts.append(context)
        if columns.upperBound < width {
            parts.append(
                try builder.node(
                    "\(name)/behind",
                    .slice(
                        axis: 0, start: .fixed(columns.lowerBound),
                        end: .fixed(width - columns.count)), [candidate]))
        }
        return try builder.node("\(name)/joined", .concat(axis: 0), parts)
    }
}
