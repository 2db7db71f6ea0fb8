/// A value of the imported graph as the graph of one row has it.
struct RowValue {
    /// The value of the graph of one row.
    var id: ValueID
    /// Where the batch is in the imported shape; nil where the imported shape is one row's.
    var place: RowPlace?
    /// How much is added for each row: the imported value is `step * row + value`.
    ///
    /// Other than 0 for the rows' own numbers (`range(rows)`) and what is computed from them to
    /// look up elements by row; nothing else may read them.
    var step: Dimension = 0
}

/// Goes through an imported graph and builds the graph of one row.
struct RowWalk {
    let source: WeightedGraph
    let batch: Dimension
    var builder: GraphBuilder
    var values: [ValueID: RowValue] = [:]
    private var tensors: TensorSet = [:]
    private var refused: Set<ValueID> = []
    private var refusals: [GraphError] = []
    private let sourceNames: Set<String>
    private let makers: [ValueID: Node]
    private var nameCount = 0

    init(_ source: WeightedGraph, batch: Dimension) throws(GraphError) {
        self.source = source
        self.batch = batch
        builder = try GraphBuilder(name: source.graph.name)
        sourceNames = Set(source.graph.values.map(\.name))
        makers = Dictionary(
            source.graph.nodes.map { ($0.output, $0) }, uniquingKeysWith: { first, _ in first })
        for value in source.graph.values where value.type.rows != .none {
            throw GraphError(.rowsMixed, value.name, "has a row axis already")
        }
    }

    // MARK: Inputs and outputs

    /// Declares an input: batched where it has the batch, otherwise there once a request.
    mutating func declare(_ id: ValueID, isContext: Bool) throws(GraphError) {
        let value = source.graph[id]
        let shape = value.type.shape
        let place = try place(ofInput: value)
        let isCandidate = !isContext && place?.rows == batch
        let type = TensorType(
            value.type.dtype, isCandidate ? .candidate : .context,
            place?.rowShape(of: shape) ?? shape)
        values[id] = RowValue(id: try builder.input(value.name, type), place: place)
    }

    private func place(ofInput value: Value) throws(GraphError) -> RowPlace? {
        let shape = value.type.shape
        if let symbol = batch.symbolName {
            let axes = shape.indices.filter { shape[$0].symbols.contains(symbol) }
            guard axes.allSatisfy({ shape[$0] == batch }), axes.count <= 1 else {
                throw GraphError(
                    .rowsMixed, value.name,
                    "an input has the batch '\(symbol)' as one dimension, this one is \(shape)")
            }
            if let axis = axes.first { return RowPlace(axis: axis, rows: batch) }
        } else if shape.first == batch {
            return RowPlace(axis: 0, rows: batch)
        }
        return shape.first == 1 ? RowPlace(axis: 0, rows: 1) : nil
    }

    /// Extracts all nodes that an output needs, and ends the graph.
    consuming func finished() -> RowExtraction.Outcome {
        let live = source.graph.liveValues
        for node in source.graph.nodes where live.contains(node.output) { extract(node) }
        for id in source.graph.outputs where !refused.contains(id) {
            do { try end(id) } catch { refusals.append(error) }
        }
        guard refusals.isEmpty else {
            return RowExtraction.Outcome(model: nil, refusals: refusals)
        }
        return RowExtraction.Outcome(
            model: WeightedGraph(builder.finished(), tensors), refusals: [])
    }

    private mutating func extract(_ node: Node) {
        guard node.inputs.allSatisfy({ !refused.contains($0) }) else {
            refused.insert(node.output)
            return
        }
        do {
            values[node.output] = try result(of: node)
        } catch {
            refused.insert(node.output)
            refusals.append(error)
        }
    }

    private mutating func end(_ id: ValueID) throws(GraphError) {
        let name = source.graph[id].name
        let value = try value(id)
        let type = builder.type(of: value.id)
        guard type.rows != .none else {
            throw GraphError(
                .rowsMixed, name, "is an output that no input has a part in; leave it out")
        }
        guard value.step == 0 else {
            throw GraphError(.rowsMixed, name, "answers the number of the row; leave it out")
        }
        let isNamed = builder.value(named: name) == value.id
        try builder.output(
            isNamed ? value.id : try builder.node(name, .reshape(type.shape), [value.id]))
    }

    // MARK: Building

    /// What stands for a value; declares parameters when they are first needed.
    mutating func value(_ id: ValueID) throws(GraphError) -> RowValue {
        if let found = values[id] { return found }
        let value = source.graph[id]
        guard let tensor = source.tensors[value.name] else {
            throw GraphError(.missingTensor, value.name, "no tensor has this parameter's name")
        }
        let made = RowValue(id: try parameter(value.name, tensor))
        values[id] = made
        return made
    }

    /// The node of the imported graph that makes a value; nil for inputs and parameters.
    func maker(_ id: ValueID) -> Node? { makers[id] }

    /// The shape of a value in the imported graph.
    func shape(_ id: ValueID) -> [Dimension] { source.graph[id].type.shape }

    /// The tensor of a parameter of the imported graph.
    func tensor(_ id: ValueID) -> Tensor? {
        makers[id] == nil ? source.tensors[source.graph[id].name] : nil
    }

    /// A parameter of the graph of one row.
    mutating func parameter(_ name: String, _ tensor: Tensor) throws(GraphError) -> ValueID {
        if let found = builder.value(named: name) { return found }
        tensors[name] = tensor
        return try builder.parameter(name, tensor.dtype, tensor.shape)
    }

    /// Adds an operation that the imported graph does not have.
    mutating func added(
        _ operation: Operation, _ inputs: [ValueID], for node: Node
    ) throws(GraphError) -> ValueID {
        let base = source.graph[node.output].name.prefix(GraphName.byteCountMax - 30)
        var name: String
        repeat {
            nameCount += 1
            name = "\(base)/row\(nameCount)"
        } while sourceNames.contains(name) || builder.value(named: name) != nil
        return try builder.node(name, operation, inputs)
    }

    /// The value under another row shape; itself where it has that one.
    mutating func reshaped(
        _ id: ValueID, to shape: [Dimension], for node: Node
    ) throws(GraphError) -> ValueID {
        builder.type(of: id).shape == shape ? id : try added(.reshape(shape), [id], for: node)
    }

    /// The node itself, computed for one row, its result checked against where its batch must be.
    mutating func made(
        _ node: Node, _ operation: Operation, _ inputs: [ValueID], at place: RowPlace?
    ) throws(GraphError) -> RowValue {
        let value = source.graph[node.output]
        let id = try builder.node(value.name, operation, inputs)
        let expected = place?.rowShape(of: value.type.shape) ?? value.type.shape
        let shape = builder.type(of: id).shape
        guard shape == expected else {
            throw GraphError(
                .wrongShape, value.name,
                "one row of \(value.type.shape) was to be \(expected), is \(shape)")
        }
        if let symbol = batch.symbolName, shape.contains(where: { $0.symbols.contains(symbol) }) {
            throw refusal(node, "has the batch twice in its shape \(value.type.shape)")
        }
        return RowValue(id: id, place: place)
    }

    /// Why a node cannot be computed row by row.
    func refusal(_ node: Node, _ what: String) -> GraphError {
        GraphError(
            .rowsMixed, source.graph[node.output].name, "\(node.operation.name) \(what)")
    }
}

extension Graph {
    /// The values that the outputs depend on.
    var liveValues: Set<ValueID> {
        var live = Set(outputs)
        for node in nodes.reversed() where live.contains(node.output) {
            live.formUnion(node.inputs)
        }
        return live
    }
}
