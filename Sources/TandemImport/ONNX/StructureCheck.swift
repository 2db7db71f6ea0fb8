// Design: a model's structure is checked whole before the first operator is looked at.
//
// What is checked needs no knowledge of operators: domains and versions, names, who makes what,
// order, types of weights and inputs. Everything found is listed. A graph that passes has nodes in
// order with unique names, and each of their reads is there.

/// Finds what is wrong with a graph's structure, and puts its nodes in order.
struct StructureCheck {
    /// Domains whose operators have lowerings.
    static let knownDomains: Set<String> = ["", "com.microsoft"]

    /// What was found.
    private(set) var problems: [ImportProblem] = []

    /// Checks the model's declarations of operator sets.
    mutating func checkOpsets(_ opsets: [String: Int]) {
        guard let version = opsets[""] else { return }
        let range = ImportLimits.opsetMin...ImportLimits.opsetMax
        guard !range.contains(version) else { return }
        problems.append(
            ImportProblem(
                .unsupportedVersion,
                "the model uses operator set \(version), understood are "
                    + "\(range.lowerBound) to \(range.upperBound)",
                remedy: version < range.lowerBound
                    ? "export with opset_version=17, or convert with onnx.version_converter"
                    : "export with opset_version=\(range.upperBound)"))
    }

    /// Checks what goes into and out of the model.
    mutating func checkInterface(_ graph: ONNXGraph) {
        var names: Set<String> = []
        for input in graph.inputs {
            if !names.insert(input.name).inserted {
                add(.duplicateName, "two inputs have this name", tensor: input.name)
            }
            checkKind(input)
        }
        if graph.outputs.isEmpty { add(.undefinedValue, "the model has no output") }
        var outputs: Set<String> = []
        for output in graph.outputs where !outputs.insert(output.name).inserted {
            add(.duplicateName, "two outputs have this name", tensor: output.name)
        }
    }

    private mutating func checkKind(_ input: ONNXValueInfo) {
        switch input.kind {
        case .undeclared:
            add(.wrongType, "the input declares no type", tensor: input.name)
        case .other(let kind):
            add(
                .unsupportedType, "the input is a \(kind), not a tensor",
                "export with tensors for inputs", tensor: input.name)
        case .tensor(let type, let shape):
            if let refusal = type.refusal {
                add(
                    .unsupportedType, "the input \(refusal.why)", refusal.remedy,
                    tensor: input.name)
            }
            guard let shape else {
                add(
                    .dynamicShape, "the input declares no shape, not even its rank",
                    "export with example inputs, or name its dimensions", tensor: input.name)
                return
            }
            let isNegative = shape.contains {
                if case .fixed(let size) = $0 { size < 0 } else { false }
            }
            if isNegative {
                add(.wrongShape, "the input declares a negative dimension", tensor: input.name)
            }
        }
    }

    /// Checks a graph and gives its nodes in order, with unique names.
    ///
    /// - Parameters:
    ///   - graph: The graph, functions inlined.
    ///   - outer: Names of values around it that it may read.
    /// - Returns: The graph in order; as it was where that cannot be.
    mutating func ordered(_ graph: ONNXGraph, outer: Set<String> = []) -> ONNXGraph {
        var graph = graph
        checkWeights(graph)
        nameNodes(&graph)
        let defined = checkDefinitions(graph, outer)
        for node in graph.nodes { checkNode(node, defined) }
        for output in graph.outputs where !defined.contains(output.name) {
            add(.undefinedValue, "is an output, but nothing makes it", tensor: output.name)
        }
        let order = NodeOrder(graph.nodes)
        if let cycle = order.cycle {
            let nodes = cycle.map { graph.nodes[$0] }
            let path = nodes.prefix(8).map { "'\($0.name)'" }.joined(separator: ", ")
            add(
                .cycle, "\(nodes.count) node(s) read each other's results: \(path)",
                "export the model again", node: nodes.first)
        } else {
            graph.nodes = order.order.map { graph.nodes[$0] }
        }
        for index in graph.nodes.indices { orderSubgraphs(&graph.nodes[index], defined) }
        return graph
    }

    private mutating func orderSubgraphs(_ node: inout ONNXNode, _ defined: Set<String>) {
        for index in node.attributes.indices {
            guard case .graph(let graph) = node.attributes[index].content else { continue }
            node.attributes[index].content = .graph(ordered(graph, outer: defined))
        }
    }

    private mutating func checkWeights(_ graph: ONNXGraph) {
        var names: Set<String> = []
        for tensor in graph.initializers {
            if tensor.name.isEmpty { add(.malformed, "a weight has no name") }
            if !names.insert(tensor.name).inserted {
                add(.duplicateName, "two weights have this name", tensor: tensor.name)
            }
            do throws(ImportError) { _ = try tensor.structure() } catch {
                problems += error.problems
            }
        }
        for name in graph.sparseInitializers {
            add(
                .sparseTensor, "is a sparse weight", "convert it to a dense one (to_dense) before",
                tensor: name)
        }
    }

    /// Gives anonymous nodes a name that says where they are, and refuses names used twice.
    private mutating func nameNodes(_ graph: inout ONNXGraph) {
        var names = Set(graph.nodes.map(\.name))
        var seen: Set<String> = []
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            if node.name.isEmpty {
                var name = node.stableName
                while !names.insert(name).inserted { name += "_" }
                graph.nodes[index].name = name
            } else if !seen.insert(node.name).inserted {
                add(
                    .duplicateName, "two nodes have this name",
                    "give each node a name of its own, or none", node: node)
            }
        }
    }

    private mutating func checkDefinitions(
        _ graph: ONNXGraph, _ outer: Set<String>
    ) -> Set<String> {
        var defined = Set(graph.inputs.map(\.name)).union(graph.initializers.map(\.name))
        defined.formUnion(graph.sparseInitializers)
        for node in graph.nodes {
            for output in node.outputs where !output.isEmpty {
                if !defined.insert(output).inserted {
                    add(.duplicateValue, "'\(output)' is made twice", node: node)
                }
            }
        }
        return defined.union(outer)
    }

    private mutating func checkNode(_ node: ONNXNode, _ defined: Set<String>) {
        for name in node.reads where !defined.contains(name) {
            add(
                .undefinedValue, "reads '\(name)', which is neither input nor weight nor result",
                "the file lacks a weight or a node; export the model again", node: node)
        }
        if node.operator.isEmpty { add(.malformed, "a node without an operator", node: node) }
        if !Self.knownDomains.contains(node.domain) {
            add(
                .unknownDomain, "operators of the domain '\(node.domain)' are not known",
                "export with ONNX's own operators, or as functions that the model defines",
                node: node)
        } else if node.domain.isEmpty, node.opset == nil {
            add(.unsupportedVersion, "no version of ONNX's operators is declared", node: node)
        }
    }

    private mutating func add(
        _ code: ImportProblem.Code, _ message: String, _ remedy: String = "",
        node: ONNXNode? = nil, tensor: String? = nil
    ) {
        problems.append(
            ImportProblem(
                code, message, remedy: remedy, node: node?.stableName,
                operator: node?.qualifiedOperator, tensor: tensor))
    }
}

extension ONNXModel {
    /// The model with functions inlined and nodes in order, if its structure is sound.
    ///
    /// - Throws: `ImportError` with everything that is wrong.
    package func checked() throws(ImportError) -> ONNXModel {
        var model = self
        var inlining = FunctionInlining(functions)
        model.graph.nodes = inlining.inlined(graph.nodes)
        model.functions = []
        var check = StructureCheck()
        check.checkOpsets(opsets)
        check.checkInterface(graph)
        model.graph = check.ordered(model.graph)
        let problems = inlining.problems + check.problems
        if let error = ImportError(problems: problems, file: path) { throw error }
        return model
    }
}
