// Design: a model's own functions disappear before anything else looks at it.
//
// PyTorch's newer exporter and onnxscript write operators as functions over others. A call is
// replaced by the body, with the call's name in front of every name inside, and attributes that
// refer to the call's filled in or, where the call has none, taken out. Functions may call
// functions, but not without end; and since a few short functions can multiply into millions of
// nodes, their number is bounded while they are made.

/// Replaces calls of a model's functions by their bodies.
struct FunctionInlining {
    private let functions: [ONNXFunction.Key: ONNXFunction]
    private var nodeCount = 0
    /// What went wrong.
    private(set) var problems: [ImportProblem] = []

    /// An inlining of those functions.
    init(_ functions: [ONNXFunction]) {
        self.functions = Dictionary(functions.map { ($0.key, $0) }) { $1 }
    }

    /// The nodes, without calls of the functions.
    mutating func inlined(_ nodes: [ONNXNode], depth: Int = 0) -> [ONNXNode] {
        var result: [ONNXNode] = []
        for node in nodes {
            let key = ONNXFunction.Key(
                domain: node.domain, name: node.operator, overload: node.overload)
            // Calls count too: empty functions can call each other as often as full ones.
            nodeCount += 1
            if let function = functions[key] {
                result += expanded(function, node, depth)
            } else {
                result.append(withInlinedSubgraphs(node, depth))
            }
            guard hasRoom(node) else { return result }
        }
        return result
    }

    private mutating func hasRoom(_ node: ONNXNode) -> Bool {
        guard nodeCount > ImportLimits.nodeCountMax else { return true }
        if problems.isEmpty {
            problems.append(
                ImportProblem(
                    .limitExceeded,
                    "with functions inlined there are over \(ImportLimits.nodeCountMax) nodes",
                    node: node.stableName, operator: node.qualifiedOperator))
        }
        return false
    }

    private mutating func withInlinedSubgraphs(_ node: ONNXNode, _ depth: Int) -> ONNXNode {
        var node = node
        for index in node.attributes.indices {
            guard case .graph(var graph) = node.attributes[index].content else { continue }
            graph.nodes = inlined(graph.nodes, depth: depth)
            node.attributes[index].content = .graph(graph)
        }
        return node
    }

    private mutating func expanded(
        _ function: ONNXFunction, _ call: ONNXNode, _ depth: Int
    ) -> [ONNXNode] {
        guard depth < ImportLimits.functionDepthMax else {
            problems.append(
                ImportProblem(
                    .limitExceeded,
                    "functions call functions deeper than \(ImportLimits.functionDepthMax)",
                    node: call.stableName, operator: call.qualifiedOperator))
            return []
        }
        guard call.inputs.count <= function.inputs.count,
            call.outputs.count <= function.outputs.count
        else {
            problems.append(
                ImportProblem(
                    .wrongArity,
                    "the function has \(function.inputs.count) inputs and "
                        + "\(function.outputs.count) outputs, the call more",
                    node: call.stableName, operator: call.qualifiedOperator))
            return []
        }
        let body = FunctionBody(function, call)
        return inlined(body.nodes, depth: depth + 1)
    }
}

/// A function's body in the names of one call.
private struct FunctionBody {
    private let prefix: String
    private var names: [String: String] = [:]
    private var attributes: [String: ONNXAttribute] = [:]
    private(set) var nodes: [ONNXNode] = []

    init(_ function: ONNXFunction, _ call: ONNXNode) {
        prefix = call.stableName + "/"
        for (index, name) in function.inputs.enumerated() {
            names[name] = index < call.inputs.count ? call.inputs[index] : ""
        }
        for attribute in function.defaults + call.attributes {
            attributes[attribute.name] = attribute
        }
        for (inner, outer) in zip(function.outputs, call.outputs) where !outer.isEmpty {
            guard names[inner] == nil else {
                // An input, or an output answered twice, goes out under another name.
                nodes.append(
                    ONNXNode(
                        name: "\(prefix)\(outer)", operator: "Identity",
                        inputs: [names[inner] ?? ""], outputs: [outer], opset: call.opset))
                continue
            }
            names[inner] = outer
        }
        nodes = function.nodes.map(renamed) + nodes
    }

    private func renamed(_ name: String) -> String {
        name.isEmpty ? "" : names[name] ?? prefix + name
    }

    private func renamed(_ node: ONNXNode) -> ONNXNode {
        var node = node
        node.name = prefix + node.stableName
        node.inputs = node.inputs.map(renamed)
        node.outputs = node.outputs.map(renamed)
        node.attributes = node.attributes.compactMap(resolved)
        return node
    }

    /// The attribute with its reference filled in; nil if the call does not have it.
    private func resolved(_ attribute: ONNXAttribute) -> ONNXAttribute? {
        switch attribute.content {
        case .reference(let name):
            return attributes[name].map {
                ONNXAttribute(name: attribute.name, content: $0.content)
            }
        case .graph(let graph):
            return ONNXAttribute(name: attribute.name, content: .graph(renamed(graph)))
        default: return attribute
        }
    }

    private func renamed(_ graph: ONNXGraph) -> ONNXGraph {
        var graph = graph
        graph.nodes = graph.nodes.map(renamed)
        for index in graph.initializers.indices {
            graph.initializers[index].name = renamed(graph.initializers[index].name)
        }
        for index in graph.inputs.indices {
            graph.inputs[index].name = renamed(graph.inputs[index].name)
        }
        for index in graph.outputs.indices {
            graph.outputs[index].name = renamed(graph.outputs[index].name)
        }
        return graph
    }
}
