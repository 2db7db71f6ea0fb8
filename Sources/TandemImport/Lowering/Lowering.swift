import TandemGraph

// Design: one door into the graph.
//
// Every operation that the import makes goes through `emit`. It infers the type, so that a clash is
// told with the ONNX node's name; leaves out what changes nothing; folds sizes and constants; and
// only then adds a node. So no operator's lowering has to care whether its inputs are known.

/// The graph while it is built from ONNX nodes.
final class Lowering {
    private var builder: GraphBuilder
    private var tensors: TensorSet = [:]
    private var names: Set<String> = []

    /// Starts an empty graph.
    init(name: String) throws(GraphError) {
        builder = try GraphBuilder(name: GraphName.sanitized(name))
    }

    /// A name in the graph's alphabet that nothing has yet.
    func uniqueName(_ wanted: String) -> String {
        let base = GraphName.sanitized(wanted)
        var name = base
        var count = 1
        while !names.insert(name).inserted {
            count += 1
            name = "\(base)_\(count)"
        }
        return name
    }

    /// Declares an input of the graph, under a name that `uniqueName` gave.
    func input(_ name: String, _ type: TensorType) throws(GraphError) -> ImportedValue {
        ImportedValue(try builder.input(name, type), type, name: name)
    }

    /// Applies an operation: folded if it can be, a node of the graph if not.
    ///
    /// - Parameters:
    ///   - operation: What to compute.
    ///   - inputs: Its inputs, in its order.
    ///   - name: The name to give the result, made unique.
    /// - Returns: The result.
    /// - Throws: `GraphError` when the inputs do not fit the operation.
    func emit(
        _ operation: Operation, _ inputs: [ImportedValue], name: String
    ) throws(GraphError) -> ImportedValue {
        let type = try operation.resultType(of: inputs.map(\.type), node: name)
        if operation.changesNothing(inputs.map(\.type), type) { return inputs[0] }
        if let factor = Self.factor(ofOne: operation, inputs, type) { return factor }
        let folding = SizeFolding(operation: operation, inputs: inputs, type: type)
        if let elements = folding.elements(), let shape = type.fixedSizes {
            if type.dtype == .bool {
                let bytes = elements.map { UInt8($0 == 0 ? 0 : 1) }
                return ImportedValue(Tensor(.bool, shape: shape, bytes), name: name)
            }
            return ImportedValue(sizes: elements, dtype: type.dtype, shape: shape, name: name)
        }
        let constants = inputs.compactMap(\.constant)
        if constants.count == inputs.count,
            let folded = ConstantFolding.folded(operation, constants, type)
        {
            return ImportedValue(folded, name: name)
        }
        var ids: [ValueID] = []
        for input in inputs { ids.append(try id(of: input)) }
        let result = ImportedValue(
            try builder.node(uniqueName(name), operation, ids), type, name: name)
        result.progression = Progression.result(of: operation, inputs)
        switch operation {
        case .expand, .reshape: result.isOne = inputs[0].isOne
        default: break
        }
        return result
    }

    /// The other factor, if one is 1 throughout: exporters weight bags so, and masks that mask none.
    private static func factor(
        ofOne operation: Operation, _ inputs: [ImportedValue], _ type: TensorType
    ) -> ImportedValue? {
        guard operation == .binary(.multiply) else { return nil }
        if inputs[0].type == type, inputs[1].isOne { return inputs[0] }
        return inputs[1].type == type && inputs[0].isOne ? inputs[1] : nil
    }

    /// The value in the graph; constants and sizes enter it here.
    func id(of value: ImportedValue) throws(GraphError) -> ValueID {
        if let id = value.id { return id }
        let id: ValueID
        if let constant = value.constant {
            let name = uniqueName(value.name)
            id = try builder.parameter(name, constant.dtype, constant.shape)
            tensors[name] = constant
        } else {
            id = try enterSizes(value)
        }
        value.id = id
        return id
    }

    /// Puts an array of sizes together from `size` operations and constants.
    private func enterSizes(_ value: ImportedValue) throws(GraphError) -> ValueID {
        let shape = value.type.fixedSizes ?? []
        var parts: [ValueID] = []
        for size in value.sizes ?? [] {
            var part: ValueID
            if let fixed = size.fixedSize {
                let name = uniqueName("\(value.name).constant")
                part = try builder.parameter(name, .int64, [1])
                tensors[name] = Tensor(.int64, shape: [1], [Int64(fixed)])
            } else {
                part = try builder.node(uniqueName("\(value.name).size"), .size(size), [])
                part = try builder.node(uniqueName("\(value.name).element"), .reshape([1]), [part])
            }
            parts.append(part)
        }
        var id = parts[0]
        if parts.count > 1 {
            id = try builder.node(uniqueName("\(value.name).sizes"), .concat(axis: 0), parts)
        }
        if shape != [parts.count] {
            let sizes = shape.map(Dimension.fixed)
            id = try builder.node(uniqueName("\(value.name).shaped"), .reshape(sizes), [id])
        }
        if value.dtype != .int64 {
            id = try builder.node(uniqueName("\(value.name).cast"), .cast(value.dtype), [id])
        }
        return id
    }

    /// The finished graph with its outputs, and the parameters' tensors.
    ///
    /// - Parameter outputs: The answers, each under a name that `uniqueName` gave.
    /// - Returns: The graph, and its parameters' tensors by name.
    /// - Throws: `GraphError`.
    func finished(
        _ outputs: [(name: String, value: ImportedValue)]
    ) throws(GraphError) -> (graph: Graph, tensors: TensorSet) {
        var finalNames: [ValueID: String] = [:]
        for output in outputs {
            var id = try id(of: output.value)
            if !builder.isResult(id) || finalNames[id] != nil {
                // An answer is a node of its own: an input or weight goes out as a copy.
                let shape = output.value.shape
                id = try builder.node(uniqueName("\(output.name).copy"), .reshape(shape), [id])
            }
            finalNames[id] = output.name
            try builder.output(id)
        }
        let graph = builder.finished()
        func name(_ id: ValueID) -> String { finalNames[id] ?? graph[id].name }
        let renamed = try Graph(
            name: graph.name, inputs: graph.inputs.map { graph[$0] },
            parameters: graph.parameters.map { graph[$0] },
            nodes: graph.nodes.map { ($0.operation, $0.inputs.map(name), name($0.output)) },
            outputs: graph.outputs.map(name))
        return (renamed, tensors)
    }
}

extension GraphBuilder {
    /// Whether a value is a node's result, not an input or parameter.
    fileprivate func isResult(_ id: ValueID) -> Bool {
        let graph = finished()
        return !graph.inputs.contains(id) && !graph.parameters.contains(id)
    }
}

extension Operation {
    /// Whether the result is the first input, element by element and under the same type.
    fileprivate func changesNothing(_ inputs: [TensorType], _ type: TensorType) -> Bool {
        guard let first = inputs.first, first == type else { return false }
        switch self {
        case .reshape, .cast, .expand: return true
        case .slice(let axis, let start, _):
            return start == 0 && first.shape[axis] == type.shape[axis]
        case .concat: return inputs.count == 1
        case .transpose(let permutation): return permutation == Array(permutation.indices)
        default: return false
        }
    }
}
