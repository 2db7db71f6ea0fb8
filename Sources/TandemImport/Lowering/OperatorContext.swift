import TandemGraph

/// One node while it is lowered: its inputs, its attributes, and the way into the graph.
struct OperatorContext {
    /// The node.
    let node: ONNXNode
    /// The inputs; nil for optional ones that are left out.
    let inputs: [ImportedValue?]
    /// The version of the operator set of the node's domain.
    let opset: Int
    /// The graph under construction.
    let lowering: Lowering
    /// Lowers a subgraph in place; see `inlined(_:_:)`.
    let lowerSubgraph: (ONNXGraph, [ImportedValue]) throws(ImportError) -> [ImportedValue]

    // MARK: Inputs and outputs

    /// An input that must be there.
    ///
    /// - Throws: `ImportError` `wrongArity`.
    func input(_ index: Int) throws(ImportError) -> ImportedValue {
        guard let value = optional(index) else {
            throw failure(.wrongArity, "input \(index) is missing")
        }
        return value
    }

    /// An input, or nil if it is left out.
    func optional(_ index: Int) -> ImportedValue? {
        inputs.indices.contains(index) ? inputs[index] : nil
    }

    /// All inputs, none of which may be left out.
    ///
    /// - Throws: `ImportError` `wrongArity`.
    func allInputs() throws(ImportError) -> [ImportedValue] {
        var values: [ImportedValue] = []
        for index in inputs.indices { values.append(try input(index)) }
        return values
    }

    /// Whether the node has an output at that position that somebody may read.
    func wantsOutput(_ index: Int) -> Bool {
        node.outputs.indices.contains(index) && !node.outputs[index].isEmpty
    }

    /// How many outputs the node names.
    var outputCount: Int { node.outputs.count }

    // MARK: What is known now

    /// The elements of an array of whole numbers as sizes, named ones among them.
    ///
    /// - Parameters:
    ///   - value: An i32 or i64 array that shape arithmetic made, or a constant.
    ///   - what: What the array is to the operator, for the message: "the shape".
    /// - Returns: The elements, row-major.
    /// - Throws: `ImportError` `dynamicShape`.
    func sizes(_ value: ImportedValue, _ what: String) throws(ImportError) -> [Dimension] {
        if let sizes = value.sizes { return sizes }
        throw dynamic(what)
    }

    /// The elements of an array of whole numbers that is known now.
    ///
    /// - Throws: `ImportError` `dynamicShape`.
    func integers(_ value: ImportedValue, _ what: String) throws(ImportError) -> [Int] {
        if let integers = value.integers { return integers }
        throw dynamic(what)
    }

    /// The elements of an f32 tensor that is known now.
    ///
    /// - Throws: `ImportError` `dynamicShape`.
    func floats(_ value: ImportedValue, _ what: String) throws(ImportError) -> [Float] {
        if let floats = value.floats { return floats }
        throw dynamic(what)
    }

    /// The one element of an f32 tensor that is known now.
    ///
    /// - Throws: `ImportError` `dynamicShape`, or `wrongShape` if it has not one element.
    func scalar(_ value: ImportedValue, _ what: String) throws(ImportError) -> Float {
        let floats = try floats(value, what)
        guard floats.count == 1 else {
            throw failure(.wrongShape, "\(what) must be one number, is \(value.type)")
        }
        return floats[0]
    }

    /// A list that older versions have as an attribute and newer ones as an input.
    ///
    /// - Returns: The numbers, or nil where neither is there.
    /// - Throws: `ImportError` `dynamicShape` or `invalidAttribute`.
    func integers(attribute: String, orInput index: Int) throws(ImportError) -> [Int]? {
        if let input = optional(index) { return try integers(input, attribute) }
        return try ints(attribute)
    }

    /// A size of a value that must be fixed.
    ///
    /// - Throws: `ImportError` `dynamicShape`.
    func fixedSize(
        _ value: ImportedValue, axis: Int, _ what: String
    ) throws(ImportError) -> Int {
        guard value.shape.indices.contains(axis) else {
            throw failure(.wrongShape, "\(what): there is no axis \(axis) in \(value.type)")
        }
        if let size = value.shape[axis].fixedSize { return size }
        throw dynamic("\(what), which is \(value.shape[axis]),")
    }

    /// An axis counted from the front, from one that may be counted from the back.
    ///
    /// - Throws: `ImportError` `invalidAttribute` when it is outside `-rank ..< rank`.
    func axis(_ axis: Int, rank: Int) throws(ImportError) -> Int {
        guard axis >= -rank, axis < rank else {
            throw failure(.invalidAttribute, "axis \(axis) is outside a tensor of rank \(rank)")
        }
        return axis < 0 ? axis + rank : axis
    }

    // MARK: Refusals

    /// The error of this node.
    func failure(
        _ code: ImportProblem.Code, _ message: String, _ remedy: String = ""
    ) -> ImportError {
        ImportError(
            code, message, remedy: remedy, node: node.name, operator: node.qualifiedOperator)
    }

    /// The error of an element type that the operator does not have.
    func wrongType(_ value: ImportedValue, _ wanted: String) -> ImportError {
        failure(
            .wrongType, "takes \(wanted), not \(value.dtype.name)", "put a Cast before the node")
    }

    private func dynamic(_ what: String) -> ImportError {
        failure(
            .dynamicShape, "\(what) must be known at import, but is computed from a request",
            "export with fixed sizes, or give named dimensions a size by --dim")
    }

    /// Lowers a subgraph in place of the node.
    ///
    /// - Parameters:
    ///   - graph: The subgraph; what it reads from outside is there.
    ///   - arguments: The values of its inputs, in their order.
    /// - Returns: The values of its outputs.
    /// - Throws: `ImportError` with all problems of its nodes.
    func inlined(
        _ graph: ONNXGraph, _ arguments: [ImportedValue] = []
    ) throws(ImportError) -> [ImportedValue] {
        try lowerSubgraph(graph, arguments)
    }
}
