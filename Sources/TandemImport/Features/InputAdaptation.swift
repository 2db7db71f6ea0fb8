package import TandemGraph

/// Gives a graph the input types that features have: f32 and i32.
package enum InputAdaptation {
    /// The graph with whole-number and bool inputs as i32, cast to what the model declares.
    ///
    /// Names, shapes and row axes of inputs stay. Ids beyond 32 bits have no table to go to.
    ///
    /// - Parameter model: A graph and its tensors.
    /// - Returns: The same arithmetic over i32 inputs; the model itself where nothing changes.
    /// - Throws: `GraphError` of the builder; none for a sound graph.
    package static func applied(to model: WeightedGraph) throws(GraphError) -> WeightedGraph {
        let source = model.graph
        let isAdapted = { (type: TensorType) in type.dtype != .float32 && type.dtype != .int32 }
        guard source.inputs.contains(where: { isAdapted(source[$0].type) }) else { return model }
        var builder = try GraphBuilder(name: source.name)
        var standIns: [ValueID: ValueID] = [:]
        var names = Set(source.values.map(\.name))
        for id in source.inputs {
            var type = source[id].type
            if isAdapted(type) { type.dtype = .int32 }
            standIns[id] = try builder.input(source[id].name, type)
        }
        for id in source.parameters {
            let value = source[id]
            standIns[id] = try builder.parameter(
                value.name, value.type.dtype, value.type.fixedSizes ?? [])
        }
        for id in source.inputs where isAdapted(source[id].type) {
            var name = "\(source[id].name.prefix(GraphName.byteCountMax - 20)).as_declared"
            while !names.insert(name).inserted { name += "_" }
            guard let input = standIns[id] else { continue }
            standIns[id] = try builder.node(name, .cast(source[id].type.dtype), [input])
        }
        for node in source.nodes {
            standIns[node.output] = try builder.node(
                source[node.output].name, node.operation, node.inputs.compactMap { standIns[$0] })
        }
        for id in source.outputs {
            if let output = standIns[id] { try builder.output(output) }
        }
        return WeightedGraph(builder.finished(), model.tensors)
    }
}
