import TandemGraph

// Design: arithmetic on sizes is done at import, on polynomials.
//
// Exporters write `Reshape(x, Concat(Gather(Shape(x), 0), -1))` where a person writes "flatten all
// but the first". Each step of it, seen as an operation of the graph on an array of sizes, is folded
// here into another array of sizes. What cannot be said as sizes (a floor of a half, a comparison
// that depends on the value) is not folded, and then is computed by the graph like anything else.

/// Computes operations on small arrays of sizes, named ones among them.
struct SizeFolding {
    /// Elements beyond which an array is data and not a shape.
    static let elementCountMax = 1024

    let operation: Operation
    let inputs: [ImportedValue]
    /// The result's type.
    let type: TensorType

    /// Elements of the result, if each is known; bools are 0 and 1.
    func elements() -> [Dimension]? {
        guard type.dtype != .float32, let shape = type.fixedSizes,
            let count = TensorType.product(shape), count <= Self.elementCountMax,
            let folded = folded(), folded.count == count, folded.allSatisfy(fits)
        else { return nil }
        return folded
    }

    private func fits(_ element: Dimension) -> Bool {
        guard let fixed = element.fixedSize else {
            return type.dtype == .int64 || type.dtype == .int32
        }
        switch type.dtype {
        case .int64: return true
        case .int32: return Int32(exactly: fixed) != nil
        case .bool: return fixed == 0 || fixed == 1
        default: return false
        }
    }

    private func folded() -> [Dimension]? {
        switch operation {
        case .size(let size): return [size]
        case .range(let count):
            return count.fixedSize.flatMap { size in
                size <= Self.elementCountMax ? (0..<max(size, 0)).map { .fixed($0) } : nil
            }
        case .binary(let function):
            return pairs { Self.value(of: function, $0, $1) }
        case .compare(let comparison):
            return pairs { Self.truth(of: comparison, $0, $1).map { $0 ? 1 : 0 } }
        case .unary(.negate): return inputs[0].sizes?.folded { Dimension.fixed(0).subtracting($0) }
        case .select: return selected()
        case .cast: return inputs[0].sizes
        case .concat(0):
            return inputs.folded(\.sizes).map { $0.flatMap(\.self) }
        case .slice(0, let start, let end): return sliced(start, end)
        case .reshape: return inputs[0].sizes
        case .transpose where inputs[0].rank < 2: return inputs[0].sizes
        case .expand: return inputs[0].sizes.flatMap { broadcast($0, inputs[0]) }
        case .gather(0): return gathered()
        case .reduce(let reduction, 0) where inputs[0].rank == 1: return reduced(reduction)
        default: return nil
        }
    }

    // MARK: Elements

    private func pairs(_ function: (Dimension, Dimension) -> Dimension?) -> [Dimension]? {
        guard let left = inputs[0].sizes.flatMap({ broadcast($0, inputs[0]) }),
            let right = inputs[1].sizes.flatMap({ broadcast($0, inputs[1]) })
        else { return nil }
        return zip(left, right).map { $0 }.folded { function($0.0, $0.1) }
    }

    /// The elements repeated to the result's shape; nil but for scalars, rows and equal shapes.
    private func broadcast(_ elements: [Dimension], _ value: ImportedValue) -> [Dimension]? {
        let count = type.fixedSizes.flatMap(TensorType.product) ?? -1
        if value.shape == type.shape || (elements.count == count && value.rank <= 1) {
            return elements
        }
        return elements.count == 1 && count >= 0
            ? Array(repeating: elements[0], count: count) : nil
    }

    static func value(
        of function: BinaryFunction, _ left: Dimension, _ right: Dimension
    ) -> Dimension? {
        switch function {
        case .add: return left.adding(right)
        case .subtract: return left.subtracting(right)
        case .multiply: return left.multiplied(by: right)
        case .minimum, .maximum:
            let isLeftLarger =
                left.isAtLeast(right) ?? right.isAtLeast(left).flatMap { $0 ? false : nil }
            guard let isLeftLarger else { return nil }
            return isLeftLarger == (function == .maximum) ? left : right
        case .divide:
            if let exact = left.divided(exactlyBy: right) { return exact }
            guard let (a, b) = fixed(left, right) else { return nil }
            return .fixed(a / b)
        case .remainder, .modulo:
            if left.divided(exactlyBy: right) != nil { return 0 }
            guard let (a, b) = fixed(left, right) else { return nil }
            let rest = a % b
            let isShifted = function == .modulo && rest != 0 && (rest < 0) != (b < 0)
            return .fixed(isShifted ? rest + b : rest)
        case .power: return nil
        }
    }

    /// Two numbers whose division neither traps nor wraps.
    private static func fixed(_ left: Dimension, _ right: Dimension) -> (Int, Int)? {
        guard let a = left.fixedSize, let b = right.fixedSize, b != 0, a != .min else {
            return nil
        }
        return (a, b)
    }

    private static func truth(
        of comparison: Comparison, _ left: Dimension, _ right: Dimension
    ) -> Bool? {
        switch comparison {
        case .equal:
            if left == right { return true }
            let isAbove = right.adding(1).flatMap { left.isAtLeast($0) }
            let isBelow = left.adding(1).flatMap { right.isAtLeast($0) }
            return isAbove == true || isBelow == true ? false : nil
        case .less:
            if left.isAtLeast(right) == true { return false }
            return left.adding(1).flatMap { right.isAtLeast($0) } == true ? true : nil
        case .lessOrEqual:
            if right.isAtLeast(left) == true { return true }
            return right.adding(1).flatMap { left.isAtLeast($0) } == true ? false : nil
        }
    }

    private func selected() -> [Dimension]? {
        guard let chosen = inputs[0].integers,
            let condition = broadcast(chosen.map { .fixed($0) }, inputs[0]),
            let left = inputs[1].sizes.flatMap({ broadcast($0, inputs[1]) }),
            let right = inputs[2].sizes.flatMap({ broadcast($0, inputs[2]) })
        else { return nil }
        return condition.indices.map { condition[$0] == 0 ? right[$0] : left[$0] }
    }

    // MARK: Places

    private func sliced(_ start: Dimension, _ end: Dimension) -> [Dimension]? {
        guard let elements = inputs[0].sizes, let size = inputs[0].shape[0].fixedSize, size > 0,
            let first = start.fixedSize, let last = end.fixedSize, first >= 0, first <= last,
            last <= size
        else { return nil }
        let width = elements.count / size
        return Array(elements[first * width..<last * width])
    }

    private func gathered() -> [Dimension]? {
        guard let elements = inputs[0].sizes, let indices = inputs[1].integers,
            let size = inputs[0].shape[0].fixedSize, size > 0
        else { return nil }
        let width = elements.count / size
        return indices.folded { index -> ArraySlice<Dimension>? in
            guard index >= -size, index < size else { return nil }
            let start = (index < 0 ? index + size : index) * width
            return elements[start..<start + width]
        }.map { $0.flatMap(\.self) }
    }

    private func reduced(_ reduction: Reduction) -> [Dimension]? {
        guard let elements = inputs[0].sizes else { return nil }
        let function: BinaryFunction
        var result: Dimension
        switch reduction {
        case .sum: (function, result) = (.add, 0)
        case .product: (function, result) = (.multiply, 1)
        case .maximum, .minimum:
            guard let first = elements.first else { return nil }
            (function, result) = (reduction == .maximum ? .maximum : .minimum, first)
        case .mean: return nil
        }
        for element in elements {
            guard let next = Self.value(of: function, result, element) else { return nil }
            result = next
        }
        return [result]
    }
}

extension Array {
    /// The results for all elements, or nil if there is one without.
    fileprivate func folded<Result>(_ transform: (Element) -> Result?) -> [Result]? {
        var results: [Result] = []
        results.reserveCapacity(count)
        for element in self {
            guard let result = transform(element) else { return nil }
            results.append(result)
        }
        return results
    }
}
