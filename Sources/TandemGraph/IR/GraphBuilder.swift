/// Builds a graph node by node, inferring and checking each type as it goes.
///
/// A graph that comes out of a builder is valid: names are unique and well formed, types fit, and
/// every node reads only what was there before it.
package struct GraphBuilder {
    private var graph: Graph
    private var identifiers: [String: ValueID] = [:]

    /// Starts an empty graph.
    ///
    /// - Throws: `GraphError` `invalidName`.
    package init(name: String) throws(GraphError) {
        try GraphName.check(name)
        graph = Graph(name: name)
    }

    /// The type of a value made so far.
    package func type(of id: ValueID) -> TensorType { graph[id].type }

    /// The value of that name made so far, or nil.
    package func value(named name: String) -> ValueID? { identifiers[name] }

    /// Declares what a request brings.
    ///
    /// - Throws: `GraphError` `invalidName`, `duplicateName`, `wrongShape` or `overflow`.
    package mutating func input(
        _ name: String, _ type: TensorType
    ) throws(GraphError) -> ValueID {
        let id = try add(name, type)
        graph.inputs.append(id)
        return id
    }

    /// Declares a weight or a table; shape on no row axis.
    ///
    /// - Throws: As `input`.
    package mutating func parameter(
        _ name: String, _ dtype: DataType, _ sizes: [Int]
    ) throws(GraphError) -> ValueID {
        let id = try add(name, TensorType(dtype, .none, sizes: sizes))
        graph.parameters.append(id)
        return id
    }

    /// Adds an operation; its result gets the name.
    ///
    /// - Throws: `GraphError`, naming the node.
    package mutating func node(
        _ name: String, _ operation: Operation, _ inputs: [ValueID]
    ) throws(GraphError) -> ValueID {
        for input in inputs where !graph.values.indices.contains(input.index) {
            throw GraphError(.unknownValue, name, "reads value \(input.index), which is not made")
        }
        let types = inputs.map { graph[$0].type }
        let output = try add(name, try operation.resultType(of: types, node: name))
        graph.nodes.append(Node(operation: operation, inputs: inputs, output: output))
        return output
    }

    /// Declares a value as an answer; its name is the answer's.
    package mutating func output(_ id: ValueID) throws(GraphError) {
        guard graph.values.indices.contains(id.index) else {
            throw GraphError(.unknownValue, graph.name, "output \(id.index) is not made")
        }
        guard !graph.outputs.contains(id) else {
            throw GraphError(.duplicateName, graph[id].name, "is an output already")
        }
        graph.outputs.append(id)
    }

    /// The finished graph.
    package func finished() -> Graph { graph }

    private mutating func add(_ name: String, _ type: TensorType) throws(GraphError) -> ValueID {
        try GraphName.check(name)
        try type.check(name)
        let id = ValueID(graph.values.count)
        guard identifiers.updateValue(id, forKey: name) == nil else {
            throw GraphError(.duplicateName, name, "another value has this name")
        }
        graph.values.append(Value(name: name, type: type))
        return id
    }
}

/// The rule for names of graphs and values.
///
/// Names appear in text, file names of exported tensors and messages, so they are kept plain.
package enum GraphName {
    /// The most bytes a name may have.
    package static let byteCountMax = 200

    /// Refuses names that are empty, too long, or use other than `A-Z a-z 0-9 _ . : / -`.
    ///
    /// - Throws: `GraphError` `invalidName`.
    package static func check(_ name: String) throws(GraphError) {
        guard !name.isEmpty, name.utf8.count <= byteCountMax else {
            throw GraphError(
                .invalidName, String(name.prefix(40)),
                "a name has 1 to \(byteCountMax) bytes, this one \(name.utf8.count)")
        }
        guard name.utf8.allSatisfy(isAllowed) else {
            throw GraphError(.invalidName, name, "use letters, digits and _ . : / - only")
        }
    }

    /// The name with every other character replaced by `_`; for names that come from users.
    package static func sanitized(_ name: String) -> String {
        let bytes = name.utf8.prefix(byteCountMax - 60).map {
            isAllowed($0) ? $0 : UInt8(ascii: "_")
        }
        return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "/"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
