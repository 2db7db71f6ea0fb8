import TandemGraph

@testable import TandemImport

/// One small mixture of experts in the three forms in which people bring models to ranking.
///
/// Three ids and two numbers of the context, two ids and a number of the candidate; two experts, a
/// gate, a head. The weights are the same in all forms.
struct ContextForms {
    typealias Node = ONNXForge.Node
    typealias Weight = ONNXForge.Weight
    typealias Declaration = ONNXForge.Declaration

    /// Who repeats the context for every row.
    enum Form: String, CaseIterable {
        /// The graph: inputs of the context have one row.
        case ctx
        /// The caller: one matrix of ids and one of numbers, the context's columns first.
        case tiled
        /// Nobody: the first layer is two, and the tables of a side are one.
        case opt
    }

    static let contextIDs = 3, candidateIDs = 2, contextNumbers = 2, candidateNumbers = 1
    private static let rows = 5, width = 2, hidden = 4
    private static let contextWidth = contextIDs * width + contextNumbers
    private static let inputWidth = contextWidth + candidateIDs * width + candidateNumbers
    private static let firstLayers = [("expert0", hidden), ("expert1", hidden), ("gate", 2)]

    let form: Form
    private var nodes: [Node] = []
    private var weights: [Weight] = []

    /// The model's bytes.
    static func model(_ form: Form) -> ONNXForge {
        var forms = ContextForms(form: form)
        let experts = forms.experts()
        forms.mix(experts)
        return ONNXForge(
            body: ONNXForge.Body(
                nodes: forms.nodes, weights: forms.weights, inputs: forms.inputs,
                outputs: [Declaration("score", ["rows", "1"])]))
    }

    /// The context of a form, as `tandem import --context` takes it.
    static func servingForm(_ form: Form) -> ServingForm {
        form == .tiled
            ? ServingForm(
                contextColumns: ["ids": 0..<contextIDs, "numbers": 0..<contextNumbers])
            : ServingForm()
    }

    /// The value of a feature, by row and column of its side.
    static func request(_ form: Form, rowCount: Int) -> [String: ReferenceTensor] {
        func ids(_ count: Int, _ seed: Int, rowCount: Int = 1) -> ReferenceTensor {
            let values = (0..<rowCount * count).map { Int32((seed + $0 * 3) % rows) }
            return ReferenceTensor(rowCount: rowCount, shape: [count], .int32(values))
        }
        func numbers(_ count: Int, _ seed: Int, rowCount: Int = 1) -> ReferenceTensor {
            let values = (0..<rowCount * count).map { Float((seed + $0 * 7) % 11) / 5 - 1 }
            return ReferenceTensor(rowCount: rowCount, shape: [count], .float32(values))
        }
        let names =
            form == .tiled
            ? [
                "ids.context", "numbers.context", "ids.candidate",
                "numbers.candidate",
            ] : ["context_ids", "context_numbers", "ids", "numbers"]
        return [
            names[0]: ids(contextIDs, 1), names[1]: numbers(contextNumbers, 4),
            names[2]: ids(candidateIDs, 2, rowCount: rowCount),
            names[3]: numbers(candidateNumbers, 3, rowCount: rowCount),
        ]
    }

    private init(form: Form) { self.form = form }

    private var inputs: [Declaration] {
        if form == .tiled {
            return [
                Declaration("ids", ["rows", "\(Self.contextIDs + Self.candidateIDs)"], type: 7),
                Declaration(
                    "numbers", ["rows", "\(Self.contextNumbers + Self.candidateNumbers)"]),
            ]
        }
        return [
            Declaration("context_ids", ["1", "\(Self.contextIDs)"], type: 7),
            Declaration("context_numbers", ["1", "\(Self.contextNumbers)"]),
            Declaration("ids", ["rows", "\(Self.candidateIDs)"], type: 7),
            Declaration("numbers", ["rows", "\(Self.candidateNumbers)"]),
        ]
    }

    // MARK: Parts

    /// Numbers that only the name decides, so that all forms have the same.
    private static func values(_ name: String, _ count: Int) -> [Float] {
        var state = name.utf8.reduce(UInt64(17)) { $0 &* 31 &+ UInt64($1) }
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / Float(1 << 23) - 1
        }
    }

    private mutating func op(
        _ kind: String, _ inputs: [String], _ attributes: [ONNXForge.Attribute] = []
    ) -> String {
        let name = "\(kind.lowercased())\(nodes.count)"
        nodes.append(Node(kind, inputs, [name], attributes))
        return name
    }

    private mutating func weight(_ name: String, _ shape: [Int64], _ values: [Float]) -> String {
        if !weights.contains(where: { $0.name == name }) {
            weights.append(.floats(name, shape, values))
        }
        return name
    }

    private mutating func integers(_ values: [Int64], scalar: Bool = false) -> String {
        let name = (scalar ? "scalar" : "array") + values.map { "_\($0)" }.joined()
        if !weights.contains(where: { $0.name == name }) {
            weights.append(.integers(name, scalar ? [] : [Int64(values.count)], values))
        }
        return name
    }

    private mutating func lookups(
        _ ids: String, _ side: String, _ count: Int, first: Int = 0
    ) -> [String] {
        (0..<count).map { feature in
            let table = "\(side)\(feature)"
            let column = op(
                "Gather", [ids, integers([Int64(first + feature)], scalar: true)], [.int("axis", 1)]
            )
            let values = Self.values(table, Self.rows * Self.width)
            return op(
                "Gather", [weight(table, [Int64(Self.rows), Int64(Self.width)], values), column])
        }
    }

    /// One table for all features of a side.
    private mutating func lookup(_ ids: String, _ side: String, _ count: Int) -> String {
        let values = (0..<count).flatMap { Self.values("\(side)\($0)", Self.rows * Self.width) }
        let table = weight("\(side)s", [Int64(Self.rows * count), Int64(Self.width)], values)
        let places = (0..<count).map { Int64($0 * Self.rows) }
        let found = op("Gather", [table, op("Add", [ids, integers(places)])])
        return op("Reshape", [found, integers([-1, Int64(count * Self.width)])])
    }

    private mutating func linear(_ x: String, _ name: String, _ depth: Int, _ width: Int) -> String
    {
        let shape = [Int64(width), Int64(depth)]
        return op(
            "Gemm",
            [
                x, weight("\(name).weight", shape, Self.values(name, width * depth)),
                weight("\(name).bias", [Int64(width)], Self.values("\(name).bias", width)),
            ], [.int("transB", 1)])
    }

    // MARK: Forms

    /// The first layers before their activation.
    private mutating func experts() -> [String] {
        if form == .opt { return splitLayers() }
        let x = form == .tiled ? tiledFeatures() : contextFeatures()
        return Self.firstLayers.map { linear(x, $0.0, Self.inputWidth, $0.1) }
    }

    private mutating func tiledFeatures() -> String {
        let context = lookups("ids", "context", Self.contextIDs)
        let candidate = lookups("ids", "candidate", Self.candidateIDs, first: Self.contextIDs)
        let sizes = integers([Int64(Self.contextNumbers), Int64(Self.candidateNumbers)])
        nodes.append(
            Node("Split", ["numbers", sizes], ["mine", "theirs"], [.int("axis", 1)]))
        return op("Concat", context + ["mine"] + candidate + ["theirs"], [.int("axis", 1)])
    }

    private mutating func contextFeatures() -> String {
        let parts = lookups("context_ids", "context", Self.contextIDs) + ["context_numbers"]
        let context = op("Concat", parts, [.int("axis", 1)])
        let shape = op("Shape", ["numbers"])
        let count = op("Slice", [shape, integers([0]), integers([1])])
        let width = integers([Int64(Self.contextWidth)])
        let wide = op("Concat", [count, width], [.int("axis", 0)])
        let repeated = op("Expand", [context, wide])
        let candidate = lookups("ids", "candidate", Self.candidateIDs) + ["numbers"]
        return op("Concat", [repeated] + candidate, [.int("axis", 1)])
    }

    /// The columns of all first layers, one share a side, added and taken apart again.
    private mutating func splitLayers() -> [String] {
        let context = op(
            "Concat", [lookup("context_ids", "context", Self.contextIDs), "context_numbers"],
            [.int("axis", 1)])
        let candidate = op(
            "Concat", [lookup("ids", "candidate", Self.candidateIDs), "numbers"],
            [.int("axis", 1)])
        var (mine, theirs, biases) = ([Float](), [Float](), [Float]())
        for (name, width) in Self.firstLayers {
            let values = Self.values(name, width * Self.inputWidth)
            for row in 0..<width {
                let columns = values[row * Self.inputWidth..<(row + 1) * Self.inputWidth]
                mine += columns.prefix(Self.contextWidth)
                theirs += columns.dropFirst(Self.contextWidth)
            }
            biases += Self.values("\(name).bias", width)
        }
        let count = Int64(biases.count)
        let first = weight("mine.weight", [count, Int64(Self.contextWidth)], mine)
        let second = weight(
            "theirs.weight", [count, Int64(Self.inputWidth - Self.contextWidth)], theirs)
        let once = op(
            "Gemm", [context, first, weight("bias", [count], biases)], [.int("transB", 1)])
        let sum = op("Add", [op("Gemm", [candidate, second], [.int("transB", 1)]), once])
        let outputs = Self.firstLayers.map { "\($0.0).first" }
        let sizes = integers(Self.firstLayers.map { Int64($0.1) })
        nodes.append(Node("Split", [sum, sizes], outputs, [.int("axis", 1)]))
        return outputs
    }

    private mutating func mix(_ layers: [String]) {
        let one = integers([1])
        let stacked = layers.dropLast().map { op("Unsqueeze", [op("Relu", [$0]), one]) }
        let experts = op("Concat", stacked, [.int("axis", 1)])
        let gate = op("Unsqueeze", [op("Softmax", [layers[layers.count - 1]]), one])
        let mixed = op("Squeeze", [op("MatMul", [gate, experts]), one])
        nodes.append(Node("Sigmoid", [linear(mixed, "head", Self.hidden, 1)], ["score"]))
    }
}
