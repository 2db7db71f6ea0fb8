// Design: a name for what a graph is, whatever its values are called.
//
// Two graphs that compute the same in the same way are to have one hash, though one was imported and
// names its values after modules and the other was built here. So values are numbered in the order
// in which they are met from the outputs back, parameters are named by their contents, and inputs of
// a commutative operation are ordered by what they are (a digest of everything below them).

extension WeightedGraph {
    /// A text that is equal for graphs of equal structure and contents.
    ///
    /// It depends on the names of inputs and outputs, and not on those of other values, on the
    /// order of nodes that do not read each other, or on the graph's name.
    ///
    /// - Parameter contentID: Names a tensor's contents; equal for equal bytes only.
    /// - Returns: One line a value; its hash is the graph's content hash.
    /// - Throws: `GraphError` `missingTensor`.
    package func canonicalText(
        contentID: (Tensor) -> String
    ) throws(GraphError) -> String {
        var writer = try CanonicalWriter(self, contentID)
        return writer.text()
    }
}

private struct CanonicalWriter {
    private let graph: Graph
    private let makers: [ValueID: Node]
    private var labels: [ValueID: String] = [:]
    private var digests: [UInt64]
    private var numbers: [ValueID: Int] = [:]
    private var lines: [String] = []

    init(_ model: WeightedGraph, _ contentID: (Tensor) -> String) throws(GraphError) {
        graph = model.graph
        makers = Dictionary(
            graph.nodes.map { ($0.output, $0) }, uniquingKeysWith: { first, _ in first })
        digests = [UInt64](repeating: 0, count: graph.values.count)
        for id in graph.inputs { label(id, "input \(graph[id].name): \(graph[id].type)") }
        let used = Set(graph.nodes.flatMap(\.inputs) + graph.outputs)
        for id in graph.parameters where used.contains(id) {
            guard let tensor = model.tensors[graph[id].name] else {
                throw GraphError(.missingTensor, graph[id].name, "no tensor has this name")
            }
            label(id, "parameter \(contentID(tensor)): \(graph[id].type)")
        }
        for node in graph.nodes {
            let inputs = ordered(node).map { digests[$0.index] }
            digests[node.output.index] = Self.digest(
                "\(operation(node)) \(inputs): \(graph[node.output].type)")
        }
    }

    private mutating func label(_ id: ValueID, _ text: String) {
        labels[id] = text
        digests[id.index] = Self.digest(text)
    }

    private func operation(_ node: Node) -> String {
        let attributes = node.operation.attributes.map { "\($0.name)=\($0.value)" }
        return "\(node.operation.name) {\(attributes.joined(separator: ", "))}"
    }

    private func ordered(_ node: Node) -> [ValueID] {
        guard node.operation.isCommutative else { return node.inputs }
        return node.inputs.sorted { digests[$0.index] < digests[$1.index] }
    }

    mutating func text() -> String {
        for id in graph.inputs.sorted(by: { graph[$0].name < graph[$1].name }) { number(id) }
        for id in graph.outputs {
            visit(id)
            lines.append("output \(graph[id].name): %\(numbers[id] ?? -1)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Numbers what a value is made of, then the value; by a list, since graphs can be deep.
    private mutating func visit(_ root: ValueID) {
        var waiting = [root]
        while let id = waiting.last {
            if numbers[id] != nil {
                waiting.removeLast()
                continue
            }
            let inputs = makers[id].map(ordered) ?? []
            let missing = inputs.filter { numbers[$0] == nil }
            if missing.isEmpty {
                number(id)
                waiting.removeLast()
            } else {
                waiting.append(contentsOf: missing.reversed())
            }
        }
    }

    private mutating func number(_ id: ValueID) {
        guard numbers[id] == nil else { return }
        let number = numbers.count
        numbers[id] = number
        guard let node = makers[id] else {
            lines.append("%\(number) = \(labels[id] ?? "")")
            return
        }
        let inputs = ordered(node).map { "%\(numbers[$0] ?? -1)" }.joined(separator: ", ")
        lines.append("%\(number) = \(operation(node)) (\(inputs)): \(graph[id].type)")
    }

    /// FNV-1a, 64 bits: it orders operands; equality is that of the whole text.
    private static func digest(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}
