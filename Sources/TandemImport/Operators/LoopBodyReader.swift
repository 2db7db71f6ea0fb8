import TandemGraph

/// Looks into the body of a loop, and into the branches within it.
///
/// A branch's names differ from those around it, so one table of makers serves all; a name that two
/// branches share has no maker here.
struct LoopBodyReader {
    /// A slice of an array whose bounds are those of the iteration in two other arrays.
    struct Slice {
        let array, starts, stops: String
    }

    let body: ONNXGraph
    private let context: OperatorContext
    private var own: Set<String> = []
    private var makers: [String: ONNXNode] = [:]
    private var shared: Set<String> = []

    /// A reader of a body; the context is the loop's.
    init(_ body: ONNXGraph, _ context: OperatorContext) {
        self.body = body
        self.context = context
        collect(body)
        for name in shared { makers[name] = nil }
    }

    private mutating func collect(_ graph: ONNXGraph) {
        for name in graph.definitions where !own.insert(name).inserted { shared.insert(name) }
        for node in graph.nodes {
            for output in node.outputs where node.domain.isEmpty && !output.isEmpty {
                makers[output] = node
            }
            for attribute in node.attributes {
                if case .graph(let branch) = attribute.content { collect(branch) }
            }
        }
    }

    /// A value from outside of the body, or nil if it is none or could not be imported.
    func outer(_ name: String) -> ImportedValue? {
        guard !own.contains(name) else { return nil }
        let wanted = ONNXValueInfo(name: name, kind: .undeclared)
        return try? context.inlined(ONNXGraph(name: "", outputs: [wanted])).first
    }

    /// The node of the body that makes a value.
    func maker(of name: String) -> ONNXNode? { makers[name] }

    /// The node that makes a value, if it is of that operator.
    func maker(of name: String?, _ wanted: String) -> ONNXNode? {
        name.flatMap { makers[$0] }.flatMap { $0.operator == wanted ? $0 : nil }
    }

    /// The node of the body that makes an input of another.
    func maker(_ node: ONNXNode, _ input: Int) -> ONNXNode? {
        node.inputs.indices.contains(input) ? makers[node.inputs[input]] : nil
    }

    /// The value that says whether the loop goes on.
    var condition: String? {
        guard let name = body.outputs.first?.name else { return nil }
        guard let maker = maker(of: name) else { return name }
        return ["Cast", "Identity"].contains(maker.operator) ? maker.inputs.first : nil
    }

    /// What a node slices, if it does so by the number of the iteration.
    func slice(_ node: ONNXNode) -> Slice? {
        guard node.operator == "Slice", node.inputs.count == 4,
            let starts = bounds(node, 1), let stops = bounds(node, 2)
        else { return nil }
        return Slice(array: node.inputs[0], starts: starts, stops: stops)
    }

    /// The array of which a slice takes the iteration's element for a bound.
    private func bounds(_ slice: ONNXNode, _ input: Int) -> String? {
        guard let wide = maker(slice, input), wide.operator == "Unsqueeze",
            let pick = maker(wide, 0), pick.operator == "Gather", pick.inputs.count == 2,
            pick.inputs[1] == body.inputs.first?.name
        else { return nil }
        return pick.inputs[0]
    }

    /// The axes of a node, by attribute or by a constant of the body or from outside.
    func axes(of node: ONNXNode) -> [Int]? {
        if let listed = integers("axes", of: node) { return listed }
        guard node.inputs.count > 1 else { return nil }
        guard let maker = maker(node, 1) else { return outer(node.inputs[1])?.integers }
        guard maker.operator == "Constant",
            case .tensor(let tensor) = maker.attributes.first?.content,
            let elements = try? tensor.tensor()
        else { return nil }
        return ImportedValue(elements, name: "").integers
    }

    /// The name of the one result of a branch.
    func result(_ branch: String, of node: ONNXNode) -> String? {
        guard case .graph(let graph) = node.attributes.first(where: { $0.name == branch })?.content,
            graph.outputs.count == 1
        else { return nil }
        return graph.outputs[0].name
    }

    /// A size, if a value is one number from outside, or such a number less another.
    func size(_ name: String) -> Dimension? {
        let base = origin(of: name)
        if let outer = outer(base) { return outer.sizes?.count == 1 ? outer.sizes?.first : nil }
        guard let maker = maker(of: base) else { return nil }
        if maker.operator == "Shape", let array = outer(maker.input(0)), array.rank == 1 {
            return array.shape[0]
        }
        guard maker.operator == "Sub", let left = outer(origin(of: maker.input(0)))?.sizes,
            let right = outer(origin(of: maker.input(1)))?.sizes, left.count == 1, right.count == 1
        else { return nil }
        return left[0].subtracting(right[0])
    }

    /// The number k, if a value is that of a counter plus k, alone or as an array of one.
    func shift(_ name: String, from counter: String) -> Int? {
        let base = origin(of: name)
        if base == counter { return 0 }
        guard let sum = maker(of: base, "Add"), origin(of: sum.input(0)) == counter else {
            return nil
        }
        return size(sum.input(1))?.fixedSize
    }

    /// The value of which another is a copy of the same one number.
    private func origin(of name: String) -> String {
        let copies: Set<String> = [
            "Cast", "CastLike", "Identity", "Reshape", "Squeeze", "Unsqueeze",
        ]
        var name = name
        // Exporters write two or three in a row; the bound ends a circle.
        for _ in 0..<8 {
            guard let maker = maker(of: name), copies.contains(maker.operator) else { break }
            name = maker.input(0)
        }
        return name
    }

    /// A whole number, or several, of an attribute.
    func integers(_ name: String, of node: ONNXNode) -> [Int]? {
        switch node.attributes.first(where: { $0.name == name })?.content {
        case .int(let value): [Int(value)]
        case .ints(let values): values.map { Int($0) }
        default: nil
        }
    }
}

extension ONNXNode {
    /// The name of an input; empty where it is left out.
    func input(_ index: Int) -> String { inputs.indices.contains(index) ? inputs[index] : "" }
}
