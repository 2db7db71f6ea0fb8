extension Graph {
    /// The graph in Graphviz's language: values as boxes, coloured by how often they exist.
    ///
    /// Weights stand in the boxes that read them; `dot -Tsvg` draws the rest. Source: Graphviz, "DOT
    /// Language".
    package var dot: String {
        var lines = ["digraph \(Self.quoted(name)) {", "  rankdir=TB; node [shape=box];"]
        for id in inputs {
            let label = "\(self[id].name)\\n\(self[id].type)"
            lines.append("  v\(id.index) [label=\(Self.quoted(label)), shape=oval];")
        }
        let parameters = Set(parameters)
        let outputs = Set(outputs)
        for node in nodes {
            let weights = node.inputs.filter(parameters.contains).map {
                "\\n\(self[$0].name) \(self[$0].type.shape)"
            }.joined()
            let value = self[node.output]
            let label = "\(node.operation.name)\(weights)\\n\(value.name): \(value.type)"
            let colour = value.type.rows == .candidate ? "white" : "lightgrey"
            let border = outputs.contains(node.output) ? ", penwidth=3" : ""
            lines.append(
                "  v\(node.output.index) [label=\(Self.quoted(label)), style=filled, "
                    + "fillcolor=\(colour)\(border)];")
            for input in node.inputs where !parameters.contains(input) {
                lines.append("  v\(input.index) -> v\(node.output.index);")
            }
        }
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    /// A quoted text; `\n` stays a line break of Graphviz's own.
    private static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" ? "\\\"" : String($0) }.joined() + "\""
    }
}
