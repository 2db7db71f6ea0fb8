import TandemGraph

/// Operations that move elements, count, or go along an axis.
extension GraphGenerator {
    /// Adds a node of that name; false if it is none of these.
    mutating func drawMove(_ name: String) throws(GraphError) -> Bool {
        switch name {
        case "concat": try joined()
        case "slice": try sliced()
        case "reshape": try reshaped()
        case "transpose":
            guard let x = pick({ _, _ in true }) else { return true }
            try moved(.transpose(Array(shape(x).indices).shuffled(using: &numbers.random)), x)
        case "expand":
            guard let x = pick({ _, _ in true }) else { return true }
            var target = shape(x)
            for index in target.indices where target[index] == 1 && chance(1, in: 2) {
                target[index] = size()
            }
            if target.count < 4, chance(1, in: 3) { target.insert(size(), at: 0) }
            try moved(.expand(target), x)
        case "gather": try gathered()
        case "take_along": try takenAlong()
        case "range":
            let count = size()
            try node(.range(count: count), [], bound: 4, isExact: true)
        case "size": try node(.size(size()), [], bound: 4, isExact: true)
        case "cumulative_sum":
            guard let x = pick({ $0.isSummable($1) && !$1.shape.isEmpty }) else { return true }
            try node(
                .cumulativeSum(axis: number(0...shape(x).count - 1)), [x], bound: bound(x) * 16)
        default:
            guard let reduction = Reduction.allCases.first(where: { "reduce_\($0)" == name })
            else { return false }
            try reduced(reduction)
        }
        return true
    }

    private mutating func moved(_ operation: Operation, _ x: ValueID) throws(GraphError) {
        guard isSmall(try operation.resultType(of: [type(x)], node: "x").shape) else { return }
        try node(operation, [x], isExact: isExact(x))
    }

    /// Whether a value has few enough elements for thousands of graphs.
    private func isSmall(_ shape: [Dimension]) -> Bool {
        shape.count <= 5 && shape.reduce(1) { $0 * max($1.fixedSize ?? 4, 1) } <= 2000
    }

    private mutating func joined() throws(GraphError) {
        guard let x = pick({ !$1.shape.isEmpty && $0.isSmall($1.shape) }) else { return }
        let axis = number(0...shape(x).count - 1)
        var parts = [x]
        for _ in 0..<number(0...2) {
            var shape = shape(x)
            shape[axis] = size()
            parts.append(chance(1, in: 4) ? x : try operand(type(x).dtype, shape))
        }
        parts.shuffle(using: &numbers.random)
        try node(
            .concat(axis: axis), parts, bound: parts.map { bound($0) }.max(),
            isExact: parts.allSatisfy { isExact($0) })
    }

    private mutating func sliced() throws(GraphError) {
        guard let x = pick({ !$1.shape.isEmpty }) else { return }
        let axis = number(0...shape(x).count - 1)
        let size = shape(x)[axis]
        guard let fixed = size.fixedSize else {
            guard let last = size.subtracting(1) else { return }
            // Any named size is 1 or more.
            let cuts: [(Dimension, Dimension)] = [(0, size), (0, 1), (last, size), (1, size)]
            guard size.symbolName != nil, let cut = one(of: cuts) else { return }
            return try moved(.slice(axis: axis, start: cut.0, end: cut.1), x)
        }
        let start = number(0...fixed)
        let end = number(start...fixed)
        guard !isSmooth || end > start else { return }
        try moved(.slice(axis: axis, start: .fixed(start), end: .fixed(end)), x)
    }

    private mutating func reshaped() throws(GraphError) {
        guard let x = pick({ _, _ in true }) else { return }
        var shape = shape(x)
        switch number(0...3) {
        case 0: shape.insert(1, at: number(0...shape.count))
        case 1:
            guard let all = Dimension.product(shape) else { return }
            shape = [all]
        case 2 where shape.count > 1:
            let first = number(0...shape.count - 2)
            guard let both = shape[first].multiplied(by: shape[first + 1]) else { return }
            shape.replaceSubrange(first...first + 1, with: [both])
        default:
            guard let index = shape.indices.randomElement(using: &numbers.random),
                let size = shape[index].fixedSize, size > 0,
                let factor = one(of: (1...size).filter { size % $0 == 0 })
            else { return }
            shape.replaceSubrange(index...index, with: [.fixed(factor), .fixed(size / factor)])
        }
        try moved(.reshape(shape), x)
    }

    // MARK: Indices

    /// Indices of a shape that point into an axis; plain ones, or computed.
    mutating func indices(into size: Dimension, _ shape: [Dimension]) throws(GraphError) -> ValueID
    {
        let dtype: DataType = chance(1, in: 2) && options.dtypes.contains(.int64) ? .int64 : .int32
        let plain = try fresh(dtype, shape, .index(size))
        guard let count = size.fixedSize, count > 0, chance(1, in: 3) else { return plain }
        let modulus = try parameter(dtype, [], count...count)
        return try step(.binary(.modulo), [plain, modulus])
    }

    private mutating func gathered() throws(GraphError) {
        guard let x = pick({ !$1.shape.isEmpty && !$1.shape.contains(0) }) else { return }
        let axis = number(0...shape(x).count - 1)
        let count = (0..<number(0...2)).map { _ in size() }
        let result = shape(x)[..<axis] + count + shape(x)[(axis + 1)...]
        guard isSmall(Array(result)) else { return }
        let indices = try indices(into: shape(x)[axis], count)
        try node(.gather(axis: axis), [x, indices], bound: bound(x), isExact: isExact(x))
    }

    private mutating func takenAlong() throws(GraphError) {
        guard let x = pick({ !$1.shape.isEmpty && !$1.shape.contains(0) }) else { return }
        let axis = number(0...shape(x).count - 1)
        var count = shape(x)
        count[axis] = size()
        guard isSmall(count) else { return }
        let indices = try indices(into: shape(x)[axis], count)
        try node(.takeAlong(axis: axis), [x, indices], bound: bound(x), isExact: isExact(x))
    }

    // MARK: Along an axis

    private func isSummable(_ type: TensorType) -> Bool {
        [.float32, .int32, .int64].contains(type.dtype)
    }

    private mutating func reduced(_ reduction: Reduction) throws(GraphError) {
        guard
            let x = pick({
                $0.isSummable($1) && !$1.shape.isEmpty
                    && (reduction != .mean || $1.dtype == .float32)
            })
        else { return }
        let axis = number(0...shape(x).count - 1)
        guard !isSmooth || shape(x)[axis] != 0 else { return }
        let isPick = reduction == .maximum || reduction == .minimum
        let bound: Double =
            switch reduction {
            case .mean, .maximum, .minimum: bound(x)
            case .sum: bound(x) * 16
            // The product of products of small numbers: whatever it is, keep it small.
            case .product: 1e9
            }
        try node(
            .reduce(reduction, axis: axis), [x], bound: bound, isExact: isPick && isExact(x))
    }
}
