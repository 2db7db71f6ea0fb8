import TandemGraph

/// Operations on each element.
extension GraphGenerator {
    /// Adds a node of that name, or nothing where no value fits.
    mutating func draw(_ name: String) throws(GraphError) {
        if let function = UnaryFunction(rawValue: name) {
            try unary(function)
        } else if let function = BinaryFunction(rawValue: name) {
            try binary(function)
        } else if let comparison = Comparison(rawValue: name) {
            guard let x = pick({ _, _ in true }), isStable(x) else { return }
            let y = try partner(of: x)
            guard isStable(y) else { return }
            try node(.compare(comparison), [x, y], bound: 1, isExact: true)
        } else if let function = LogicalFunction(rawValue: name) {
            guard let x = pick({ $1.dtype == .bool }) else { return }
            try node(.logical(function), [x, try partner(of: x)], isExact: true)
        } else if try !drawElement(name), try !drawMove(name) {
            try drawLayer(name)
        }
    }

    private mutating func drawElement(_ name: String) throws(GraphError) -> Bool {
        switch name {
        case "affine":
            guard let x = floats() else { return true }
            var (scale, offset) = (numbers.float(), numbers.float())
            if !scale.isFinite { scale = 1e30 }
            if !offset.isFinite { offset = -0.0 }
            let bound = bound(x) * Double(scale.magnitude) + Double(offset.magnitude)
            try node(.affine(scale: scale, offset: offset), [x], bound: bound)
        case "not":
            guard let x = pick({ $1.dtype == .bool }) else { return true }
            try node(.not, [x], isExact: true)
        case "select":
            guard let a = pick({ _, _ in true }) else { return true }
            let b = try partner(of: a)
            let condition = try operand(.bool, repeated(shape(a)))
            guard broadcasts(shape(condition), shape(a), shape(b)) else { return true }
            try node(
                .select, [condition, a, b], bound: max(bound(a), bound(b)),
                isExact: isExact(a) && isExact(b))
        case "cast":
            let target = one(of: options.dtypes) ?? .float32
            guard let x = pick({ _, _ in true }) else { return true }
            guard type(x).dtype != .float32 || target == .float32 || isStable(x) else {
                return true
            }
            try node(.cast(target), [x], isExact: isExact(x))
        default: return false
        }
        return true
    }

    /// Whether a last bit of the value cannot decide anything.
    func isStable(_ id: ValueID) -> Bool { !isSmooth || isExact(id) }

    // MARK: One input

    private mutating func unary(_ function: UnaryFunction) throws(GraphError) {
        let takesWhole = [.negate, .abs, .sign].contains(function)
        guard var x = pick({ $1.dtype == .float32 || takesWhole && $1.dtype != .bool })
        else { return }
        guard isSmooth else { return try node(.unary(function), [x]) }
        let isFloat = type(x).dtype == .float32
        switch function {
        case .negate, .abs, .relu:
            try node(.unary(function), [x], isExact: isExact(x))
        case .floor, .ceil, .round, .sign:
            guard isExact(x) else { return }
            try node(.unary(function), [x], bound: isFloat ? bound(x) + 1 : 1, isExact: true)
        case .log, .sqrt, .reciprocal:
            x = try aboveOne(x)
            try node(.unary(function), [x])
        case .exp:
            x = try step(.unary(.tanh), [x])
            try node(.unary(.exp), [x], bound: 3)
        default: try node(.unary(function), [x], bound: max(bound(x), 1))
        }
    }

    /// `|x| + 1`.
    private mutating func aboveOne(_ x: ValueID) throws(GraphError) -> ValueID {
        let magnitude = try step(.unary(.abs), [x])
        let above = try step(.affine(scale: 1, offset: 1), [magnitude])
        know(above, bound: bound(x) + 1, isExact: false)
        return above
    }

    // MARK: Two inputs

    private mutating func binary(_ function: BinaryFunction) throws(GraphError) {
        guard
            let x = pick({
                $1.dtype != .bool && (function != .power || $1.dtype == .float32)
            })
        else { return }
        let dividesWhole =
            [.divide, .remainder, .modulo].contains(function) && type(x).dtype != .float32
        if dividesWhole {
            let divisor = try fresh(type(x).dtype, [], .divisor)
            return try node(.binary(function), [x, divisor])
        }
        var y = try partner(of: x)
        guard isSmooth, type(x).dtype == .float32 else {
            let bound =
                function == .multiply
                ? bound(x) * bound(y) : function == .power ? bound(x) : bound(x) + bound(y)
            return try node(.binary(function), [x, y], bound: bound)
        }
        let exact = isExact(x) && isExact(y)
        switch function {
        case .add, .subtract:
            try node(.binary(function), [x, y], bound: bound(x) + bound(y), isExact: exact)
        case .multiply: try node(.binary(function), [x, y], bound: bound(x) * bound(y))
        case .minimum, .maximum:
            try node(.binary(function), [x, y], bound: max(bound(x), bound(y)), isExact: exact)
        case .divide:
            y = try aboveOne(y)
            try node(.binary(.divide), [x, y], bound: bound(x))
        case .power:
            let exponent = try step(.unary(.tanh), [y])
            let base = try aboveOne(x)
            try node(.binary(.power), [base, exponent])
        case .remainder, .modulo:
            guard exact else { return }
            let divisor = try parameter(.float32, [])
            let above = try aboveOne(divisor)
            try node(.binary(function), [x, above], bound: max(bound(x), 8), isExact: true)
        }
    }

    /// A value of x's dtype that broadcasts with it; now and then a single number.
    mutating func partner(of x: ValueID) throws(GraphError) -> ValueID {
        let shape = chance(1, in: 4) ? [] : repeated(self.shape(x))
        if type(x).dtype == .float32, chance(1, in: 5) {
            return try scalar(
                [0, 0.5, 1, 2, 4, -1, -0.25].randomElement(using: &numbers.random) ?? 1)
        }
        let found = try operand(type(x).dtype, shape)
        return broadcasts(self.shape(x), self.shape(found))
            ? found : try input(type(x).dtype, shape, options.rows.last ?? .none)
    }

    /// A shape that broadcasts to another: without leading dimensions, with 1 for some.
    mutating func repeated(_ shape: [Dimension]) -> [Dimension] {
        var result = Array(shape.dropFirst(chance(1, in: 3) ? number(0...shape.count) : 0))
        for index in result.indices where chance(1, in: 4) { result[index] = 1 }
        return result
    }

    func broadcasts(_ shapes: [Dimension]...) -> Bool {
        let rank = shapes.map(\.count).max() ?? 0
        for position in 0..<rank {
            var size: Dimension = 1
            for shape in shapes where position >= rank - shape.count {
                let own = shape[position - rank + shape.count]
                if own == 1 || own == size { continue }
                if size != 1 { return false }
                size = own
            }
        }
        return true
    }
}
