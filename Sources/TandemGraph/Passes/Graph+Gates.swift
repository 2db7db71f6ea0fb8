/// A softmax over experts whose mixture is made.
package struct Gate: Hashable, Sendable {
    /// The gate's name: the task's in a model of one level, `level1/click` in a deeper one, and of a
    /// gate that several tasks share `level1/shared`; where names say nothing of this, the value's.
    package let name: String
    /// What its weights are made of: `[experts]` a candidate.
    package let logits: ValueID
    /// Number of experts.
    package let expertCount: Int
    /// The name of the output that `answeringGates` adds.
    package var output: String { "gate/\(name)" }
}

extension Graph {
    /// The gates of all mixtures, in the order in which they are computed.
    package var gates: [Gate] {
        var makers: [ValueID: Node] = [:]
        for node in nodes { makers[node.output] = node }
        var gates: [Gate] = []
        var names: Set<String> = []
        for node in nodes where node.operation == .mixture {
            guard let weights = node.inputs.first, let maker = makers[weights],
                maker.operation == .softmax, self[weights].type.rows == .candidate,
                let count = self[weights].type.rowElementCount, count == node.inputs.count - 1
            else { continue }
            let name = Self.gateName(self[weights].name)
            guard names.insert(name).inserted else { continue }
            gates.append(Gate(name: name, logits: maker.inputs[0], expertCount: count))
        }
        return gates
    }

    /// The same arithmetic, which answers its gates' weights too, after all else.
    ///
    /// Each is a softmax of its own, so that a mixture may be computed without its weights ever
    /// being written down, and whoever asks for no gate pays nothing.
    package func answeringGates() -> Graph {
        var graph = self
        let taken = Set(values.map(\.name))
        for gate in gates where !taken.contains(gate.output) {
            let output = ValueID(graph.values.count)
            graph.values.append(Value(name: gate.output, type: self[gate.logits].type))
            graph.nodes.append(Node(operation: .softmax, inputs: [gate.logits], output: output))
            graph.outputs.append(output)
        }
        return graph
    }

    /// From the names that the builders give: `task/click/gates`, `task/click/level0/gates` and
    /// `trunk/level0/gates`.
    private static func gateName(_ value: String) -> String {
        var parts = value.split(separator: "/").map(String.init)
        guard parts.count > 1, parts.removeLast() == "gates" else { return value }
        var level: String?
        if let last = parts.last, last.hasPrefix("level"), let number = Int(last.dropFirst(5)) {
            level = "level\(number + 1)"
            parts.removeLast()
        }
        let owner: String
        if parts.first == "task", parts.count > 1 {
            owner = parts.dropFirst().joined(separator: "/")
        } else if parts == ["trunk"] {
            owner = "shared"
        } else {
            return value
        }
        return level.map { "\($0)/\(owner)" } ?? owner
    }
}
