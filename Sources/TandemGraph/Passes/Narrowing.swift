// Design: whole numbers have 32 bits.
//
// Exporters write ids, lengths and positions as 64-bit numbers; tables have at most 2^31 rows and
// the features' ids are 32-bit ones. So a served graph has no 64-bit number. A constant beyond the
// range can only stand for "as far as there is" and becomes the largest number there is.

/// Makes 32-bit whole numbers of 64-bit ones.
package enum Narrowing {
    /// The graph without i64 values.
    ///
    /// Inputs of i64 become i32 ones.
    ///
    /// - Throws: `GraphError`, if a tensor is missing.
    package static func applied(to model: WeightedGraph) throws(GraphError) -> WeightedGraph {
        var builder = try GraphBuilder(name: model.graph.name)
        var tensors: TensorSet = [:]
        var values: [ValueID: ValueID] = [:]
        for id in model.graph.inputs {
            var type = model.graph[id].type
            if type.dtype == .int64 { type.dtype = .int32 }
            values[id] = try builder.input(model.graph[id].name, type)
        }
        for id in model.graph.parameters {
            let name = model.graph[id].name
            guard let tensor = model.tensors[name] else {
                throw GraphError(.missingTensor, name, "no tensor has this parameter's name")
            }
            let narrow = tensor.dtype == .int64 ? narrowed(tensor) : tensor
            tensors[name] = narrow
            values[id] = try builder.parameter(name, narrow.dtype, narrow.shape)
        }
        for node in model.graph.nodes {
            let name = model.graph[node.output].name
            let inputs = node.inputs.compactMap { values[$0] }
            switch node.operation {
            case .cast(.int64):
                values[node.output] = try builder.node(name, .cast(.int32), inputs)
            case .range, .size:
                let wide = try builder.node("\(name)/wide", node.operation, inputs)
                values[node.output] = try builder.node(name, .cast(.int32), [wide])
            default: values[node.output] = try builder.node(name, node.operation, inputs)
            }
        }
        for id in model.graph.outputs {
            if let value = values[id] { try builder.output(value) }
        }
        return WeightedGraph(builder.finished(), tensors)
    }

    private static func narrowed(_ tensor: Tensor) -> Tensor {
        let narrow = Tensor(zeros: .int32, shape: tensor.shape)
        let source = tensor.elements(as: Int64.self)
        let target = narrow.elements(as: Int32.self)
        for index in source.indices { target[index] = Int32(clamping: source[index]) }
        return narrow
    }
}
