import TandemGraph

/// Draws a graph node by node.
struct GraphGenerator {
    /// What is known of a value, for graphs in which last bits may not decide.
    struct Knowledge {
        /// No element is larger in magnitude.
        var bound: Double
        /// No rounding has touched the numbers.
        var isExact: Bool
    }

    let options: RandomGraphOptions
    var numbers: RandomNumbers
    private var builder: GraphBuilder
    private var tensors: TensorSet = [:]
    private var limits: [String: InputLimit] = [:]
    private var pool: [ValueID] = []
    private var made: [ValueID] = []
    private var read: Set<ValueID> = []
    private var known: [ValueID: Knowledge] = [:]
    private var nameCount = 0

    var isSmooth: Bool { options.style == .smooth }

    init(seed: UInt64, _ options: RandomGraphOptions) throws(GraphError) {
        self.options = options
        numbers = RandomNumbers(seed: seed, style: options.style)
        builder = try GraphBuilder(name: "random\(seed)")
    }

    /// The graph; a generator makes one.
    mutating func graph() throws(GraphError) -> RandomGraph {
        for symbol in options.symbols + [options.batch].compactMap(\.self) {
            // Tells what the size is, whatever else is drawn.
            _ = try input(.float32, [.symbol(symbol)], options.rows.last ?? .none)
        }
        for _ in 0..<3 {
            _ = try fresh(options.dtypes.randomElement(using: &numbers.random) ?? .float32, shape())
        }
        var attempts = 0
        while made.count < options.nodeCount, attempts < 40 * options.nodeCount {
            attempts += 1
            guard let name = options.operations.randomElement(using: &numbers.random) else { break }
            try draw(name)
        }
        for id in made
        where !read.contains(id) || Int.random(in: 0..<8, using: &numbers.random) == 0 {
            try builder.output(id)
        }
        var sizes: [String: Int] = [:]
        for symbol in options.symbols + [options.batch].compactMap(\.self) {
            sizes[symbol] = Int.random(in: 1...4, using: &numbers.random)
        }
        return RandomGraph(
            model: WeightedGraph(builder.finished(), tensors), sizes: sizes, limits: limits,
            style: options.style)
    }

    // MARK: Drawing

    mutating func chance(_ one: Int, in all: Int) -> Bool {
        Int.random(in: 0..<all, using: &numbers.random) < one
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &numbers.random)
    }

    mutating func one<Element>(of list: [Element]) -> Element? {
        list.randomElement(using: &numbers.random)
    }

    /// A size, now and then a named one or 0.
    mutating func size() -> Dimension {
        if chance(1, in: 5), let symbol = one(of: options.symbols) { return .symbol(symbol) }
        return chance(1, in: 25) && !isSmooth ? 0 : .fixed(number(1...4))
    }

    /// A shape of up to three dimensions.
    mutating func shape() -> [Dimension] { (0..<number(0...3)).map { _ in size() } }

    func type(_ id: ValueID) -> TensorType { builder.type(of: id) }

    func shape(_ id: ValueID) -> [Dimension] { builder.type(of: id).shape }

    /// A value made so far, of which something is true.
    mutating func pick(_ isFit: (GraphGenerator, TensorType) -> Bool) -> ValueID? {
        let generator = self
        return one(of: pool.filter { isFit(generator, builder.type(of: $0)) })
    }

    /// A value of f32 with at least so many dimensions.
    mutating func floats(rank: Int = 0) -> ValueID? {
        pick { $1.dtype == .float32 && $1.shape.count >= rank }
    }

    func isExact(_ id: ValueID) -> Bool { known[id]?.isExact ?? true }

    func bound(_ id: ValueID) -> Double { known[id]?.bound ?? 8 }

    // MARK: Making

    private mutating func name(_ prefix: String) -> String {
        nameCount += 1
        return "\(prefix)\(nameCount)"
    }

    mutating func input(
        _ dtype: DataType, _ shape: [Dimension], _ rows: RowAxis, _ limit: InputLimit = .any
    ) throws(GraphError) -> ValueID {
        let name = name("x")
        let id = try builder.input(name, TensorType(dtype, rows, shape))
        limits[name] = limit
        pool.append(id)
        return id
    }

    /// A parameter; whole numbers within a range, if one is given.
    mutating func parameter(
        _ dtype: DataType, _ sizes: [Int], _ range: ClosedRange<Int>? = nil
    ) throws(GraphError) -> ValueID {
        let name = name("w")
        let count = sizes.reduce(1, *)
        tensors[name] = Tensor(
            ReferenceTensor(shape: sizes, numbers.elements(dtype, count: count, range)))
        return try builder.parameter(name, dtype, sizes)
    }

    /// A table of int8 whose rows end with their scales.
    mutating func scaledRows(_ count: Int, width: Int) throws(GraphError) -> ValueID {
        let name = name("w")
        let values = numbers.elements(.int8, count: count * width, nil)
        let scales = numbers.elements(.float32, count: count, nil)
        let table = ScaledRows.joined(
            values: Tensor(ReferenceTensor(shape: [count, width], values)),
            scales: Tensor(ReferenceTensor(shape: [count], scales)))
        tensors[name] = table
        return try builder.parameter(name, .int8, table.shape)
    }

    /// A number of f32 that stands alone.
    mutating func scalar(_ number: Float) throws(GraphError) -> ValueID {
        let name = name("w")
        tensors[name] = Tensor(.float32, shape: [], [number])
        return try builder.parameter(name, .float32, [])
    }

    /// A value nobody made yet, on an axis up to the given one.
    mutating func fresh(
        _ dtype: DataType, _ shape: [Dimension], upTo rows: RowAxis = .candidate,
        _ limit: InputLimit = .any
    ) throws(GraphError) -> ValueID {
        let axes = options.rows.filter { $0 <= rows }
        let sizes = shape.compactMap(\.fixedSize)
        if sizes.count == shape.count, axes.isEmpty || chance(1, in: 3) {
            switch limit {
            case .any: return try parameter(dtype, sizes)
            case .divisor: return try parameter(dtype, sizes, 1...5)
            case .id(let count): return try parameter(dtype, sizes, 0...count - 1)
            case .index(let size), .length(let size):
                if let size = size.fixedSize {
                    return try parameter(dtype, sizes, 0...max(size - 1, 0))
                }
            }
        }
        guard var shaped = axes.isEmpty ? nil : Optional(shape), let axis = one(of: axes) else {
            // A named size on no row axis: only an input can have it.
            return try input(dtype, shape, .none, limit)
        }
        if let batch = options.batch, shape.first != .symbol(batch), shape.count < 3,
            limit.isAny, chance(3, in: 4)
        {
            shaped = [.symbol(batch)] + shape
            return try input(dtype, shaped, axis, limit)
        }
        return try input(dtype, shape, axis, limit)
    }

    /// A value of a dtype and shape: one made before, or another.
    mutating func operand(
        _ dtype: DataType, _ shape: [Dimension], upTo rows: RowAxis = .candidate
    ) throws(GraphError) -> ValueID {
        let found = pick { $1.dtype == dtype && $1.shape == shape && $1.rows <= rows }
        if let found, chance(3, in: 4) { return found }
        let made = try fresh(dtype, shape, upTo: rows)
        // A batch may have come before the shape.
        return type(made).shape == shape
            ? made : try input(dtype, shape, options.rows.last ?? .none)
    }

    /// Adds a node, and keeps its numbers small in a graph where that matters.
    mutating func node(
        _ operation: Operation, _ inputs: [ValueID], bound: Double? = nil, isExact: Bool = false
    ) throws(GraphError) {
        let id = try step(operation, inputs)
        let bound = bound ?? (inputs.map { self.bound($0) }.max() ?? 8)
        var knowledge = Knowledge(bound: bound, isExact: isExact || type(id).dtype != .float32)
        made.append(id)
        guard isSmooth, bound > (type(id).dtype == .float32 ? 64 : 1e6) else {
            known[id] = knowledge
            pool.append(id)
            return
        }
        let small: ValueID
        if type(id).dtype == .float32 {
            small = try step(.unary(.tanh), [id])
            knowledge = Knowledge(bound: 1, isExact: false)
        } else {
            small = try step(
                .binary(.modulo), [id, try parameter(type(id).dtype, [], 7...7)])
            knowledge.bound = 7
        }
        known[small] = knowledge
        made.append(small)
        pool.append(small)
    }

    /// Adds a node that is a step towards another.
    mutating func step(_ operation: Operation, _ inputs: [ValueID]) throws(GraphError) -> ValueID {
        read.formUnion(inputs)
        return try builder.node(name("n"), operation, inputs)
    }

    mutating func know(_ id: ValueID, bound: Double, isExact: Bool) {
        known[id] = Knowledge(bound: bound, isExact: isExact)
    }
}

extension InputLimit {
    fileprivate var isAny: Bool { if case .any = self { true } else { false } }
}
