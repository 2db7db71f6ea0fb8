// Parameters are named by owner, `trunk/...`, `task/<name>/...`, `embedding/<name>`, which is also
// how a package groups them into shards. Each parameter's first values depend on the seed and on its
// name alone, so that a further part leaves the others' as they were.

/// A graph under construction with the parameters that belong to it; all parts are built with it.
struct LayerBuilder {
    /// The graph so far.
    var graph: GraphBuilder
    /// Initial parameters so far.
    private(set) var parameters: TensorSet = [:]
    /// Names of the parameters that are numbers of the architecture and are never trained.
    private(set) var constants: Set<String> = []
    private let seed: UInt64

    /// Starts an empty graph.
    init(name: String, seed: UInt64) throws(GraphError) {
        graph = try GraphBuilder(name: name)
        self.seed = seed
    }

    // MARK: Nodes

    /// Adds an operation.
    mutating func node(
        _ name: String, _ operation: Operation, _ inputs: ValueID...
    ) throws(GraphError) -> ValueID {
        try graph.node(name, operation, inputs)
    }

    /// The size of a value's last dimension.
    func width(of value: ValueID) -> Int { graph.type(of: value).shape.last?.fixedSize ?? 1 }

    // MARK: Layers

    /// A stack of layers `relu(x W' + b)`, named by their number.
    mutating func layers(
        _ name: String, _ widths: [Int], _ input: ValueID
    ) throws(GraphError) -> ValueID {
        var value = input
        for (index, width) in widths.enumerated() {
            value = try rectified("\(name)\(index)", value, width)
        }
        return value
    }

    /// `relu(x W' + b)`.
    mutating func rectified(
        _ name: String, _ input: ValueID, _ width: Int
    ) throws(GraphError) -> ValueID {
        let linear = try linear(name, input, width, isRectified: true)
        return try node("\(name)/relu", .unary(.relu), linear)
    }

    /// `x W' + b`, or `x W'`, over the last dimension.
    mutating func linear(
        _ name: String, _ input: ValueID, _ width: Int, isRectified: Bool = false,
        hasBias: Bool = true
    ) throws(GraphError) -> ValueID {
        let depth = self.width(of: input)
        // He et al. 2015 before a rectifier, Glorot and Bengio 2010 otherwise; uniform.
        let fan = isRectified ? Float(depth) : Float(depth + width) / 2
        let bound = (isRectified ? 6 / fan : 3 / fan).squareRoot()
        let weight = try parameter("\(name)/weight", [width, depth], bound: bound)
        guard hasBias else { return try node(name, .linear, input, weight) }
        let bias = try parameter("\(name)/bias", [width], bound: 0)
        return try node(name, .linear, input, weight, bias)
    }

    /// Experts mixed by a softmax gate over a selector.
    ///
    /// The names are those of `name` with `gate`, `gates` and `mixture` after it.
    mutating func gated(
        _ name: String, selector: ValueID, _ experts: [ValueID]
    ) throws(GraphError) -> ValueID {
        let logits = try linear("\(name)gate", selector, experts.count)
        let gates = try node("\(name)gates", .softmax, logits)
        return try graph.node("\(name)mixture", .mixture, [gates] + experts)
    }

    /// Layer normalisation with its own scale and shift.
    mutating func normalized(
        _ name: String, _ input: ValueID, epsilon: Float = 1e-5
    ) throws(GraphError) -> ValueID {
        let width = width(of: input)
        let gamma = try parameter("\(name)/gamma", [width]) { _ in 1 }
        let beta = try parameter("\(name)/beta", [width], bound: 0)
        return try node(name, .layerNorm(epsilon: epsilon), input, gamma, beta)
    }

    // MARK: Parameters

    /// A trained parameter, uniform in `-bound ... bound`.
    mutating func parameter(
        _ name: String, _ sizes: [Int], bound: Float
    ) throws(GraphError) -> ValueID {
        var random = RandomSource(seed: seed, name: name)
        return try parameter(name, sizes) { _ in
            bound > 0 ? (random.uniform() * 2 - 1) * bound : 0
        }
    }

    /// A trained parameter with the first values that a function of the position says.
    mutating func parameter(
        _ name: String, _ sizes: [Int], _ value: (Int) -> Float
    ) throws(GraphError) -> ValueID {
        let id = try graph.parameter(name, .float32, sizes)
        let tensor = Tensor(zeros: .float32, shape: sizes)
        let elements = tensor.elements(as: Float.self)
        for index in elements.indices { elements[index] = value(index) }
        parameters[name] = tensor
        return id
    }

    /// A number of the architecture, shape `[]`.
    mutating func constant(_ name: String, _ value: Float) throws(GraphError) -> ValueID {
        constants.insert(name)
        return try parameter(name, []) { _ in value }
    }

    /// The numbers `0 ..< count`, i32 `[count]`.
    mutating func positions(_ name: String, _ count: Int) throws(GraphError) -> ValueID {
        let id = try graph.parameter(name, .int32, [count])
        constants.insert(name)
        parameters[name] = Tensor(.int32, shape: [count], (0..<count).map(Int32.init))
        return id
    }
}
