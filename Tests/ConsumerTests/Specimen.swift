import TandemGraph
import TandemTestSupport

/// One operation alone, as it came up in a random graph.
struct Specimen {
    let operation: Operation
    /// The types of the inputs, and the tensors of those that are parameters.
    let inputs: [(type: TensorType, tensor: Tensor?)]
    let result: TensorType

    /// The element type that the operation is listed under: of its first input, or its result.
    var dtype: DataType {
        // The condition of a selection and the ids of a table have one dtype only.
        switch operation {
        case .select: inputs[1].type.dtype
        default: inputs.first?.type.dtype ?? result.dtype
        }
    }

    /// Specimens of an operation in many shapes, of each dtype it takes.
    static func all(_ name: String, _ options: RandomGraphOptions) throws -> [Specimen] {
        var options = options
        // Bools and the like come of operations, not of inputs alone.
        options.operations = [name]
        options.nodeCount = 4
        return try (0..<25 as Range<UInt64>).flatMap { seed in
            let model = try RandomGraph(seed: seed, options).model
            let graph = model.graph
            return graph.nodes.filter { $0.operation.name == name }.map { node in
                Specimen(
                    operation: node.operation,
                    inputs: node.inputs.map { (graph[$0].type, model.tensors[graph[$0].name]) },
                    result: graph[node.output].type)
            }
        }
    }

    /// The operation as a graph that is served: inputs of f32 and i32, an answer of f32 on rows.
    func served(thenRelu: Bool = false) throws -> WeightedGraph {
        var builder = try GraphBuilder(name: "specimen")
        var tensors: TensorSet = [:]
        var ids: [ValueID] = []
        for (index, input) in inputs.enumerated() {
            ids.append(try self.input(index, input, &builder, &tensors))
        }
        var value = try builder.node("result", operation, ids)
        if result.dtype != .float32 {
            value = try builder.node("float", .cast(.float32), [value])
        }
        if result.rows == .none {
            let one = try builder.input("one", TensorType(.float32, .candidate, []))
            value = try builder.node("rows", .binary(.multiply), [value, one])
        }
        if thenRelu { value = try builder.node("relu", .unary(.relu), [value]) }
        try builder.output(value)
        return WeightedGraph(builder.finished(), tensors)
    }

    private func input(
        _ index: Int, _ input: (type: TensorType, tensor: Tensor?),
        _ builder: inout GraphBuilder, _ tensors: inout TensorSet
    ) throws -> ValueID {
        if let tensor = input.tensor {
            tensors["w\(index)"] = tensor
            return try builder.parameter("w\(index)", tensor.dtype, tensor.shape)
        }
        var type = input.type
        if type.rows == .none { type.rows = .context }
        let wanted = type.dtype
        if wanted != .float32 { type.dtype = .int32 }
        let id = try builder.input("x\(index)", type)
        return wanted == type.dtype
            ? id : try builder.node("x\(index)/cast", .cast(wanted), [id])
    }
}
