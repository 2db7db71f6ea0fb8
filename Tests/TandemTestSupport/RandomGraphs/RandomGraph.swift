// Design: any graph there can be, from a seed.
//
// A generator adds node after node. For each it draws one of all stored names, picks a value that the
// operation takes among those made so far, and makes what else it needs: operands of broadcasting
// shapes, weights, indices that lie inside. So every operation, dtype, row axis, named size and empty
// dimension comes up, in combinations that nobody would write down.
//
// Two styles. `wild` has any number in it, also NaN and infinities, and is compared bit for bit, by
// what may not change a bit. `smooth` is compared within a tolerance, by what rounds differently: its
// values stay small, and functions with jumps (`floor`, a comparison) see only numbers that no
// rounding touched, since a last bit decides there.

package import TandemGraph

/// How random graphs are drawn.
package struct RandomGraphOptions: Sendable {
    /// Which numbers and functions come up.
    package enum Style: Sendable {
        /// All of them.
        case wild
        /// Those under which a difference of a last bit stays small.
        case smooth
    }

    /// Which numbers and functions come up.
    package var style = Style.smooth
    /// The row axes of inputs.
    package var rows: [RowAxis] = [.context, .candidate]
    /// Names of sizes that inputs may have.
    package var symbols: [String] = ["s", "t"]
    /// The name of a size that most inputs have as their first: the batch of an imported model.
    package var batch: String?
    /// The stored names that are drawn.
    package var operations = Operation.storedNames
    /// Element types of inputs and casts.
    package var dtypes = DataType.allCases
    /// Nodes to draw; a few more are made on the way.
    package var nodeCount = 12

    /// Makes options with the defaults above.
    package init() {}
}

/// What an input of whole numbers may hold.
enum InputLimit {
    /// `-n ..< n` for an axis of n elements.
    case index(Dimension)
    /// `0 ..< n`.
    case id(Int)
    /// `0 ... n`.
    case length(Dimension)
    /// Not 0.
    case divisor
    /// Anything.
    case any
}

/// A graph that a seed makes, with its parameters and what its inputs may hold.
package struct RandomGraph: Sendable {
    /// The graph and its parameters.
    package let model: WeightedGraph
    /// Numbers for its named sizes.
    package var sizes: [String: Int]
    let limits: [String: InputLimit]
    let style: RandomGraphOptions.Style

    /// The graph of a seed.
    ///
    /// - Throws: `GraphError` if the generator builds what is refused, which is a fault of one of the
    ///   two.
    package init(
        seed: UInt64, _ options: RandomGraphOptions = RandomGraphOptions()
    ) throws(GraphError) {
        var generator = try GraphGenerator(seed: seed, options)
        self = try generator.graph()
    }

    init(
        model: WeightedGraph, sizes: [String: Int], limits: [String: InputLimit],
        style: RandomGraphOptions.Style
    ) {
        self.model = model
        self.sizes = sizes
        self.limits = limits
        self.style = style
    }

    /// Inputs of the graph: candidates in `rowCount` rows, what else there is in one.
    package func inputs(rowCount: Int, seed: UInt64) -> [String: ReferenceTensor] {
        var numbers = RandomNumbers(seed: seed, style: style)
        var inputs: [String: ReferenceTensor] = [:]
        for id in model.graph.inputs {
            let value = model.graph[id]
            let rows = value.type.rows == .candidate ? rowCount : 1
            let shape = value.type.shape.map { $0.binding(sizes)?.fixedSize ?? 0 }
            inputs[value.name] = ReferenceTensor(
                rowCount: rows, shape: shape,
                numbers.elements(
                    value.type.dtype, count: rows * shape.reduce(1, *), range(of: value)))
        }
        return inputs
    }

    private func range(of value: Value) -> ClosedRange<Int>? {
        func size(_ dimension: Dimension) -> Int { dimension.binding(sizes)?.fixedSize ?? 0 }
        return switch limits[value.name] {
        case .index(let axis): -size(axis)...max(size(axis) - 1, -size(axis))
        case .id(let count): 0...count - 1
        case .length(let longest): 0...size(longest)
        case .divisor: 1...5
        case .any, nil: nil
        }
    }
}

/// Numbers of a seed.
struct RandomNumbers {
    var random: RandomSource
    let style: RandomGraphOptions.Style

    init(seed: UInt64, style: RandomGraphOptions.Style) {
        random = RandomSource(seed: seed)
        self.style = style
    }

    private static let special: [Float] = [
        0, -0.0, 1, -1, 2, 127, -128, 0.5, .infinity, -.infinity, .nan, .greatestFiniteMagnitude,
        .leastNonzeroMagnitude, .leastNormalMagnitude, 1e-30, -1e30, 16_777_216, 3e9,
    ]

    /// A number of floats that no rounding has touched: a multiple of 1/4 up to 4.
    mutating func float() -> Float {
        if style == .wild, random.next() % 4 == 0 {
            return Self.special.randomElement(using: &random) ?? 0
        }
        return Float(Int.random(in: -16...16, using: &random)) / 4
    }

    private mutating func whole<Element: FixedWidthInteger>(_ range: ClosedRange<Int>?) -> Element {
        if let range { return Element(truncatingIfNeeded: Int.random(in: range, using: &random)) }
        if style == .wild, random.next() % 4 == 0 {
            return [.min, .max, 0, 1].randomElement(using: &random) ?? 0
        }
        return Element(truncatingIfNeeded: Int.random(in: -5...5, using: &random))
    }

    /// Elements of a dtype; whole numbers within a range, if one is given.
    mutating func elements(
        _ dtype: DataType, count: Int, _ range: ClosedRange<Int>?
    ) -> ReferenceTensor.Elements {
        switch dtype {
        case .float32: .float32((0..<count).map { _ in range == nil ? float() : 1 })
        case .int32: .int32((0..<count).map { _ in whole(range) })
        case .int64: .int64((0..<count).map { _ in whole(range) })
        case .int8: .int8((0..<count).map { _ in whole(range) })
        case .uint8: .uint8((0..<count).map { _ in whole(range ?? 0...9) })
        case .bool: .bool((0..<count).map { _ in random.next() % 2 == 0 })
        }
    }
}

extension Tensor {
    /// A parameter with the elements of a tensor that exists once.
    package init(_ tensor: ReferenceTensor) {
        switch tensor.elements {
        case .float32(let values): self.init(.float32, shape: tensor.shape, values)
        case .int32(let values): self.init(.int32, shape: tensor.shape, values)
        case .int64(let values): self.init(.int64, shape: tensor.shape, values)
        case .bool(let values):
            self.init(.bool, shape: tensor.shape, values.map { $0 ? 1 : 0 } as [UInt8])
        case .int8(let values): self.init(.int8, shape: tensor.shape, values)
        case .uint8(let values): self.init(.uint8, shape: tensor.shape, values)
        }
    }
}
