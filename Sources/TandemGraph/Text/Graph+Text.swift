extension Graph {
    /// The graph as text that people read: one line a value, in the order of execution.
    ///
    ///     graph shop {
    ///       input user_id: i32 context []
    ///       parameter embedding/user_id: f32 [1000, 16]
    ///       user = embedding(user_id, embedding/user_id): f32 context [16]
    ///       output click
    ///     }
    package var text: String {
        var lines = ["graph \(name) {"]
        for id in inputs { lines.append("  input \(self[id].name): \(self[id].type)") }
        for id in parameters { lines.append("  parameter \(self[id].name): \(self[id].type)") }
        for node in nodes { lines.append("  \(text(of: node))") }
        for id in outputs { lines.append("  output \(self[id].name)") }
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    /// One node as text.
    package func text(of node: Node) -> String {
        let arguments = node.inputs.map { self[$0].name }.joined(separator: ", ")
        let attributes = node.operation.attributes
            .map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
        let suffix = attributes.isEmpty ? "" : " {\(attributes)}"
        let value = self[node.output]
        return "\(value.name) = \(node.operation.name)(\(arguments))\(suffix): \(value.type)"
    }
}
