/// A value's place in its graph.
package struct ValueID: Hashable, Sendable {
    /// Position in `Graph.values`.
    package let index: Int

    /// Makes an id from a position.
    package init(_ index: Int) { self.index = index }
}

/// One named tensor of a graph: an input, a parameter or a node's result.
package struct Value: Hashable, Sendable {
    /// Unique in the graph.
    package var name: String
    /// Dtype, row axis and row shape.
    package var type: TensorType

    /// Makes a value's declaration.
    package init(name: String, type: TensorType) {
        self.name = name
        self.type = type
    }
}

/// One operation applied to values, making one value.
package struct Node: Hashable, Sendable {
    /// What is computed.
    package var operation: Operation
    /// The operation's inputs, in its order.
    package var inputs: [ValueID]
    /// The value that is made; its name is the node's name too.
    package var output: ValueID
}

/// The one representation of a model's arithmetic.
///
/// Import and the model builders make it; the reference executes it, the engine lowers it, the
/// trainer differentiates it and people read it. Nodes stand in an order in which each reads only
/// what stands before it. Parameters are named here and kept apart, in a `TensorSet`.
package struct Graph: Hashable, Sendable {
    /// The model's name.
    package var name: String
    /// All values, in the order of their making.
    package internal(set) var values: [Value] = []
    /// What a request brings.
    package internal(set) var inputs: [ValueID] = []
    /// What training or import brings: weights and tables.
    package internal(set) var parameters: [ValueID] = []
    /// The operations, each reading only earlier values.
    package internal(set) var nodes: [Node] = []
    /// What is answered, one value a task, named as the task.
    package internal(set) var outputs: [ValueID] = []

    /// Makes an empty graph; `GraphBuilder` fills it.
    package init(name: String) { self.name = name }

    /// The value behind an id.
    ///
    /// - Precondition: The id belongs to this graph.
    package subscript(id: ValueID) -> Value { values[id.index] }

    /// The same arithmetic, answering other values.
    ///
    /// - Precondition: The values belong to this graph, each once.
    package func answering(_ outputs: [ValueID]) -> Graph {
        var graph = self
        graph.outputs = outputs
        return graph
    }

    /// The value of that name, or nil; O(values).
    package func value(named name: String) -> ValueID? {
        values.firstIndex { $0.name == name }.map { ValueID($0) }
    }
}
